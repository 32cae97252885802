"""Giving and taking staff roles, and who has which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import staff_pb2
from services.identity.accounts.storage import account_of
from services.identity.binding.rules.names import Likeness, compare
from services.identity.keyring import Keyring
from services.identity.people import storage as people
from services.identity.people.rules import FullName, Role, Snils, UnknownPerson, require_plausible
from services.identity.people.usecases import person_registered
from services.identity.sessions.rules import EndReason
from services.identity.sessions.usecases import Sessions
from services.identity.staff import storage
from services.identity.staff.rules import (
    MOST_FOUND,
    LastOperator,
    Member,
    OwnRole,
    Post,
    SearchTooWide,
    require_reach,
    require_theirs,
)
from services.identity.words import reason_given
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.idempotency import once
from services.kit.paging import Page, PageWish

# As whom a caller has a say here, and acts in the session that calls.
_RIGHTS: Final = {
    WireRole.ROLE_OPERATOR: Role.OPERATOR,
    WireRole.ROLE_SCHOOL_ADMINISTRATOR: Role.SCHOOL_ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A role of a person at a school; without a school in the whole region."""

    person_id: UUID
    school_id: UUID | None
    role: Role


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody's documents say; shows nothing of it when printed."""

    name: FullName
    birth_date: date | None = field(repr=False)
    snils: Snils | None = field(repr=False)


