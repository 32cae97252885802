"""What is due in an activation, what each act does then, and what it refuses.

The order is kept here and nowhere else: where a person stands is read from what they have done, so no
request can skip a step (A17), and whoever leaves goes on where they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.contacts.rules import Contact, Kind, Value
from services.identity.people.rules import BadField, FullName, Gender
from services.kit.errors import DomainError, StatusCode

# A value that nobody confirms for so long was given by somebody who does not come back.
GIVEN_LIFE: Final = timedelta(days=30)
# The step that sets the password may come twice from a bad line; a session is no place to guess one.
MOST_REPEATS: Final = 20


class Step(StrEnum):
    """A step: the names of `school.identity.v1.ActivationStep` without their prefix, in their order."""

    CONFIRM_DATA = "CONFIRM_DATA"
    GIVE_CONTACTS = "GIVE_CONTACTS"
    SET_PASSWORD = "SET_PASSWORD"  # noqa: S105 - a step
    CONFIRM_CONTACTS = "CONFIRM_CONTACTS"
    FINISH = "FINISH"
    DONE = "DONE"


class Act(StrEnum):
    """What a person can ask for."""

    CONFIRM_DATA = "confirm_data"
    GIVE_CONTACTS = "give_contacts"
    SET_PASSWORD = "set_password"  # noqa: S105 - an act
    SEND_CODES = "send_codes"
    CONFIRM_MOBILE = "confirm_mobile"
    FINISH = "finish"


class Admission(StrEnum):
    """What an act that is not refused means."""

    DO = "do"
    REPEAT = "repeat"
    """It was the last one done: it succeeds, and does nothing."""


class StepNotDue(DomainError):
    """Another step is due; the metadata names it."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "STEP_NOT_DUE"
    title = "Another step comes first"

    def __init__(self, next_step: Step) -> None:
        super().__init__(next_step=next_step)


