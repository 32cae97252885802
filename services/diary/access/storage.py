"""The diary's own copy of who is who and who may see whom, from identity's events.

Each row names the event it came from and the version of the owner's fact; an older version never
replaces a newer one. The tables can be emptied and filled again from what identity publishes.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.metadata import metadata
from services.kit.messaging.completeness import completeness_table

persons = Table(
    "persons",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    # "Иванова Анна Петровна"
    Column("display_name", Text, nullable=False),
    # Numbers of `school.access.v1.Role`.
    Column("roles", ARRAY(SmallInteger), nullable=False),
    # The version of identity's fact.
    Column("version", BigInteger, nullable=False),
    # The event that told it; empty when the row was loaded together with the owner's.
    Column("source_event", Uuid),
)

relations = Table(
    "relations",
    metadata,
    Column("relation_id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, nullable=False),
    Column("pupil_id", Uuid, nullable=False),
    # The first day; empty when the end was told before the beginning.
    Column("valid_from", Date),
    # The last day; empty when no end is set.
    Column("valid_until", Date),
    # Set when the relation is over, whatever its days say.
    Column("ended_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid),
    # GetWeek: may this caller see this pupil? ListMyPupils: whom may the caller see?
    Index("ix_relations_guardian", "guardian_id", "pupil_id"),
)

copies = completeness_table(metadata)


async def distrust_relation(connection: AsyncConnection, relation_id: UUID, *, version: int) -> None:
    """Have a relation hold no more, if a newer version of it than ours could not be read."""
    await connection.execute(
        update(relations)
        .where(relations.c.relation_id == relation_id, relations.c.version < version)
        .values(ended_at=func.coalesce(relations.c.ended_at, func.now()))
    )
