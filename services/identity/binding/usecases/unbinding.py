"""Ending a binding: by its person while another door remains, by the school's registrar with a reason.

The account's generation moves on with it, so nothing that was proven before binds again (A7); whoever has
lost a profile comes with the new one by the usual roads.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1 import binding_pb2, events_pb2
from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.storage import account_of
from services.identity.binding.rules.endings import (
    PastOrPresent,
    WhyEnded,
    require_another_door,
)
from services.identity.binding.rules.refusals import NotBound
from services.identity.binding.storage import unbind
from services.identity.links.rules import Provider
from services.identity.sessions.rules import Door, EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.usecases import Telling
from services.identity.words import ReasonNeeded
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction


class TheirAccount(Protocol):
    """Who looks after whom at a school."""

    async def __call__(
        self, connection: AsyncConnection, caller: Caller, school_id: UUID, person_id: UUID, /
    ) -> UUID:
        """The account of a person of the caller's school, if the caller is its registrar.

        Raises:
            NotTheirSchool, UnknownPerson: the caller has no say about such a person.
            OwnCredentials, EmployeeAccount: the caller issues no credentials to this person either.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Ending:
    account_id: UUID
    person_id: UUID
    by: UUID
    why: WhyEnded
    at: datetime


class Unbindings:
    """What was bound, and how it ends."""

    def __init__(
        self,
        database: Database,
        *,
        their_account: TheirAccount,
        sessions: Sessions,
        telling: Telling,
        provider: Provider,
        clock: Clock,
    ) -> None:
        self._database = database
        self._their_account = their_account
        self._sessions = sessions
        self._telling = telling
        self._provider = provider
        self._clock = clock

    async def mine(self, caller: Caller) -> list[PastOrPresent]:
        """What is and was bound to the caller's account, the newest first."""
        async with self._database.read() as connection:
            return await unbind.of_account(connection, self._provider, caller.account_id)

    async def theirs(self, caller: Caller, school_id: UUID, person_id: UUID) -> list[PastOrPresent]:
        """The same of a person of the caller's school. Raises as `TheirAccount`."""
        async with self._database.read() as connection:
            account_id = await self._their_account(connection, caller, school_id, person_id)
            return await unbind.of_account(connection, self._provider, account_id)

    async def unbind_mine(self, caller: Caller) -> bool:
        """Unbind the caller's profile; whether the caller's own session has ended by it.

        Raises:
            NotBound: there is nothing to unbind.
            LastDoor: nothing else would open the account.
        """
        async with self._database.transaction() as tx:
            held = await unbind.lock(tx.connection, caller.account_id)
            if held is None:
                raise NotBound
            now = self._clock.now()
            ending = _Ending(caller.account_id, caller.person_id, caller.person_id, WhyEnded.OWN_WISH, now)
            await self._end(tx, ending)
            # After it, so that who has nothing bound is told that; a refusal takes all of it back.
            require_another_door(own_password=held.own_password, confirmed_contact=held.confirmed_contact)
            ended = await self._sessions.end_all(
                tx, caller.account_id, reason=EndReason.PROFILE_UNBOUND, door=Door.ESIA
            )
        return any(session.id == caller.session_id for session in ended)

    async def unbind_theirs(
        self, caller: Caller, school_id: UUID, person_id: UUID, why: WhyEnded | None
    ) -> None:
        """Unbind the profile of a person of the caller's school, and end all that is open.

        Raises:
            ReasonNeeded: no reason is given.
            NotBound: there is nothing to unbind.
            NotTheirSchool, UnknownPerson, OwnCredentials, EmployeeAccount: see `TheirAccount`.
        """
        if why is None:
            raise ReasonNeeded
        async with self._database.transaction() as tx:
            account_id = await self._their_account(tx.connection, caller, school_id, person_id)
            if await unbind.lock(tx.connection, account_id) is None:
                raise NotBound
            ending = _Ending(account_id, person_id, caller.person_id, why, self._clock.now())
            await self._end(tx, ending)
            await self._sessions.end_all(tx, account_id, reason=EndReason.PROFILE_UNBOUND)

    async def lock_theirs(
        self, tx: Transaction, caller: Caller, school_ids: Collection[UUID], person_id: UUID
    ) -> UUID:
        """The account of a person whose profile an office unbinds, locked until the transaction ends.

        Args:
            tx: in which it is unbound.
            caller: the registrar of these schools, or the region's operator.
            school_ids: the caller's; none for the operator.
            person_id: whose.

        Raises:
            UnknownPerson, OwnCredentials, EmployeeAccount: see `TheirAccount`.
            NotBound: there is nothing to unbind.
        """
        school_id = min(school_ids, default=None)
        if school_id is None:
            account_id = await account_of(tx.connection, person_id)
        else:
            account_id = await self._their_account(tx.connection, caller, school_id, person_id)
        if account_id is None or await unbind.lock(tx.connection, account_id) is None:
            raise NotBound
        return account_id

    async def end_locked(
        self, tx: Transaction, caller: Caller, account_id: UUID, person_id: UUID, *, wrong_person: bool
    ) -> None:
        """Unbind what `lock_theirs` locked, and end all that is open. Raises `NotBound`."""
        why = WhyEnded.WRONG_PERSON if wrong_person else WhyEnded.PROFILE_LOST
        await self._end(tx, _Ending(account_id, person_id, caller.person_id, why, self._clock.now()))
        await self._sessions.end_all(tx, account_id, reason=EndReason.PROFILE_UNBOUND)

    async def _end(self, tx: Transaction, ending: _Ending) -> None:
        unbound = await unbind.unbind(
            tx.connection,
            self._provider,
            ending.account_id,
            by=ending.by,
            why=ending.why,
            at=ending.at,
        )
        if unbound is None:
            raise NotBound
        event = events_pb2.ProfileUnbound(
            binding_id=str(unbound.id),
            account_id=str(ending.account_id),
            person_id=str(ending.person_id),
            reason=binding_pb2.UnbindReason.Value(f"UNBIND_REASON_{ending.why}"),
        )
        event.unbound_at.FromDatetime(ending.at)
        tx.publish(event, aggregate=ending.account_id, version=unbound.version)
        tx.audit(
            actor=str(ending.by),
            action="unbind_profile",
            object_kind="person",
            object_id=str(ending.person_id),
            why=ending.why,
            subject=ending.person_id,
        )
        kind = MessageKind.MESSAGE_KIND_PROFILE_UNBOUND
        await self._telling.tell_everywhere(tx, ending.person_id, kind, {})
