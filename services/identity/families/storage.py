"""Relations between guardians and pupils, as rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    bindparam,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.rules import Child, Relation, RelationKind
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, PersonStatus
from services.identity.people.storage import people

relations = Table(
    "relations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),  # the school that registered it
    Column("kind", Text, nullable=False),  # a `RelationKind`
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),  # the last day; null: no end is set
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),  # null: not ended by anybody
    # Grows with each change; the version of the relation's events.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # A guardian's children; and no two relations of the same two at once.
    Index(
        "relations_one_per_pair",
        "guardian_id",
        "pupil_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    # A pupil's guardians.
    Index("relations_by_pupil", "pupil_id"),
)


# Asked for with every family's first page: building it costs more than the database needs to run it.
_CHILDREN = (
    select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic, relations.c.kind)
    .join_from(relations, people, people.c.id == relations.c.pupil_id)
    .where(
        relations.c.guardian_id == bindparam("guardian"),
        relations.c.ended_at.is_(None),
        relations.c.valid_from <= bindparam("today"),
        or_(relations.c.valid_until.is_(None), relations.c.valid_until >= bindparam("today")),
        people.c.status == PersonStatus.ACTIVE,
    )
)


async def children_of(connection: AsyncConnection, guardian_id: UUID, *, today: date) -> list[Child]:
    """The pupils whom a guardian stands for on a day."""
    found = await connection.execute(_CHILDREN, {"guardian": guardian_id, "today": today})
    return [
        Child(row.id, FullName(row.surname, row.given_name, row.patronymic), RelationKind(row.kind))
        for row in found
    ]


async def person_exists(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether an active person of the region has this id."""
    found = await connection.execute(
        select(literal(1)).where(people.c.id == person_id, people.c.status == PersonStatus.ACTIVE)
    )
    return found.first() is not None


async def insert_relation(connection: AsyncConnection, relation: Relation, *, at: datetime) -> bool:
    """Insert a relation, unless the two have one that nobody has ended; whether this call did it."""
    inserted = await connection.execute(
        insert(relations).on_conflict_do_nothing().returning(relations.c.id),
        {
            "id": relation.id,
            "guardian_id": relation.guardian_id,
            "pupil_id": relation.pupil_id,
            "school_id": relation.school_id,
            "kind": relation.kind,
            "valid_from": relation.valid_from,
            "valid_until": relation.valid_until,
            "registered_at": at,
            "version": relation.version,
        },
    )
    return inserted.first() is not None


async def relation_of_pair(connection: AsyncConnection, guardian_id: UUID, pupil_id: UUID) -> Relation | None:
    """The relation of the two that nobody has ended, locked; its last day may have passed."""
    found = await connection.execute(
        select(relations)
        .where(
            relations.c.guardian_id == guardian_id,
            relations.c.pupil_id == pupil_id,
            relations.c.ended_at.is_(None),
        )
        .with_for_update()
    )
    row = found.first()
    return None if row is None else _relation(row)


async def relation_for_update(
    connection: AsyncConnection, relation_id: UUID
) -> tuple[Relation, datetime | None] | None:
    """A relation and when it was ended, locked until the transaction ends."""
    found = await connection.execute(select(relations).where(relations.c.id == relation_id).with_for_update())
    row = found.first()
    return None if row is None else (_relation(row), row.ended_at)


async def end_relation(connection: AsyncConnection, relation: Relation, *, at: datetime) -> None:
    """End a relation at its next version."""
    await connection.execute(
        update(relations)
        .where(relations.c.id == relation.id)
        .values(ended_at=at, version=relation.version + 1)
    )


def _relation(row: Any) -> Relation:
    return Relation(
        row.id,
        row.guardian_id,
        row.pupil_id,
        row.school_id,
        RelationKind(row.kind),
        row.valid_from,
        row.valid_until,
        row.version,
    )
