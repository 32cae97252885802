"""Taking one's own data along, and having them erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from school.identity.v1.events_pb2 import AccountErased, MessageKind
from services.identity.accounts.rules import AccountState
from services.identity.consents import storage as consents
from services.identity.consents.rules import Purpose
from services.identity.delegations.usecases.keeping import Keeping
from services.identity.keyring import Keyring
from services.identity.own_data import storage
from services.identity.own_data.catalogue import CATALOGUE
from services.identity.own_data.export import document, ids_of
from services.identity.own_data.rules import (
    KEPT,
    TIME_TO_THINK,
    Cause,
    Data,
    Erasure,
    LastOperator,
    Law,
    NoErasure,
)
from services.identity.people.rules import UnknownPerson
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.usecases import Telling
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import new_id

_WORKER: Final = "identity"
"""Who erases, in the audit: nobody's hand is in it any more."""


@dataclass(frozen=True, slots=True)
class Item:
    """What an erasure does with a group of data; ``kept`` is None for what it erases."""

    data: Data
    kept: Law | None


class OwnData:
    """What a person may ask of the operator (152-ФЗ, articles 14 and 21).

    Args:
        database: where everything is.
        keyring: opens what is sealed, for its owner.
        sessions: end when an account is closed or erased.
        telling: tells what is coming, and that it is done.
        trust: what was granted and entrusted ends with an account.
        zone: whose dates are told.
        clock: what time it is.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        sessions: Sessions,
        telling: Telling,
        trust: Keeping,
        *,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sessions = sessions
        self._telling = telling
        self._trust = trust
        self._zone = zone
        self._clock = clock

    async def export(self, caller: Caller) -> str:
        """Everything that is kept about the caller, as JSON; the audit notes that it was taken."""
        async with self._database.transaction() as tx:
            written = await document(
                tx.connection,
                self._keyring,
                person_id=caller.person_id,
                account_id=caller.account_id,
                at=self._clock.now(),
            )
            _audit(tx, caller.person_id, caller.account_id, "export_data", by=str(caller.person_id))
        return written

    async def preview(self, caller: Caller) -> tuple[list[Item], datetime | None]:
        """What an erasure would do, and when the one happens that waits."""
        async with self._database.read() as connection:
            waiting = await storage.waiting(connection, caller.account_id)
        return [Item(data, KEPT.get(data)) for data in Data], waiting.erases_at if waiting else None

    async def request(self, caller: Caller) -> datetime:
        """Have the caller's data erased; again, nothing changes. Returns when it will happen.

        Raises:
            LastOperator: nobody else could run the region.
        """
        async with self._database.transaction() as tx:
            return await self._request(tx, caller.person_id, Cause.WISH, by=caller.person_id)

    async def cancel(self, caller: Caller) -> None:
        """Take the erasure back. Raises `NoErasure` when none waits."""
        async with self._database.transaction() as tx:
            await storage.lock_account(tx.connection, caller.person_id)
            if not await storage.cancel(tx.connection, caller.account_id, at=self._clock.now()):
                raise NoErasure
            _audit(tx, caller.person_id, caller.account_id, "cancel_erasure", by=str(caller.person_id))

    async def close(self, tx: Transaction, person_id: UUID, *, by: UUID) -> None:
        """Close a person's account at once, and have it erased: nobody consents any more.

        Raises:
            LastOperator: nobody else could run the region.
        """
        account_id = await storage.lock_account(tx.connection, person_id)
        if account_id is None:
            return
        if await storage.is_last_operator(tx.connection, person_id, at_once=True):
            raise LastOperator
        await self._request(tx, person_id, Cause.CONSENT, by=by)
        await storage.move_account(tx.connection, account_id, AccountState.OPEN, AccountState.CLOSED)
        await self._sessions.end_all(tx, account_id, reason=EndReason.ERASED)
        _audit(tx, person_id, account_id, "close_account", by=str(by), why=Cause.CONSENT)

    async def reopen(self, tx: Transaction, person_id: UUID) -> None:
        """Take a closing for want of consent back, before it has become an erasure."""
        account_id = await storage.lock_account(tx.connection, person_id)
        if account_id is None:
            return
        waiting = await storage.waiting(tx.connection, account_id)
        if waiting is not None and waiting.cause is Cause.CONSENT:
            await storage.cancel(tx.connection, account_id, at=self._clock.now())
            await storage.move_account(tx.connection, account_id, AccountState.CLOSED, AccountState.OPEN)

    async def issued_anew(self, tx: Transaction, account_id: UUID) -> None:
        """The school gives credentials again: a closed account is open, and no erasure waits any more."""
        await storage.cancel(tx.connection, account_id, at=self._clock.now())
        await storage.move_account(tx.connection, account_id, AccountState.CLOSED, AccountState.OPEN)

    async def erase_due(self) -> bool:
        """Erase one account whose time has come, in one transaction; whether there was one."""
        async with self._database.transaction() as tx:
            erasure = await storage.take_due(tx.connection, now=self._clock.now())
            if erasure is None:
                return False
            await storage.lock_account(tx.connection, erasure.person_id)
            # Another operator may have gone since the wish.
            if await storage.is_last_operator(tx.connection, erasure.person_id, at_once=True):
                await self._keep_operator(tx, erasure)
            else:
                await self._erase(tx, erasure)
        return True

    async def _request(self, tx: Transaction, person_id: UUID, cause: Cause, *, by: UUID) -> datetime:
        account_id = await storage.lock_account(tx.connection, person_id)
        if account_id is None:
            raise UnknownPerson
        waiting = await storage.waiting(tx.connection, account_id)
        if waiting is not None:
            return waiting.erases_at
        if await storage.is_last_operator(tx.connection, person_id, at_once=False):
            raise LastOperator
        now = self._clock.now()
        erasure = Erasure(new_id(), person_id, account_id, cause, now + TIME_TO_THINK)
        await storage.insert_erasure(tx.connection, erasure, at=now)
        day = erasure.erases_at.astimezone(self._zone).date().isoformat()
        await self._telling.tell_everywhere(
            tx, person_id, MessageKind.MESSAGE_KIND_ERASURE_COMING, {"at": day}
        )
        _audit(tx, person_id, account_id, "request_erasure", by=str(by), why=cause)
        return erasure.erases_at

    async def _keep_operator(self, tx: Transaction, erasure: Erasure) -> None:
        await storage.cancel(tx.connection, erasure.account_id, at=self._clock.now())
        _audit(
            tx,
            erasure.person_id,
            erasure.account_id,
            "cancel_erasure",
            by=_WORKER,
            why=LastOperator.reason,
        )

    async def _erase(self, tx: Transaction, erasure: Erasure) -> None:
        now = self._clock.now()
        person_id, account_id = erasure.person_id, erasure.account_id
        await self._sessions.end_all(tx, account_id, reason=EndReason.ERASED)
        await self._trust.account_over(tx, person_id)
        # While it is still known where to.
        await self._telling.tell_everywhere(tx, person_id, MessageKind.MESSAGE_KIND_ERASED, {})
        for purpose in Purpose:
            await consents.withdraw(tx.connection, person_id, person_id, purpose, at=now)
        for holding in CATALOGUE:
            if holding.left_with is None:
                continue
            theirs = ids_of(holding, person_id, account_id)
            if holding.left_with:
                await storage.leave_with(tx.connection, holding.table, theirs, holding.left_with)
            else:
                await storage.remove(tx.connection, holding.table, theirs)
        await storage.done(tx.connection, erasure.id, at=now)
        event = AccountErased(person_id=str(person_id))
        event.erased_at.FromDatetime(now)
        version = await storage.next_version(tx.connection, person_id)
        tx.publish(event, aggregate=person_id, version=version)
        _audit(tx, person_id, account_id, "erase_account", by=_WORKER, why=erasure.cause)


def _audit(
    tx: Transaction, person_id: UUID, account_id: UUID, action: str, *, by: str, why: str | None = None
) -> None:
    tx.audit(
        actor=by,
        action=action,
        object_kind="account",
        object_id=str(account_id),
        why=why,
        subject=person_id,
    )
