"""The steps of an activation: each is one transaction under the lock of the account.

What is due is asked under that lock, so of many requests at once each meets what the one before it left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Pending
from services.identity.activation import storage
from services.identity.activation.rules import (
    GIVEN_LIFE,
    MOST_REPEATS,
    Act,
    Admission,
    AlreadyActive,
    Standing,
    Step,
    StepNotDue,
)
from services.identity.contacts import storage as contact_rows
from services.identity.contacts.proving import Proving
from services.identity.contacts.rules import Contact, Email, Kind, Mobile, TooSoon, Value
from services.identity.contacts.usecases import Contacts
from services.identity.credentials.rules.refusals import BadPassword, PasswordMoved
from services.identity.credentials.usecases import Credentials
from services.identity.keyring import Keyring
from services.identity.passwords import Passwords
from services.identity.sessions.minting import Tokens
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import DomainError, SessionEnded

# Of two that set the password at once one wins; the other then finds it set.
_LOOKS: Final = 2


class Activations:
    """Leads persons through activation."""

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        contacts: Contacts,
        proving: Proving,
        credentials: Credentials,
        passwords: Passwords,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._contacts = contacts
        self._proving = proving
        self._credentials = credentials
        self._passwords = passwords
        self._sessions = sessions
        self._clock = clock

    async def standing(self, caller: Caller) -> Standing:
        """Where the caller stands.

        Raises:
            SessionEnded: the temporary password is past its days, or the account may not be in.
        """
        async with self._database.read() as connection:
            return await self._read(connection, caller)

    async def confirm_data(self, caller: Caller, *, gender: str) -> Standing:
        """The caller has read their data and found them right; ``gender`` fills an empty field.

        Raises:
            StepNotDue, AlreadyActive: see `Progress.admit`; so does every step.
            BadField: ``gender`` is none.
            FieldFilled: the school has filled it.
        """
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            admitted = self._admit(at, Act.CONFIRM_DATA)
            filled = at.filled_gender(gender)
            if admitted is Admission.DO:
                await storage.data_confirmed(tx.connection, at, gender=filled, now=self._clock.now())
                _audit(tx, at, "confirm_data")
                at = await self._read(tx.connection, caller)
        return at

    async def give_contacts(self, caller: Caller, email: Email, mobile: Mobile) -> Standing:
        """Take e-mail and mobile; what was given before and its codes are dead.

        Once the password is set, a link and a code go to the new ones at once.

        Raises:
            ContactTaken: too many accounts use one of them.
        """
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            self._admit(at, Act.GIVE_CONTACTS)
            for value in (email, mobile):
                await self._give(tx, at, value)
            await storage.contacts_given(tx.connection, at, now=self._clock.now())
            _audit(tx, at, "give_contacts")
            at = await self._read(tx.connection, caller)
            if at.progress(self._clock.now()).due is Step.CONFIRM_CONTACTS:
                unsent = [each for each in at.unconfirmed() if each.change and each.change.proof is None]
                at = await self._send(tx, at, unsent)
        return at

    async def set_password(self, caller: Caller, password: str) -> Standing:
        """Set the permanent password; the temporary one is dead, and so is every other session.

        A link goes to the e-mail and a code to the mobile. The same password again succeeds.

        Raises:
            BadPassword: it breaks rules.
        """
        for _ in range(_LOOKS):
            at = await self.standing(caller)
            if self._admit(at, Act.SET_PASSWORD) is Admission.REPEAT:
                return await self._repeat_password(caller, password)
            try:
                return await self._set_password(caller, password)
            except (BadPassword, PasswordMoved):
                # It may be "the present one" because the same request was a moment faster.
                if self._admit(await self.standing(caller), Act.SET_PASSWORD) is Admission.DO:
                    raise
        raise PasswordMoved

    async def send_codes(self, caller: Caller) -> Standing:
        """Send what is still to come back once more; the former ones are dead. Raises `TooSoon`."""
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            self._admit(at, Act.SEND_CODES)
            wait = at.wait_for_codes(self._clock.now())
            if wait is not None:
                raise TooSoon(wait)
            return await self._send(tx, at, at.unconfirmed())

    async def confirm_mobile(self, caller: Caller, code: str) -> Standing:
        """Confirm the mobile with its code.

        Raises:
            WrongCode: another one was sent; the attempt counts.
            CodeExpired: no code waits to be given back.
        """
        refused: DomainError | None = None
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            if self._admit(at, Act.CONFIRM_MOBILE) is Admission.DO:
                contact = at.contacts[Kind.MOBILE]
                digests = self._proving.code_digests(at.account_id, contact, code)
                contact, refused = contact.tried(digests, self._clock.now())
                at = await self._save(tx, at, contact)
                if refused is None:
                    _audit(tx, at, "confirm_contact", why=Kind.MOBILE)
        if refused is not None:
            raise refused
        return at

    async def finish(self, caller: Caller) -> Tokens:
        """Make the account active; a new session that owes no activation replaces the caller's (A19).

        A session that was begun elsewhere before the end is replaced as well.

        Raises:
            SessionEnded: the caller's session is over, or was replaced by the same call a moment ago.
        """
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            if self._admit(at, Act.FINISH) is Admission.DO:
                await storage.activate(tx.connection, at.account_id, now=self._clock.now())
                _audit(tx, at, "activate_account")
            elif caller.pending != Pending.PENDING_ACTIVATION:
                raise AlreadyActive
            return await self._sessions.replace(tx, caller, shown=False)

    # --- what the steps are made of ---

    async def _locked(self, tx: Transaction, caller: Caller) -> Standing:
        await storage.lock(tx.connection, caller.account_id)
        return await self._read(tx.connection, caller)

    async def _read(self, connection: AsyncConnection, caller: Caller) -> Standing:
        known = await contact_rows.of_account(connection, self._keyring, caller.account_id)
        at = await storage.standing(connection, self._keyring, caller.account_id, known)
        # What the school issues is good for its days, and so is whatever was begun with it (A23).
        if at is None or at.expired(self._clock.now()):
            raise SessionEnded
        return at

    def _admit(self, at: Standing, act: Act) -> Admission:
        return at.progress(self._clock.now()).admit(act)

    async def _give(self, tx: Transaction, at: Standing, value: Value) -> None:
        present = at.contacts[value.kind]
        given = at.with_contact(present, value, self._clock.now())
        if given is present:
            return
        await self._contacts.require_free(tx, value, besides=at.account_id)
        self._proving.withdraw(tx, present)
        await self._save(tx, at, given)

    async def _send(self, tx: Transaction, at: Standing, unconfirmed: list[Contact]) -> Standing:
        """Send to those contacts to which something can be sent now; the others wait for `send_codes`."""
        now = self._clock.now()
        for contact in unconfirmed:
            if contact.wait_to_send(now) is None:
                sent = self._proving.send(tx, at.account_id, at.person_id, contact, until=now + GIVEN_LIFE)
                at = await self._save(tx, at, sent)
        return at

    async def _save(self, tx: Transaction, at: Standing, contact: Contact) -> Standing:
        await contact_rows.save(tx.connection, self._keyring, at.account_id, contact)
        return replace(at, contacts={**at.contacts, contact.kind: contact})

    async def _set_password(self, caller: Caller, password: str) -> Standing:
        new = await self._credentials.prepare(caller.account_id, password)
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            if self._admit(at, Act.SET_PASSWORD) is Admission.REPEAT:
                raise PasswordMoved
            await self._credentials.set_password(tx, new)
            await self._sessions.end_all(
                tx, at.account_id, reason=EndReason.PASSWORD_CHANGED, keep=caller.session_id
            )
            return await self._send(tx, await self._read(tx.connection, caller), at.unconfirmed())

    async def _repeat_password(self, caller: Caller, password: str) -> Standing:
        async with self._database.transaction() as tx:
            at = await self._locked(tx, caller)
            present = await storage.password_hash(tx.connection, at.account_id)
            # Counted before it is looked at: a session is no place to guess a password.
            await storage.count_repeat(tx.connection, at)
        may = at.password_repeats < MOST_REPEATS
        if not (may and await self._passwords.verify(password, present)):
            raise StepNotDue(at.progress(self._clock.now()).due)
        return at


def _audit(tx: Transaction, at: Standing, action: str, *, why: str | None = None) -> None:
    tx.audit(
        actor=str(at.person_id),
        action=action,
        object_kind="account",
        object_id=str(at.account_id),
        why=why,
        subject=at.person_id,
    )
