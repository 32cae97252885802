"""Facts that others copy, page by page in the order of ids, and what waits in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.copies.rules import Matter
from services.identity.delegations.rules import Delegation, Scope
from services.identity.delegations.storage import delegations
from services.identity.families.rules.relations import Relation
from services.identity.families.storage import relation_of, relations
from services.identity.people.rules import Person
from services.identity.people.storage import people, person_of, roles_of_person
from services.kit.tables import outbox

# An invitation that nobody has accepted was told to nobody.
_TOLD: Final[Mapping[Matter, tuple[Table, ColumnElement[bool]]]] = MappingProxyType(
    {
        Matter.RELATIONS: (relations, true()),
        Matter.DELEGATIONS: (delegations, delegations.c.accepted_at.is_not(None)),
        Matter.PEOPLE: (people, true()),
    }
)


async def how_many(connection: AsyncConnection, matter: Matter, *, after: UUID | None) -> int:
    """How many facts there are to tell."""
    table, told = _TOLD[matter]
    query = select(func.count()).select_from(table).where(told, _beyond(table, after))
    return int((await connection.execute(query)).scalar_one())


async def next_relations(
    connection: AsyncConnection, *, after: UUID | None, most: int
) -> list[tuple[Relation, datetime | None]]:
    """Relations and when each was ended, if it was: a copy may not have heard of the end."""
    rows = await _page(connection, select(relations), Matter.RELATIONS, after=after, most=most)
    return [(relation_of(row), row.ended_at) for row in rows]


async def next_delegations(connection: AsyncConnection, *, after: UUID | None, most: int) -> list[Delegation]:
    """Delegations that somebody has accepted, also those that are over; by which address is left out."""
    rows = await _page(connection, select(delegations), Matter.DELEGATIONS, after=after, most=most)
    return [
        Delegation(
            id=row.id,
            pupil_id=row.pupil_id,
            grantor_id=row.grantor_id,
            relation_id=row.relation_id,
            scopes=frozenset(Scope(number) for number in row.scopes),
            valid_until=row.valid_until,
            invited_at=row.invited_at,
            answer_by=row.answer_by,
            trusted_id=row.trusted_id,
            accepted_at=row.accepted_at,
            ended_at=row.ended_at,
            version=row.version,
        )
        for row in rows
    ]


async def next_people(
    connection: AsyncConnection, *, after: UUID | None, most: int
) -> list[tuple[Person, int]]:
    """Persons at their versions, whatever has become of them: their names stand beside what they did."""
    columns = select(
        people.c.id,
        people.c.surname,
        people.c.given_name,
        people.c.patronymic,
        people.c.version,
        roles_of_person.label("roles"),
    )
    rows = await _page(connection, columns, Matter.PEOPLE, after=after, most=most)
    return [(person_of(row), row.version) for row in rows]


async def waiting(connection: AsyncConnection, *, most: int) -> tuple[int, UUID | None]:
    """How many events are not published yet, ``most`` at the most, and the oldest of them."""
    query = select(outbox.c.id).where(outbox.c.stream_seq.is_(None)).order_by(outbox.c.id).limit(most)
    ids = list((await connection.execute(query)).scalars())
    return len(ids), ids[0] if ids else None


async def _page(
    connection: AsyncConnection, columns: Select[Any], matter: Matter, *, after: UUID | None, most: int
) -> list[Any]:
    table, told = _TOLD[matter]
    found = await connection.execute(
        columns.where(told, _beyond(table, after)).order_by(table.c.id).limit(most)
    )
    return list(found)


def _beyond(table: Table, after: UUID | None) -> ColumnElement[bool]:
    return true() if after is None else table.c.id > after
