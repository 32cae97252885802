"""Ending what a person is at a school, and giving it back: each is one transaction on the locked person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import MessageKind
from services.identity.accounts.storage import account_of
from services.identity.leaving import storage
from services.identity.leaving.rules import AtSchool, require_endable
from services.identity.people.rights import require_registrar
from services.identity.people.rules import BadRoles, Role, UnknownPerson
from services.identity.people.storage import come_back, next_version, person
from services.identity.people.usecases import person_registered
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.telling.usecases import Telling
from services.identity.words import reason_needed
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.paging import Page, PageWish

_ACTIONS: Final = {
    MessageKind.MESSAGE_KIND_ROLES_ENDED: "end_roles",
    MessageKind.MESSAGE_KIND_ROLES_GIVEN_BACK: "give_roles_back",
}


class Leaving:
    """What a school's registrar does with what people are there.

    Args:
        void: voids the recoveries and changes of contacts that were begun (A6).
        zone: whose day decides whether a guardian still stands for somebody.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        telling: Telling,
        *,
        void: Callable[[Transaction, UUID], Awaitable[object]],
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._telling = telling
        self._void = void
        self._zone = zone
        self._clock = clock

    async def roles(self, caller: Caller, school_id: UUID, person_id: UUID) -> AtSchool:
        """What a person is and was at the school. Raises `NotTheirSchool`, `UnknownPerson`."""
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            return await _at_school(connection, school_id, person_id)

    async def former(self, caller: Caller, school_id: UUID, wish: PageWish) -> Page[AtSchool]:
        """Those who are something no more at the school. Raises `NotTheirSchool`."""
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            found = await storage.former_people(connection, school_id, after=wish.after, limit=wish.limit)
            page = wish.page(found, lambda row: row[1])
            known = await storage.at_school(connection, school_id, [who for who, _ in page.rows])
        return Page([known[who] for who, _ in page.rows], page.next_token)

    async def end(
        self, caller: Caller, school_id: UUID, person_id: UUID, roles: frozenset[Role], reason: str
    ) -> AtSchool:
        """End roles at the school from this moment on; ending what is not held changes nothing.

        Whom nothing connects with the region any more has left it. Relations to a pupil who leaves go on: the
        family reads on what was recorded (R39).

        Raises:
            BadRoles, OwnRole: see `require_endable`.
            ReasonNeeded: nothing is said.
            NotTheirSchool: the caller is no registrar of the school.
            UnknownPerson: the person is and was nothing there.
        """
        require_endable(roles, person_id=person_id, registrar_id=caller.person_id)
        why = reason_needed(reason)
        async with self._database.transaction() as tx:
            await self._locked(tx, caller, school_id, person_id)
            ended = await storage.end_roles(
                tx.connection,
                person_id,
                school_id,
                roles,
                by=caller.person_id,
                reason=why,
                at=self._clock.now(),
            )
            if ended:
                left = await self.leave_unless_connected(tx, person_id)
                account_id = await account_of(tx.connection, person_id)
                if account_id is not None:
                    await self._sessions.end_all(
                        tx, account_id, reason=EndReason.LEFT if left else EndReason.ROLE_TAKEN
                    )
                await self._tell(tx, caller, person_id, MessageKind.MESSAGE_KIND_ROLES_ENDED, ended, why=why)
            return await _at_school(tx.connection, school_id, person_id)

    async def give_back(
        self, caller: Caller, school_id: UUID, person_id: UUID, roles: frozenset[Role], reason: str
    ) -> AtSchool:
        """Give back roles that ended at the school; giving back what is held changes nothing.

        It undoes a mistake: for a month, and while no other school has had the person since. Who comes again
        later is registered by documents. Who had left the region is in it again, with the account there was.

        Raises:
            BadRoles: one of them never ended there, too.
            TooLateToGiveBack, ElsewhereSince: see `FormerRole.require_undoable`.
            OwnRole, ReasonNeeded, NotTheirSchool, UnknownPerson: as `end`.
        """
        require_endable(roles, person_id=person_id, registrar_id=caller.person_id)
        why = reason_needed(reason)
        async with self._database.transaction() as tx:
            before = await self._locked(tx, caller, school_id, person_id)
            if not roles <= before.roles | {each.role for each in before.former}:
                raise BadRoles
            for each in before.former:
                if each.role in roles:
                    each.require_undoable(self._clock.now())
            given = await storage.give_back(tx.connection, person_id, school_id, roles, at=self._clock.now())
            if given:
                await come_back(tx.connection, person_id)
                await self._tell(
                    tx, caller, person_id, MessageKind.MESSAGE_KIND_ROLES_GIVEN_BACK, given, why=why
                )
            return await _at_school(tx.connection, school_id, person_id)

    async def leave_unless_connected(self, tx: Transaction, person_id: UUID) -> bool:
        """Have a locked person leave the region if nothing connects them with it; whether they have.

        Nothing that was begun for their account opens it any more. Whoever calls ends the sessions.
        """
        today = self._clock.today(self._zone)
        if not await storage.leave_unless_connected(tx.connection, person_id, today=today):
            return False
        account_id = await account_of(tx.connection, person_id)
        if account_id is not None:
            await self._void(tx, account_id)
        return True

    async def _locked(self, tx: Transaction, caller: Caller, school_id: UUID, person_id: UUID) -> AtSchool:
        await require_registrar(tx.connection, caller, school_id)
        await storage.lock_person(tx.connection, person_id)
        return await _at_school(tx.connection, school_id, person_id)

    async def _tell(
        self,
        tx: Transaction,
        caller: Caller,
        person_id: UUID,
        kind: MessageKind.ValueType,
        roles: Iterable[Role],
        *,
        why: str,
    ) -> None:
        """The other services hear what the person is now, the audit why, the person that it happened."""
        version = await next_version(tx.connection, person_id)
        present = await person(tx.connection, person_id)
        if version is None or present is None:
            raise UnknownPerson
        tx.publish(person_registered(present, version=version), aggregate=person_id, version=version)
        tx.audit(
            actor=str(caller.person_id),
            action=_ACTIONS[kind],
            object_kind="person",
            object_id=str(person_id),
            why=f"{' '.join(roles)}: {why}",
            subject=person_id,
        )
        await self._telling.tell_everywhere(tx, person_id, kind, {})


async def _at_school(connection: AsyncConnection, school_id: UUID, person_id: UUID) -> AtSchool:
    found = (await storage.at_school(connection, school_id, [person_id])).get(person_id)
    # Whether somebody elsewhere has this id is not told.
    if found is None or not found.known:
        raise UnknownPerson
    return found
