"""Roles that have ended, as rows; whether anything is left that connects a person with the region."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    FromClause,
    Index,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from services.identity.leaving.rules import AtSchool, FormerRole
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, PersonStatus, Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.kit.ids import new_id

former_roles = Table(
    "former_roles",
    metadata,
    # Grows with time: the order in which people left.
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),
    Column("role", Text, nullable=False),  # a `Role`
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("ended_by", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    # Who has left a school, the last first.
    Index("former_roles_by_school", "school_id", "id"),
    # What somebody was at a school; an export.
    Index("former_roles_by_person", "person_id", "school_id"),
)


async def lock_person(connection: AsyncConnection, person_id: UUID) -> None:
    """Have whoever changes what the person is, or makes them a guardian, wait for this transaction."""
    await connection.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())


async def end_roles(
    connection: AsyncConnection,
    person_id: UUID,
    school_id: UUID,
    roles: Collection[Role],
    *,
    by: UUID,
    reason: str,
    at: datetime,
) -> list[Role]:
    """End what the person is of these roles; what that was. The rows move, nothing is lost."""
    ended = await connection.execute(
        delete(person_roles)
        .where(
            person_roles.c.person_id == person_id,
            person_roles.c.school_id == school_id,
            person_roles.c.role.in_(sorted(roles)),
        )
        .returning(person_roles.c.role, person_roles.c.granted_at)
    )
    rows = ended.all()
    if rows:
        await connection.execute(
            insert(former_roles),
            [
                {
                    "id": new_id(),
                    "person_id": person_id,
                    "school_id": school_id,
                    "role": row.role,
                    "granted_at": row.granted_at,
                    "ended_at": at,
                    "ended_by": by,
                    "reason": reason,
                }
                for row in rows
            ],
        )
    return sorted(Role(row.role) for row in rows)


async def give_back(
    connection: AsyncConnection, person_id: UUID, school_id: UUID, roles: Collection[Role], *, at: datetime
) -> list[Role]:
    """Give the person these roles at the school; those that were not held."""
    given = await connection.execute(
        postgresql.insert(person_roles)
        .values(
            [
                {"person_id": person_id, "school_id": school_id, "role": role, "granted_at": at}
                for role in sorted(roles)
            ]
        )
        .on_conflict_do_nothing()
        .returning(person_roles.c.role)
    )
    return sorted(Role(role) for role in given.scalars())


async def leave_unless_connected(connection: AsyncConnection, person_id: UUID, *, today: date) -> bool:
    """Have a locked person leave the region if nothing connects them with it; whether they have, just now.

    What connects: a role at any school or of the region; a pupil to stand for, now or from a day to come;
    what a family has entrusted. A blocked person stays blocked.
    """
    left = await connection.execute(
        update(people)
        .where(
            people.c.id == person_id,
            people.c.status == PersonStatus.ACTIVE,
            ~exists().where(person_roles.c.person_id == person_id),
            ~exists().where(
                relations.c.guardian_id == person_id,
                relations.c.ended_at.is_(None),
                or_(relations.c.valid_until.is_(None), relations.c.valid_until >= today),
            ),
            ~exists().where(
                delegations.c.trusted_id == person_id,
                delegations.c.accepted_at.is_not(None),
                delegations.c.ended_at.is_(None),
                delegations.c.valid_until >= today,
            ),
        )
        .values(status=PersonStatus.LEFT)
    )
    return left.rowcount == 1


async def at_school(
    connection: AsyncConnection, school_id: UUID, person_ids: Collection[UUID]
) -> dict[UUID, AtSchool]:
    """What persons are and were at a school; who is nobody is not named."""
    ids = list(person_ids)
    held: dict[UUID, set[Role]] = {}
    roles = await connection.execute(
        select(person_roles.c.person_id, person_roles.c.role).where(
            person_roles.c.person_id.in_(ids), person_roles.c.school_id == school_id
        )
    )
    for row in roles:
        held.setdefault(row.person_id, set()).add(Role(row.role))
    former = await _former(connection, school_id, ids)
    found = await connection.execute(
        select(
            people.c.id, people.c.surname, people.c.given_name, people.c.patronymic, people.c.status
        ).where(people.c.id.in_(ids))
    )
    return {
        row.id: AtSchool(
            row.id,
            FullName(row.surname, row.given_name, row.patronymic),
            frozenset(held.get(row.id, ())),
            tuple(former.get(row.id, ())),
            left_region=row.status == PersonStatus.LEFT,
        )
        for row in found
    }


async def former_people(
    connection: AsyncConnection, school_id: UUID, *, after: UUID | None, limit: int
) -> list[tuple[UUID, UUID]]:
    """Who is something no more at the school, each with the id of their last end; the latest first."""
    newer = former_roles.alias("newer")
    is_last = ~exists().where(
        newer.c.person_id == former_roles.c.person_id,
        newer.c.school_id == former_roles.c.school_id,
        newer.c.id > former_roles.c.id,
    )
    query = (
        select(former_roles.c.person_id, former_roles.c.id)
        .where(former_roles.c.school_id == school_id, is_last, _former_somehow())
        .order_by(former_roles.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(former_roles.c.id < after)
    return [(row.person_id, row.id) for row in await connection.execute(query)]


def _former_somehow() -> ColumnElement[bool]:
    """Whether the person of a row lacks any role that ended at the school: what was given back is no loss."""
    lost = former_roles.alias("lost")
    return exists().where(
        lost.c.person_id == former_roles.c.person_id,
        lost.c.school_id == former_roles.c.school_id,
        ~_is_held(lost),
    )


def _elsewhere_since() -> ColumnElement[bool]:
    """Whether another school has given the person a role since one ended here, be it over by now."""
    later = former_roles.alias("later")
    return or_(
        exists().where(
            person_roles.c.person_id == former_roles.c.person_id,
            person_roles.c.school_id.not_in([former_roles.c.school_id, WHOLE_REGION]),
            person_roles.c.granted_at >= former_roles.c.ended_at,
        ),
        exists().where(
            later.c.person_id == former_roles.c.person_id,
            later.c.school_id != former_roles.c.school_id,
            later.c.granted_at >= former_roles.c.ended_at,
        ),
    )


def _is_held(ended: FromClause) -> ColumnElement[bool]:
    return exists().where(
        person_roles.c.person_id == ended.c.person_id,
        person_roles.c.school_id == ended.c.school_id,
        person_roles.c.role == ended.c.role,
    )


async def _former(
    connection: AsyncConnection, school_id: UUID, ids: list[UUID]
) -> dict[UUID, list[FormerRole]]:
    found = await connection.execute(
        select(former_roles, _elsewhere_since().label("elsewhere_since"))
        .ext(postgresql.distinct_on(former_roles.c.person_id, former_roles.c.role))
        .where(
            former_roles.c.person_id.in_(ids), former_roles.c.school_id == school_id, ~_is_held(former_roles)
        )
        .order_by(former_roles.c.person_id, former_roles.c.role, former_roles.c.id.desc())
    )
    former: dict[UUID, list[FormerRole]] = {}
    for row in sorted(found, key=lambda each: each.id, reverse=True):
        one = FormerRole(
            Role(row.role), row.granted_at, row.ended_at, row.reason, elsewhere_since=row.elsewhere_since
        )
        former.setdefault(row.person_id, []).append(one)
    return former