class Staff:
    """What operators and schools' administrators do with staff roles.

    Args:
        leave: has a locked person leave the region if nothing connects them with it; whether they have.
        zone: in which a birth date lies in the past.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        sessions: Sessions,
        *,
        leave: Callable[[Transaction, UUID], Awaitable[bool]],
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sessions = sessions
        self._leave = leave
        self._zone = zone
        self._clock = clock

    async def members(self, caller: Caller, school_id: UUID | None, wish: PageWish) -> Page[Member]:
        """The staff of a school, None: of the region.

        Raises:
            NotTheirSchool: the caller has no say there.
            BadPageToken: the list shows nobody like that.
        """
        async with self._database.read() as connection:
            await self._require_reach(connection, caller, school_id)
            found = await storage.members(connection, school_id, after=wish.after, limit=wish.limit)
        return wish.page(found, lambda member: member.person_id)

    async def member(self, caller: Caller, person_id: UUID, school_id: UUID | None) -> Member:
        """A person with their posts at a school. Raises `NotTheirSchool`, `UnknownPerson`."""
        async with self._database.read() as connection:
            await self._require_reach(connection, caller, school_id)
            return await _member(connection, person_id, school_id)

    async def candidates(self, caller: Caller, school_id: UUID | None, search: Search) -> list[Member]:
        """Registered persons whom documents describe, ten at the most.

        Raises:
            NotTheirSchool: the caller has no say there.
            SearchTooWide: a part of the name is missing, or both birth date and SNILS are.
            BadBirthDate: nobody alive has it.
        """
        if not (search.name.surname and search.name.given_name and (search.birth_date or search.snils)):
            raise SearchTooWide
        if search.birth_date:
            require_plausible(search.birth_date, today=self._clock.today(self._zone))
        digests = people.snils_digests(self._keyring, search.snils) if search.snils else []
        async with self._database.read() as connection:
            await self._require_reach(connection, caller, school_id)
            known = await storage.found(connection, birth_date=search.birth_date, snils_digests=digests)
            alike = [who for who, name in known if isinstance(compare(search.name, name), Likeness)]
            shown = alike[:MOST_FOUND]
            described = await storage.described(connection, shown, school_id)
        return [described[person_id] for person_id in shown]

    async def my_posts(self, caller: Caller) -> list[Post]:
        """All staff roles of the caller."""
        async with self._database.read() as connection:
            return await storage.posts_of(connection, caller.person_id)

    async def grant(self, caller: Caller, place: Place, request: staff_pb2.GrantStaffRoleRequest) -> Member:
        """Give a role; giving a held one changes nothing.

        Raises:
            NotTheirSchool: the caller has no say there.
            RoleNotTheirs: they have, but not over this role.
            UnknownPerson: nobody has this id.
            BadRequestId, RequestIdReused: see `once`.
        """
        async with self._database.transaction() as tx:
            await self._require_theirs(tx.connection, caller, place)

            async def act() -> staff_pb2.GrantStaffRoleResponse:
                await give_role(tx, place, by=str(caller.person_id), clock=self._clock)
                return staff_pb2.GrantStaffRoleResponse()

            await once(
                tx,
                method="GrantStaffRole",
                actor=str(caller.person_id),
                request_id=request.request_id,
                request=request,
                reply_type=staff_pb2.GrantStaffRoleResponse,
                act=act,
            )
            return await _member(tx.connection, place.person_id, place.school_id)

    async def revoke(self, caller: Caller, place: Place, request: staff_pb2.RevokeStaffRoleRequest) -> Member:
        """Take a role away and end the person's sessions; taking one that is not held changes nothing.

        Raises:
            NotTheirSchool, RoleNotTheirs, UnknownPerson, BadRequestId, RequestIdReused: as `grant`.
            OwnRole: it is the caller's own.
            LastOperator: nobody would be left to run the region.
        """
        async with self._database.transaction() as tx:
            if place.role is Role.OPERATOR:
                await storage.lock_operators(tx.connection)
            await self._require_theirs(tx.connection, caller, place)
            if place.person_id == caller.person_id:
                raise OwnRole

            async def act() -> staff_pb2.RevokeStaffRoleResponse:
                await self._take(tx, caller, place, reason_given(request.reason) or None)
                return staff_pb2.RevokeStaffRoleResponse()

            await once(
                tx,
                method="RevokeStaffRole",
                actor=str(caller.person_id),
                request_id=request.request_id,
                request=request,
                reply_type=staff_pb2.RevokeStaffRoleResponse,
                act=act,
            )
            return await _member(tx.connection, place.person_id, place.school_id)

    async def _take(self, tx: Transaction, caller: Caller, place: Place, why: str | None) -> None:
        if not await storage.exists(tx.connection, place.person_id):
            raise UnknownPerson
        if not await storage.take(tx.connection, place.person_id, place.school_id, place.role):
            return
        if place.role is Role.OPERATOR and not await storage.has_other_operator(
            tx.connection, place.person_id
        ):
            raise LastOperator
        left = await self._leave(tx, place.person_id)
        await _tell(tx, place, by=str(caller.person_id), action="revoke_staff_role", why=why)
        account_id = await account_of(tx.connection, place.person_id)
        if account_id is not None:
            ended_for = EndReason.LEFT if left else EndReason.ROLE_TAKEN
            await self._sessions.end_all(tx, account_id, reason=ended_for)

    async def _require_reach(
        self, connection: AsyncConnection, caller: Caller, school_id: UUID | None
    ) -> None:
        require_reach(school_id, rights=await self._rights(connection, caller, school_id))

    async def _require_theirs(self, connection: AsyncConnection, caller: Caller, place: Place) -> None:
        rights = await self._rights(connection, caller, place.school_id)
        require_theirs(place.role, place.school_id, rights=rights)

    @staticmethod
    async def _rights(connection: AsyncConnection, caller: Caller, school_id: UUID | None) -> set[Role]:
        """What the caller is there now, as far as they act in it."""
        held = await storage.rights(connection, caller.person_id, school_id)
        return held & {role for wire, role in _RIGHTS.items() if wire in caller.roles}


async def give_role(tx: Transaction, place: Place, *, by: str, clock: Clock) -> bool:
    """Give a role, whoever asks; false when it was held.

    Args:
        tx: the transaction.
        place: whom, where and what.
        by: who gives it, for the audit.
        clock: the time.

    Raises:
        UnknownPerson: nobody has this id.
    """
    if not await storage.exists(tx.connection, place.person_id):
        raise UnknownPerson
    if not await storage.give(tx.connection, place.person_id, place.school_id, place.role, at=clock.now()):
        return False
    await people.come_back(tx.connection, place.person_id)
    await _tell(tx, place, by=by, action="grant_staff_role", why=None)
    return True


async def _tell(tx: Transaction, place: Place, *, by: str, action: str, why: str | None) -> None:
    """What a person is has changed: the others hear of it, the audit keeps it."""
    version = await people.next_version(tx.connection, place.person_id)
    person = await people.person(tx.connection, place.person_id)
    if version is None or person is None:
        raise UnknownPerson
    tx.publish(person_registered(person, version=version), aggregate=person.id, version=version)
    where = str(place.school_id) if place.school_id else "region"
    tx.audit(
        actor=by,
        action=action,
        object_kind="person",
        object_id=str(place.person_id),
        why=": ".join(part for part in (f"{place.role} {where}", why) if part),
        subject=place.person_id,
    )


async def _member(connection: AsyncConnection, person_id: UUID, school_id: UUID | None) -> Member:
    known = await storage.described(connection, [person_id], school_id)
    try:
        return known[person_id]
    except KeyError:
        raise UnknownPerson from None
