"""What people do with their contacts once the account is theirs; activation does its part beside this."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.contacts import storage
from services.identity.contacts.proving import Proving
from services.identity.contacts.recipients import CHANNELS
from services.identity.contacts.rules import (
    Contact,
    ContactTaken,
    Kind,
    LinkUnknown,
    TooSoon,
    Value,
    value_of,
)
from services.identity.contacts.storage import Holder
from services.identity.digests import digest_of
from services.identity.keyring import Keyring
from services.identity.people.rules import UnknownPerson
from services.identity.telling.rules import NOTICE_LIFE
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import DomainError

_WHAT: Mapping[Kind, str] = {Kind.EMAIL: "email", Kind.MOBILE: "mobile"}
# How long a mobile waits to be confirmed is how long its code holds; an e-mail, its link.
_AS_LONG_AS_ITS_PROOF = None


class Contacts:
    """Where a person is reached.

    Args:
        most_accounts: how many accounts may share one address or number; families share a telephone.
    """

    def __init__(
        self,
        database: Database,
        *,
        keyring: Keyring,
        telling: Telling,
        proving: Proving,
        most_accounts: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._telling = telling
        self._proving = proving
        self._most_accounts = most_accounts
        self._clock = clock

    async def mine(self, caller: Caller) -> list[Contact]:
        """The caller's e-mail and mobile, also where there is none yet."""
        async with self._database.read() as connection:
            known = await storage.of_account(connection, self._keyring, caller.account_id)
        return list(known.values())

    async def change(self, caller: Caller, kind: Kind, text: str) -> Contact:
        """Begin the change of a contact: a proof goes to the new value, word of it to the old one (A26).

        The same value again sends another proof. The value in force takes a change back.

        Raises:
            BadEmail, BadMobile: it cannot be one.
            ContactTaken: too many accounts use it.
            TooSoon: a proof went there a moment ago, or too many went out today.
        """
        value = value_of(kind, text)
        async with self._database.transaction() as tx:
            holder, contact = await self._locked(tx, caller.account_id, kind)
            if contact.value is not None and contact.value.folded == value.folded:
                return await self._take_back(tx, caller, contact)
            now = self._clock.now()
            waiting = contact.waiting(now)
            begins = waiting is None or waiting.value != value
            if begins:
                await self.require_free(tx, value, besides=caller.account_id)
                self._proving.withdraw(tx, contact)
                contact = contact.changed_to(value, until=now)
            wait = contact.wait_to_send(now)
            if wait is not None:
                raise TooSoon(wait)
            contact = self._proving.send(
                tx, caller.account_id, holder.person_id, contact, until=_AS_LONG_AS_ITS_PROOF
            )
            await storage.save(tx.connection, self._keyring, caller.account_id, contact)
            if begins:
                self._tell_old(tx, holder, contact)
                _audit(tx, holder.person_id, "change_contact", kind)
        return contact

    async def cancel_change(self, caller: Caller, kind: Kind) -> Contact:
        """Take back a change that waits; taking back nothing succeeds."""
        async with self._database.transaction() as tx:
            _, contact = await self._locked(tx, caller.account_id, kind)
            return await self._take_back(tx, caller, contact)

    async def confirm_mobile(self, caller: Caller, code: str) -> Contact:
        """Put the mobile that waits in force.

        Raises:
            WrongCode: another code was sent; the attempt counts.
            CodeExpired: no code waits to be given back.
        """
        refused: DomainError | None
        async with self._database.transaction() as tx:
            holder, contact = await self._locked(tx, caller.account_id, Kind.MOBILE)
            digests = self._proving.code_digests(caller.account_id, contact, code)
            contact, refused = contact.tried(digests, self._clock.now())
            await storage.save(tx.connection, self._keyring, caller.account_id, contact)
            if refused is None:
                _audit(tx, holder.person_id, "confirm_contact", Kind.MOBILE)
        if refused is not None:
            raise refused
        return contact

    async def confirm_email(self, token: str) -> bool:
        """Put the e-mail in force to which the link with this token went; whether it was for an activation.

        Raises:
            LinkUnknown: the token is not ours, was used, is past its time, or the address has been changed
                since (A25).
        """
        digest = digest_of(token)
        async with self._database.transaction() as tx:
            account_id = await storage.account_of_link(tx.connection, digest)
            if account_id is None:
                raise LinkUnknown
            # Looked at again under the lock: of many at once one uses the link up.
            holder, contact = await self._locked(tx, account_id, Kind.EMAIL)
            contact, refused = contact.tried([digest], self._clock.now())
            if refused is not None:
                raise LinkUnknown
            await storage.save(tx.connection, self._keyring, account_id, contact)
            _audit(tx, holder.person_id, "confirm_contact", Kind.EMAIL)
        return not holder.active

    async def require_free(self, tx: Transaction, value: Value, *, besides: UUID) -> None:
        """Raises `ContactTaken` when as many other accounts as may use this value do, or are about to."""
        users = await storage.users_of(
            tx.connection, self._keyring, value, besides=besides, now=self._clock.now()
        )
        if users >= self._most_accounts:
            raise ContactTaken

    async def _locked(self, tx: Transaction, account_id: UUID, kind: Kind) -> tuple[Holder, Contact]:
        holder = await storage.lock_holder(tx.connection, account_id)
        if holder is None:
            raise UnknownPerson
        return holder, (await storage.of_account(tx.connection, self._keyring, account_id))[kind]

    async def _take_back(self, tx: Transaction, caller: Caller, contact: Contact) -> Contact:
        if contact.change is None:
            return contact
        self._proving.withdraw(tx, contact)
        contact = contact.cancelled()
        await storage.save(tx.connection, self._keyring, caller.account_id, contact)
        _audit(tx, caller.person_id, "cancel_contact_change", contact.kind)
        return contact

    def _tell_old(self, tx: Transaction, holder: Holder, contact: Contact) -> None:
        if contact.value is None:
            return
        self._telling.tell(
            tx,
            person_id=holder.person_id,
            channel=CHANNELS[contact.kind],
            to=contact.value.to,
            kind=MessageKind.MESSAGE_KIND_CONTACT_CHANGING,
            values={"what": _WHAT[contact.kind]},
            expires_at=self._clock.now() + NOTICE_LIFE,
        )


def _audit(tx: Transaction, person_id: UUID, action: str, kind: Kind) -> None:
    tx.audit(
        actor=str(person_id),
        action=action,
        object_kind="person",
        object_id=str(person_id),
        why=kind,
        subject=person_id,
    )
