"""What an e-mail address and a mobile may be, and how somebody shows that one is theirs.

A contact changes in two moves: the new value waits beside the one in force, and takes its place when its
link is followed or its code given back. Everything here says how a contact looks afterwards; nothing is sent
or stored.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from services.kit.errors import DomainError, StatusCode

CODE_DIGITS: Final = 6
CODE_LIFE: Final = timedelta(minutes=10)
# A six-digit code guessed five times is found once in 200 000.
CODE_ATTEMPTS: Final = 5
LINK_LIFE: Final = timedelta(hours=24)
# People wait a little for an SMS before they press again.
SEND_AGAIN_AFTER: Final = timedelta(seconds=60)
# Nobody's telephone is flooded, and no operator's purse, by whoever holds a session.
MOST_SENDS: Final = 10
SENDS_FORGOTTEN_AFTER: Final = timedelta(hours=24)
_LONGEST_TEXT: Final = 320  # RFC 3696: 64 for the name, 255 for the domain, one for the @


class Kind(StrEnum):
    """Which contact: the names of `school.identity.v1.ContactKind` without their prefix."""

    EMAIL = "EMAIL"
    MOBILE = "MOBILE"


class BadEmail(DomainError):
    """There can be no such e-mail address."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_EMAIL"
    title = "There can be no such e-mail address"


class BadMobile(DomainError):
    """Not a Russian mobile number; landlines and other countries get no code."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_MOBILE"
    title = "This is not a Russian mobile number"


class ContactTaken(DomainError):
    """As many accounts as may share an address or number use this one already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "CONTACT_TAKEN"
    title = "Too many accounts use this contact"


class TooSoon(DomainError):
    """A link or code went out a moment ago, or too many did today; the metadata says how long to wait."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_SOON"
    title = "A message has just been sent, wait a little"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, -(-wait // timedelta(seconds=1)))  # rounded up: sooner would be refused again
        super().__init__(retry_after_s=str(seconds))


class WrongCode(DomainError):
    """Another code was sent; the metadata says how often it may still be tried."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "WRONG_CODE"
    title = "This is not the code that was sent"

    def __init__(self, attempts_left: int) -> None:
        super().__init__(attempts_left=str(attempts_left))


class CodeExpired(DomainError):
    """No code waits to be given back: past its minutes, tried too often, used, or replaced."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CODE_EXPIRED"
    title = "The code no longer holds, ask for a new one"


class LinkUnknown(DomainError):
    """The token is not ours, was used, is past its time, or the address has been changed since."""

    status = StatusCode.NOT_FOUND
    reason = "LINK_UNKNOWN"
    title = "This link no longer holds"


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address, normal: composed letters, the domain in small ones. Printed, it shows nothing."""

    text: str = field(repr=False)

    kind = Kind.EMAIL

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address by the rules of RFC 5321 and 5322, without asking the DNS. Raises `BadEmail`."""
        try:
            known = validate_email(
                text.strip()[: _LONGEST_TEXT + 1],
                check_deliverability=False,
                allow_smtputf8=False,
                strict=True,
            )
        except EmailNotValidError:
            raise BadEmail from None
        return cls(known.normalized)

    @property
    def folded(self) -> str:
        """What is equal for spellings of one mailbox: hardly any server tells capital letters apart."""
        return self.text.casefold()

    @property
    def to(self) -> str:
        """The address as mail servers know it: a Russian domain in its ASCII form."""
        known = validate_email(self.text, check_deliverability=False, allow_smtputf8=False)
        return known.ascii_email or self.text

    def __str__(self) -> str:
        return "Email(***)"


@dataclass(frozen=True, slots=True)
class Mobile:
    """A Russian mobile, +7XXXXXXXXXX. Printed, it shows nothing."""

    text: str = field(repr=False)

    kind = Kind.MOBILE

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number in any spelling, also with 8 or nothing before it. Raises `BadMobile`."""
        # Loaded with the first number: a service that was given none does not hold their tables.
        import phonenumbers  # noqa: PLC0415

        try:
            number = phonenumbers.parse(text.strip()[: _LONGEST_TEXT + 1], "RU")
        except phonenumbers.NumberParseException:
            raise BadMobile from None
        russian = phonenumbers.is_valid_number_for_region(number, "RU")
        mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        if not (russian and mobile) or number.extension:
            raise BadMobile
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def folded(self) -> str:
        """What is equal for spellings of one number."""
        return self.text

    @property
    def to(self) -> str:
        """The number as SMS go there."""
        return self.text

    def __str__(self) -> str:
        return "Mobile(***)"


Value = Email | Mobile


