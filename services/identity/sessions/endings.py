"""How sessions end, and how everybody hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from school.identity.v1 import events_pb2
from services.identity.sessions import storage
from services.identity.sessions.rules import Door, EndReason, UnknownSession
from services.identity.sessions.storage import Ended, Kept
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.errors import SessionEnded

_ONLY = 1  # the version of a fact that is told once


class Hear(Protocol):
    """Hears of ended sessions in this very process, before the broker tells all others."""

    def add(self, session_id: UUID, ended_at: datetime, *, replaced: bool) -> None:
        """A session has ended."""
        ...


class Endings:
    """Ends sessions. An ended one refreshes no more, and within seconds its access tokens are refused."""

    def __init__(self, database: Database, clock: Clock, ended: Hear) -> None:
        self._database = database
        self._clock = clock
        self._ended = ended

    async def end(self, caller: Caller) -> Door:
        """End the caller's own session, also when it is over; by which door it had begun.

        Raises:
            SessionEnded: it was forgotten long ago.
        """
        async with self._database.transaction() as tx:
            await self._end_one(tx, caller, caller.session_id, EndReason.SIGNED_OUT)
            door = await storage.belongs(tx.connection, caller.session_id, caller.account_id)
        if door is None:
            raise SessionEnded
        return door

    async def end_mine(self, caller: Caller, session_id: UUID) -> None:
        """End one of the caller's sessions, also when it is over. Raises `UnknownSession`."""
        async with self._database.transaction() as tx:
            if await storage.belongs(tx.connection, session_id, caller.account_id) is None:
                raise UnknownSession
            await self._end_one(tx, caller, session_id, EndReason.ENDED_ELSEWHERE)

    async def end_others(self, caller: Caller) -> int:
        """End every session of the caller but the one that calls; returns how many were live."""
        async with self._database.transaction() as tx:
            ended = await self.end_all(
                tx, caller.account_id, reason=EndReason.ENDED_ELSEWHERE, keep=caller.session_id
            )
            for session in ended:
                _audit(tx, caller.person_id, session.id, None)
        return len(ended)

    async def end_all(
        self,
        tx: Transaction,
        account_id: UUID,
        *,
        reason: EndReason,
        keep: UUID | None = None,
        door: Door | None = None,
    ) -> list[Ended]:
        """End every session of an account but ``keep``, because of what the transaction does.

        ``door``: only those that began by it.

        The deed itself is audited by who does it. Returns those that were live.
        """
        now = self._clock.now()
        ended = await storage.end_of_account(
            tx.connection, account_id, keep=keep, door=door, now=now, reason=reason
        )
        self.tell_ended(tx, ended, now)
        return ended

    async def mine(self, caller: Caller) -> list[Kept]:
        """The caller's live sessions: the one that calls, then the last used first."""
        async with self._database.read() as connection:
            found = await storage.live_of_account(connection, caller.account_id, self._clock.now())
        return sorted(found, key=lambda session: session.id != caller.session_id)

    async def _end_one(self, tx: Transaction, caller: Caller, session_id: UUID, reason: EndReason) -> None:
        now = self._clock.now()
        if await storage.end(tx.connection, session_id, account_id=caller.account_id, now=now, reason=reason):
            self.tell_ended(tx, [Ended(session_id, caller.person_id)], now)
            _audit(tx, caller.person_id, session_id, None)

    async def end_betrayed(self, family_id: UUID) -> None:
        """End the session of a family whose token came back from somewhere else (A20)."""
        async with self._database.transaction() as tx:
            now = self._clock.now()
            ended = await storage.end_of_family(
                tx.connection, family_id, now=now, reason=EndReason.REUSED_TOKEN
            )
            self.tell_ended(tx, ended, now)
            for session in ended:
                _audit(tx, session.person_id, session.id, EndReason.REUSED_TOKEN)

    def tell_ended(
        self, tx: Transaction, ended: Iterable[Ended], at: datetime, *, replaced: bool = False
    ) -> None:
        """Tell every process that verifies tokens, this one as soon as the transaction has committed."""
        for session in ended:
            event = events_pb2.SessionEnded(
                session_id=str(session.id), person_id=str(session.person_id), replaced=replaced
            )
            event.ended_at.FromDatetime(at)
            tx.publish(event, aggregate=session.id, version=_ONLY)
            tx.once_committed(partial(self._ended.add, session.id, at, replaced=replaced))


def _audit(tx: Transaction, person_id: UUID, session_id: UUID, why: str | None) -> None:
    tx.audit(
        actor=str(person_id),
        action="end_session",
        object_kind="session",
        object_id=str(session_id),
        why=why,
        subject=person_id,
    )
