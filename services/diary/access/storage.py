"""The diary's own copy of who is who and who may see whom, from identity's events.

Each row names the event it came from and the version of the owner's fact; an older version never
replaces a newer one. The tables can be emptied and filled again from what identity publishes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple
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
    and_,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.diary.access.rules import Delegation, Relation, known_scopes
from services.diary.metadata import metadata
from services.kit.messaging.completeness import completeness_table
from services.kit.reader import Query, Reader

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
    # GetWeek: may this caller see this pupil? ListMyPupils: whom may the caller see?
    Index("ix_relations_guardian", "guardian_id", "pupil_id"),
)

copies = completeness_table(metadata)

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
    # GetWeek of who is no guardian: what may this caller see of this pupil? ListMyPupils: of whom anything?
    Index("ix_delegations_trusted", "trusted_id", "pupil_id"),
)

WITH_RIGHT: Final = and_(
    relations.c.relation_id == delegations.c.relation_id, relations.c.pupil_id == delegations.c.pupil_id
)
"""Joins a delegation to the relation it was granted by."""

_DELEGATIONS: Final = Query(
    select(
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
    .outerjoin(relations, WITH_RIGHT)
    .where(delegations.c.trusted_id == bindparam("caller_id", type_=Uuid))
    .where(delegations.c.pupil_id == bindparam("pupil_id", type_=Uuid))
)


class DelegationRow(NamedTuple):
    """Columns of a delegation, and those of the relation it was granted by."""

    scopes: list[int]
    valid_from: date | None
    valid_until: date | None
    ended_at: datetime | None
    relation_id: UUID | None
    right_from: date | None
    right_until: date | None
    right_ended_at: datetime | None


async def delegations_to(reader: Reader, *, caller_id: UUID, pupil_id: UUID) -> list[Delegation]:
    """What a caller was ever let see of a pupil."""
    found = await reader.rows(_DELEGATIONS, caller_id=caller_id, pupil_id=pupil_id)
    return [delegation(DelegationRow(*row)) for row in found]


def delegation(row: DelegationRow) -> Delegation:
    """A delegation as the rules judge it."""
    return Delegation(
        known_scopes(row.scopes),
        row.valid_from,
        row.valid_until,
        row.ended_at is not None,
        # Of a relation that was not told yet no day is known: it does not hold.
        by=Relation(row.right_from, row.right_until, row.right_ended_at is not None),
        by_pupil=row.relation_id is None,
    )