def value_of(kind: Kind, text: str) -> Value:
    """An address or number as somebody typed it. Raises `BadEmail`, `BadMobile`."""
    return Email.parse(text) if kind is Kind.EMAIL else Mobile.parse(text)


def known_value(kind: Kind, text: str) -> Value:
    """An address or number that was read before."""
    return Email(text) if kind is Kind.EMAIL else Mobile(text)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was sent to a value that waits; who brings it back holds the address or the telephone."""

    digest: bytes = field(repr=False)
    """Of the link's token, or keyed of the code; the secret itself is kept nowhere."""
    until: datetime
    attempts_left: int
    message_id: UUID
    """The message that carries it, to be withdrawn when the proof dies."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that waits to be confirmed."""

    value: Value
    until: datetime
    """Then it can be confirmed no more, and is forgotten."""
    proof: Proof | None = None
    """None: nothing has been sent to it, or what was sent was tried too often."""


@dataclass(frozen=True, slots=True)
class Sends:
    """What went out for a contact lately."""

    last_at: datetime | None = None
    count: int = 0
    since: datetime | None = None
    """The first of those that count."""

    def wait(self, now: datetime, *, same_value: bool) -> timedelta | None:
        """How long nothing may be sent; None when something may. A mistyped number need not wait."""
        if self.last_at is None or self.since is None:
            return None
        if now - self.since < SENDS_FORGOTTEN_AFTER and self.count >= MOST_SENDS:
            return self.since + SENDS_FORGOTTEN_AFTER - now
        if same_value and now - self.last_at < SEND_AGAIN_AFTER:
            return self.last_at + SEND_AGAIN_AFTER - now
        return None

    def and_now(self, now: datetime) -> Sends:
        """With one more."""
        if self.since is None or now - self.since >= SENDS_FORGOTTEN_AFTER:
            return Sends(now, 1, now)
        return Sends(now, self.count + 1, self.since)


@dataclass(frozen=True, slots=True)
class Contact:
    """One kind of contact of an account: the value in force, and the one that waits."""

    kind: Kind
    value: Value | None = None
    confirmed_at: datetime | None = None
    change: Change | None = None
    sends: Sends = Sends()
    version: int = 0
    """Grows with each value that waits; a code is bound to it, so none fits another value (A25)."""

    def waiting(self, now: datetime) -> Change | None:
        """The change that can still be confirmed."""
        return self.change if self.change is not None and now < self.change.until else None

    def changed_to(self, value: Value, *, until: datetime, forget_old: bool = False) -> Contact:
        """With another value waiting; what was sent for a former one is dead.

        Args:
            value: the other one.
            until: how long it waits.
            forget_old: have no value in force until then, instead of the present one.
        """
        changed = replace(self, change=Change(value, until), version=self.version + 1)
        return replace(changed, value=None, confirmed_at=None) if forget_old else changed

    def wait_to_send(self, now: datetime) -> timedelta | None:
        """How long nothing may be sent to the value that waits; None when something may be."""
        return self.sends.wait(now, same_value=self.change is not None and self.change.proof is not None)

    def sent(self, proof: Proof, now: datetime, *, until: datetime) -> Contact:
        """With a proof on its way to the value that waits; a former one is dead."""
        change = self._change()
        return replace(self, change=replace(change, proof=proof, until=until), sends=self.sends.and_now(now))

    def tried(self, digests: Iterable[bytes], now: datetime) -> tuple[Contact, DomainError | None]:
        """What becomes of the contact when somebody shows a code or link, and how they are refused.

        Args:
            digests: of what was shown, under each key that may have been in use when the proof was sent.
            now: the present instant.

        Returns:
            The contact, with its value in force or one attempt less; `CodeExpired` when nothing can be shown
            any more, `WrongCode` when it was another one, None when it was the right one.
        """
        proof = self._provable(now)
        if proof is None:
            return self, CodeExpired()
        # In the same time, however much of it is right.
        if any(hmac.compare_digest(proof.digest, digest) for digest in digests):
            return self._in_force(now), None
        left = proof.attempts_left - 1
        change = replace(self._change(), proof=replace(proof, attempts_left=left))
        return replace(self, change=change), WrongCode(left)

    def cancelled(self) -> Contact:
        """With nothing waiting."""
        return replace(self, change=None)

    def _in_force(self, now: datetime) -> Contact:
        return replace(self, value=self._change().value, confirmed_at=now, change=None)

    def _provable(self, now: datetime) -> Proof | None:
        change = self.waiting(now)
        if change is None or change.proof is None:
            return None
        proof = change.proof
        return proof if now < proof.until and proof.attempts_left > 0 else None

    def _change(self) -> Change:
        if self.change is None:
            raise ValueError("no value waits")
        return self.change
