"""The service's own copy of who is who and who may hear of whom, from identity's events.

Each row names the event it came from and the version of the owner's fact; an older version never replaces a
newer one. The tables can be emptied and filled again from what identity publishes.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.messaging.completeness import completeness_table
from services.notifications.access.rules import Delegation, Relation
from services.notifications.metadata import metadata

persons = Table(
    "persons",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    # "Иванова Анна Петровна"
    Column("display_name", Text, nullable=False),
    # The version of identity's fact.
    Column("version", BigInteger, nullable=False),
    # The event that told it; empty when the row was loaded together with the owner's.
    Column("source_event", Uuid),
)

relations = Table(
    "relations",
    metadata,
    Column("relation_id", Uuid, primary_key=True),
    # Empty while nothing was told of it that could be read: it counts as ended then.
    Column("guardian_id", Uuid),
    Column("pupil_id", Uuid),
    # The first day; empty when the end was told before the beginning.
    Column("valid_from", Date),
    # The last day; empty when no end is set.
    Column("valid_until", Date),
    # Set when the relation is over, whatever its days say.
    Column("ended_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid),
    # Who is to be told of this pupil?
    Index("ix_relations_pupil", "pupil_id"),
)

delegations = Table(
    "delegations",
    metadata,
    Column("delegation_id", Uuid, primary_key=True),
    # Empty while nothing was told of it that could be read: it counts as ended then.
    Column("trusted_id", Uuid),
    Column("pupil_id", Uuid),
    # The guardian's relation without which it does not hold; empty when the pupil granted it.
    Column("relation_id", Uuid),
    # Numbers of `school.access.v1.Scope`; none when the end was told before the beginning.
    Column("scopes", ARRAY(SmallInteger), nullable=False, server_default=text("'{}'")),
    # The first and the last day; empty when the end was told before the beginning.
    Column("valid_from", Date),
    Column("valid_until", Date),
    # Set when the delegation is over, whatever its days say.
    Column("ended_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid),
    # Who is to be told of this pupil?
    Index("ix_delegations_pupil", "pupil_id"),
)

copies = completeness_table(metadata)


async def guardians_of(connection: AsyncConnection, pupil_id: UUID) -> list[tuple[UUID, Relation]]:
    """Everybody who stands, stood or will stand for a pupil, and when."""
    rows = await connection.execute(
        select(
            relations.c.guardian_id, relations.c.valid_from, relations.c.valid_until, relations.c.ended_at
        ).where(relations.c.pupil_id == pupil_id)
    )
    return [
        (row.guardian_id, Relation(row.valid_from, row.valid_until, ended=row.ended_at is not None))
        for row in rows
    ]


async def trusted_with(connection: AsyncConnection, pupil_id: UUID) -> list[tuple[UUID, Delegation]]:
    """Everybody who is, was or will be trusted with a pupil, and how far."""
    rows = await connection.execute(
        select(
            delegations.c.trusted_id,
            delegations.c.scopes,
            delegations.c.valid_from,
            delegations.c.valid_until,
            delegations.c.ended_at,
            delegations.c.relation_id,
            relations.c.valid_from.label("right_from"),
            relations.c.valid_until.label("right_until"),
            relations.c.ended_at.label("right_ended_at"),
        )
        .select_from(delegations)
        .outerjoin(
            relations,
            and_(
                relations.c.relation_id == delegations.c.relation_id,
                relations.c.pupil_id == delegations.c.pupil_id,
            ),
        )
        .where(delegations.c.pupil_id == pupil_id)
    )
    return [
        (
            row.trusted_id,
            Delegation(
                frozenset(row.scopes),
                Relation(row.valid_from, row.valid_until, ended=row.ended_at is not None),
                # Of a relation that was not told yet no day is known: it does not hold.
                by=Relation(row.right_from, row.right_until, ended=row.right_ended_at is not None),
                by_pupil=row.relation_id is None,
            ),
        )
        for row in rows
    ]


async def hold_family(connection: AsyncConnection, pupil_id: UUID, *, changing: bool) -> None:
    """Until the transaction ends, nobody joins or leaves the pupil's family; or nobody is told of the pupil.

    Telling and relating may happen at the same instant in two transactions that do not see each other; one
    must wait for the other, or the new guardian would miss the notice. Those who only tell do not wait for
    one another.
    """
    lock = func.pg_advisory_xact_lock if changing else func.pg_advisory_xact_lock_shared
    await connection.execute(select(lock(func.hashtextextended(str(pupil_id), 0))))
