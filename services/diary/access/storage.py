"""The diary's own copy of who is who and who may see whom, from identity's events.

Each row names the event it came from and the version of the owner's fact; an older version never
replaces a newer one. The tables can be emptied and filled again from what identity publishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.metadata import metadata

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


async def keep_newest(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> None:
    """Write a copied fact unless the table holds it at the same or a newer version.

    Events may come late, twice and in any order; whatever the order, the newest version stays.
    """
    fresh = insert(table).values(row)
    key = [column.name for column in table.primary_key.columns]
    changed = {name: fresh.excluded[name] for name in row if name not in key}
    await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=key, set_=changed, where=table.c.version < fresh.excluded.version
        )
    )
