"""Staff roles, as rows of `people`'s tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.people.rules import FullName, PersonStatus, Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.identity.schools.storage import schools
from services.identity.second_factor.storage import second_factors
from services.identity.staff.rules import STAFF, Member, Post
from services.kit.paging import BadPageToken

# Of one birth date a large region has a few hundred people; a bound all the same.
_MOST_LOOKED_AT = 2_000


async def rights(connection: AsyncConnection, person_id: UUID, school_id: UUID | None) -> set[Role]:
    """What somebody is who gives roles at the school: OPERATOR in the region, administrator there."""
    places = [_place(WHOLE_REGION, Role.OPERATOR)]
    if school_id is not None:
        places.append(_place(school_id, Role.SCHOOL_ADMINISTRATOR))
    found = await connection.execute(
        select(person_roles.c.role).where(person_roles.c.person_id == person_id, or_(*places))
    )
    return {Role(role) for role in found.scalars()}


async def members(
    connection: AsyncConnection, school_id: UUID | None, *, after: UUID | None, limit: int
) -> list[Member]:
    """The staff of a school, or of the region, by name; those after the person ``after``.

    Raises:
        BadPageToken: the list shows nobody like that. From whom else it began would tell how the name of a
            stranger compares.
    """
    by_name = (people.c.surname, people.c.given_name, people.c.patronymic, people.c.id)
    here = (
        select(literal(1))
        .where(
            person_roles.c.person_id == people.c.id,
            person_roles.c.school_id == (school_id or WHOLE_REGION),
            person_roles.c.role.in_(sorted(STAFF)),
        )
        .exists()
    )
    query = select(people.c.id).where(here).order_by(*by_name).limit(limit)
    if after is not None:
        last = (await connection.execute(select(*by_name).where(here, people.c.id == after))).first()
        if last is None:
            raise BadPageToken
        query = query.where(tuple_(*by_name) > tuple_(*map(literal, last)))
    ids = list((await connection.execute(query)).scalars())
    known = await described(connection, ids, school_id)
    return [known[person_id] for person_id in ids]


async def described(
    connection: AsyncConnection, person_ids: Collection[UUID], school_id: UUID | None
) -> dict[UUID, Member]:
    """Persons with what they are at the school, or in the region; who is nobody is not named."""
    ids = list(person_ids)
    enrolled = (
        select(literal(1))
        .select_from(second_factors)
        .join(accounts, accounts.c.id == second_factors.c.account_id)
        .where(accounts.c.person_id == people.c.id, second_factors.c.enrolled_at.is_not(None))
        .exists()
    )
    found = await connection.execute(
        select(
            people.c.id,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            enrolled.label("second_factor"),
        ).where(people.c.id.in_(ids))
    )
    held = await _posts(
        connection,
        person_roles.c.person_id.in_(ids),
        person_roles.c.school_id == (school_id or WHOLE_REGION),
    )
    return {
        row.id: Member(
            row.id,
            FullName(row.surname, row.given_name, row.patronymic),
            tuple(held.get(row.id, ())),
            bool(row.second_factor),
        )
        for row in found
    }


async def posts_of(connection: AsyncConnection, person_id: UUID) -> list[Post]:
    """All staff roles of a person: those of the region first, then by school."""
    held = await _posts(connection, person_roles.c.person_id == person_id)
    return held.get(person_id, [])


async def found(
    connection: AsyncConnection, *, birth_date: date | None, snils_digests: Sequence[bytes]
) -> list[tuple[UUID, FullName]]:
    """Registered persons with this SNILS or birth date, whatever their names."""
    which: list[ColumnElement[bool]] = []
    if snils_digests:
        undisputed = people.c.snils_disputed.is_(False)
        which.append(and_(people.c.snils_index.in_(list(snils_digests)), undisputed))
    if birth_date is not None:
        which.append(people.c.birth_date == birth_date)
    rows = await connection.execute(
        select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic)
        .where(or_(*which), people.c.status == PersonStatus.ACTIVE)
        .order_by(people.c.surname, people.c.given_name, people.c.patronymic, people.c.id)
        .limit(_MOST_LOOKED_AT)
    )
    return [(row.id, FullName(row.surname, row.given_name, row.patronymic)) for row in rows]


async def lock_operators(connection: AsyncConnection) -> None:
    """Let whoever takes this role wait: two who take it from each other must not both succeed."""
    await connection.execute(
        select(person_roles.c.person_id)
        .where(_place(WHOLE_REGION, Role.OPERATOR))
        .order_by(person_roles.c.person_id)
        .with_for_update()
    )


async def has_other_operator(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether somebody else runs the region and may be in."""
    other = await connection.execute(
        select(literal(1))
        .select_from(person_roles)
        .join(people, people.c.id == person_roles.c.person_id)
        .join(accounts, accounts.c.person_id == people.c.id)
        .where(
            _place(WHOLE_REGION, Role.OPERATOR),
            person_roles.c.person_id != person_id,
            people.c.status == PersonStatus.ACTIVE,
            accounts.c.state == AccountState.OPEN,
        )
        .limit(1)
    )
    return other.first() is not None


async def give(
    connection: AsyncConnection, person_id: UUID, school_id: UUID | None, role: Role, *, at: datetime
) -> bool:
    """Give a role; false when it is held."""
    given = await connection.execute(
        insert(person_roles)
        .values(person_id=person_id, school_id=school_id or WHOLE_REGION, role=role, granted_at=at)
        .on_conflict_do_nothing()
    )
    return given.rowcount == 1


async def take(connection: AsyncConnection, person_id: UUID, school_id: UUID | None, role: Role) -> bool:
    """Take a role away; false when it is not held."""
    taken = await connection.execute(
        delete(person_roles).where(
            person_roles.c.person_id == person_id, _place(school_id or WHOLE_REGION, role)
        )
    )
    return taken.rowcount == 1


async def exists(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether the person is registered; locked against other changes of what they are."""
    found = await connection.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())
    return found.first() is not None


async def person_by_login(connection: AsyncConnection, login: str) -> UUID | None:
    """Whose normal login it is."""
    person: UUID | None = await connection.scalar(
        select(accounts.c.person_id).where(accounts.c.login == login)
    )
    return person


async def _posts(connection: AsyncConnection, *which: Any) -> dict[UUID, list[Post]]:
    regional = case((person_roles.c.school_id == WHOLE_REGION, 0), else_=1)
    rows = await connection.execute(
        select(
            person_roles.c.person_id,
            person_roles.c.school_id,
            person_roles.c.role,
            person_roles.c.granted_at,
            func.coalesce(schools.c.title, "").label("title"),
        )
        .join_from(person_roles, schools, schools.c.school_id == person_roles.c.school_id, isouter=True)
        .where(*which, person_roles.c.role.in_(sorted(STAFF)))
        .order_by(regional, "title", person_roles.c.school_id, person_roles.c.role)
    )
    held: dict[UUID, list[Post]] = {}
    for row in rows:
        school_id = None if row.school_id == WHOLE_REGION else row.school_id
        held.setdefault(row.person_id, []).append(Post(school_id, Role(row.role), row.granted_at, row.title))
    return held


def _place(school_id: UUID, role: Role) -> ColumnElement[bool]:
    return and_(person_roles.c.school_id == school_id, person_roles.c.role == role)
