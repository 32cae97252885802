"""Shutting an account and opening it again: each is one transaction under the lock of the account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.rules import AccountState
from services.identity.blocks import storage
from services.identity.blocks.rules import AccountClosed, Standing, require_in_hands
from services.identity.issuing.rules.people import Candidate, Reach
from services.identity.issuing.storage.people import candidates
from services.identity.issuing.usecases.desk import Desk
from services.identity.own_data.rules import Cause
from services.identity.own_data.storage import waiting
from services.identity.people.rights import operates
from services.identity.people.rules import NotTheirSchool
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.usecases import Telling
from services.identity.words import reason_needed
from services.kit.caller import Caller
from services.kit.database import Database, Transaction

_ACTIONS: Final = {
    MessageKind.MESSAGE_KIND_ACCOUNT_BLOCKED: "block_account",
    MessageKind.MESSAGE_KIND_ACCOUNT_UNBLOCKED: "unblock_account",
}


class Blocks:
    """Blocks accounts, and opens them.

    Args:
        void: voids the recoveries and changes of contacts that were begun (A6).
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        sessions: Sessions,
        telling: Telling,
        *,
        void: Callable[[Transaction, UUID], Awaitable[object]],
    ) -> None:
        self._database = database
        self._desk = desk
        self._sessions = sessions
        self._telling = telling
        self._void = void

    async def block(self, caller: Caller, school_id: UUID, person_id: UUID, reason: str) -> None:
        """Let nobody in by the person's account from now on; a blocked one stays so.

        What a school has blocked the operator takes over: it is the operator's to open from then on.

        Raises:
            ReasonNeeded: nothing is said.
            NotTheirSchool, UnknownPerson: it is not in the caller's reach.
            NotInYourHands: see `require_in_hands`.
            AccountClosed: its person has left it.
        """
        why = reason_needed(reason)
        async with self._database.transaction() as tx:
            by_operator, candidate, standing = await self._account(tx, caller, school_id, person_id)
            if not standing.may_be_blocked(by_operator=by_operator):
                return
            account_id = candidate.account.id
            await storage.move(
                tx.connection,
                account_id,
                AccountState.BLOCKED,
                blocking_school_id=None if by_operator else school_id,
            )
            await self._sessions.end_all(tx, account_id, reason=EndReason.ACCOUNT_BLOCKED)
            await self._void(tx, account_id)
            await self._tell(tx, caller, candidate, MessageKind.MESSAGE_KIND_ACCOUNT_BLOCKED, why=why)

    async def unblock(self, caller: Caller, school_id: UUID, person_id: UUID, reason: str) -> None:
        """Open a blocked account as it was: what a school has blocked that school, everything the operator.

        Raises:
            BlockedByOperator, BlockedElsewhere: the caller's school has not blocked it.
            ReasonNeeded, NotTheirSchool, UnknownPerson, NotInYourHands, AccountClosed: as `block`.
        """
        why = reason_needed(reason)
        async with self._database.transaction() as tx:
            by_operator, candidate, standing = await self._account(tx, caller, school_id, person_id)
            if standing.state is AccountState.OPEN:
                return
            standing.require_opener(school_id, by_operator=by_operator)
            account_id = candidate.account.id
            # The consent was withdrawn meanwhile: what opens is not what nobody consents to.
            erasure = await waiting(tx.connection, account_id)
            closed = erasure is not None and erasure.cause is Cause.CONSENT
            await storage.move(
                tx.connection, account_id, AccountState.CLOSED if closed else AccountState.OPEN
            )
            await self._tell(tx, caller, candidate, MessageKind.MESSAGE_KIND_ACCOUNT_UNBLOCKED, why=why)

    async def _account(
        self, tx: Transaction, caller: Caller, school_id: UUID, person_id: UUID
    ) -> tuple[bool, Candidate, Standing]:
        """Whether the operator calls, whose account it is, and how it stands, locked."""
        by_operator = await operates(tx.connection, caller)
        candidate = await self._candidate(tx, caller, school_id, person_id, by_operator=by_operator)
        standing = await storage.lock(tx.connection, candidate.account.id)
        if standing.state is AccountState.CLOSED:
            raise AccountClosed
        return by_operator, candidate, standing

    async def _candidate(
        self, tx: Transaction, caller: Caller, school_id: UUID, person_id: UUID, *, by_operator: bool
    ) -> Candidate:
        today = await self._desk.today(tx.connection, school_id)
        reach = (
            Reach(caller.person_id, school_id)
            if by_operator
            else await self._desk.reach_of(tx.connection, caller, school_id, today=today)
        )
        if not reach.whole:
            raise NotTheirSchool
        known = await candidates(tx.connection, school_id, [person_id], today=today)
        candidate = reach.require(known.get(person_id))
        require_in_hands(candidate, reach, by_operator=by_operator)
        return candidate

    async def _tell(
        self, tx: Transaction, caller: Caller, candidate: Candidate, kind: MessageKind.ValueType, *, why: str
    ) -> None:
        tx.audit(
            actor=str(caller.person_id),
            action=_ACTIONS[kind],
            object_kind="account",
            object_id=str(candidate.account.id),
            why=why,
            subject=candidate.person_id,
        )
        await self._telling.tell_everywhere(tx, candidate.person_id, kind, {})