class AlreadyActive(DomainError):
    """Nothing is left to do."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ALREADY_ACTIVE"
    title = "The account is active already"


class FieldFilled(DomainError):
    """The school filled this field; the metadata names it. A correction is the way to change it."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "FIELD_FILLED"
    title = "The school has filled this field already"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person has done since the school last issued credentials."""

    active: bool = False
    data_confirmed: bool = False
    contacts_given: bool = False
    password_set: bool = False
    email_confirmed: bool = False
    mobile_confirmed: bool = False

    @property
    def due(self) -> Step:
        """The step that comes next."""
        if self.active:
            return Step.DONE
        done = {
            Step.CONFIRM_DATA: self.data_confirmed,
            Step.GIVE_CONTACTS: self.contacts_given,
            Step.SET_PASSWORD: self.password_set,
            Step.CONFIRM_CONTACTS: self.email_confirmed and self.mobile_confirmed,
        }
        return next((step for step, is_done in done.items() if not is_done), Step.FINISH)

    def admit(self, act: Act) -> Admission:
        """Whether an act is done now, or was the last one done.

        Raises:
            StepNotDue: another step is due.
            AlreadyActive: none is, and the act was not the last one.
        """
        due = self.due
        if (
            act is Act.CONFIRM_MOBILE
            and due in (Step.CONFIRM_CONTACTS, Step.FINISH)
            and self.mobile_confirmed
        ):
            return Admission.REPEAT
        if due in _DONE_WHILE[act]:
            return Admission.DO
        if due is _REPEATED_WHILE.get(act):
            return Admission.REPEAT
        raise AlreadyActive if due is Step.DONE else StepNotDue(due)


# The steps during which an act does something.
_DONE_WHILE: Final[Mapping[Act, frozenset[Step]]] = {
    Act.CONFIRM_DATA: frozenset({Step.CONFIRM_DATA}),
    # Mistyped ones are found out when no code comes.
    Act.GIVE_CONTACTS: frozenset({Step.GIVE_CONTACTS, Step.SET_PASSWORD, Step.CONFIRM_CONTACTS}),
    Act.SET_PASSWORD: frozenset({Step.SET_PASSWORD}),
    Act.SEND_CODES: frozenset({Step.CONFIRM_CONTACTS}),
    Act.CONFIRM_MOBILE: frozenset({Step.CONFIRM_CONTACTS}),
    Act.FINISH: frozenset({Step.FINISH}),
}
# The step that is due just after the act.
_REPEATED_WHILE: Final[Mapping[Act, Step]] = {
    Act.CONFIRM_DATA: Step.GIVE_CONTACTS,
    Act.SET_PASSWORD: Step.CONFIRM_CONTACTS,
    Act.FINISH: Step.DONE,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands, with all that the step before them shows."""

    account_id: UUID
    person_id: UUID
    name: FullName
    birth_date: date = field(repr=False)
    snils_masked: str = field(repr=False)
    gender: Gender | None
    issue: int
    """How often the school has issued credentials; each time activation begins anew."""
    issued_at: datetime | None
    temporary_until: datetime | None
    """None once the temporary password is replaced."""
    has_password: bool
    activated_at: datetime | None
    data_confirmed_at: datetime | None
    contacts_given_at: datetime | None
    password_repeats: int
    contacts: Mapping[Kind, Contact]
    correction_waiting: bool

    def progress(self, now: datetime) -> Progress:
        """What has been done."""
        email, mobile = self.contacts[Kind.EMAIL], self.contacts[Kind.MOBILE]
        given = self.contacts_given_at is not None and all(
            self.confirmed(contact) or contact.waiting(now) for contact in (email, mobile)
        )
        return Progress(
            active=self.activated_at is not None,
            data_confirmed=self.data_confirmed_at is not None,
            contacts_given=given,
            password_set=self.has_password and self.temporary_until is None,
            email_confirmed=given and self.confirmed(email),
            mobile_confirmed=given and self.confirmed(mobile),
        )

    def confirmed(self, contact: Contact) -> bool:
        """Whether a contact was confirmed in this activation, and nothing else was given since.

        What was confirmed before the school issued anew is confirmed anew.
        """
        since = self.issued_at
        return (
            contact.change is None
            and contact.confirmed_at is not None
            and (since is None or contact.confirmed_at >= since)
        )

    def given(self, kind: Kind) -> Value | None:
        """The value that was given for this activation, confirmed or not; afterwards, the one in force."""
        contact = self.contacts[kind]
        if self.activated_at is not None:
            return contact.value
        if self.contacts_given_at is None:
            return None
        if contact.change is not None:
            return contact.change.value
        return contact.value if self.confirmed(contact) else None

    def unconfirmed(self) -> list[Contact]:
        """The contacts to which a link or code is still to come back."""
        return [contact for contact in self.contacts.values() if not self.confirmed(contact)]

    def wait_for_codes(self, now: datetime) -> timedelta | None:
        """How long no link or code can be sent to any unconfirmed contact; None when one can be."""
        waits = [contact.wait_to_send(now) for contact in self.unconfirmed()]
        known = [wait for wait in waits if wait is not None]
        return min(known) if known and len(known) == len(waits) else None

    def with_contact(self, contact: Contact, value: Value, now: datetime) -> Contact:
        """A contact when its value is given; the same one again keeps what was sent and confirmed."""
        if self.confirmed(contact) and contact.value == value:
            return contact
        waiting = contact.waiting(now)
        if self.contacts_given_at is not None and waiting is not None and waiting.value == value:
            return contact
        return contact.changed_to(value, until=now + GIVEN_LIFE, forget_old=self.confirmed(contact))

    def filled_gender(self, text: str) -> Gender | None:
        """The gender to be filled in; None when nothing is.

        Args:
            text: "M", "F", or nothing.

        Raises:
            BadField: it is none of these.
            FieldFilled: another one is registered.
        """
        if not text:
            return None
        if text not in set(Gender):
            raise BadField(field="gender")
        if self.gender is not None and self.gender != text:
            raise FieldFilled(field="gender")
        return Gender(text) if self.gender is None else None

    def expired(self, now: datetime) -> bool:
        """Whether the temporary password is past its days: then nothing is done any more."""
        return self.temporary_until is not None and self.temporary_until <= now
