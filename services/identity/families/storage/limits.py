"""What courts forbid, as rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    and_,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.rules.relations import (
    CourtLimit,
    LimitKind,
)
from services.identity.families.storage.standing import holds_on, relations
from services.identity.metadata import metadata
from services.identity.people.rules import FullName
from services.identity.people.storage import people

court_limits = Table(
    "court_limits",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),  # the school that registered it
    Column("kind", Text, nullable=False),  # a `LimitKind`
    Column("document", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),  # the last day; null: no end is set
    # The relation that NO_ACCESS has ended, to be taken up again.
    Column("interrupted", Uuid, ForeignKey("relations.id")),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("registered_by", Uuid, nullable=False),
    Column("lifted_at", DateTime(timezone=True)),  # null: not lifted by anybody
    Column("lifted_by", Uuid),
    Column("lifted_why", Text),
    # The limits of a pupil's family, and of two; nobody is forbidden the same twice.
    Index(
        "court_limits_one_in_force",
        "pupil_id",
        "guardian_id",
        "kind",
        unique=True,
        postgresql_where=text("lifted_at IS NULL"),
    ),
)


def in_force(day: date) -> ColumnElement[bool]:
    """Whether a limit holds on a day."""
    return and_(
        court_limits.c.lifted_at.is_(None),
        or_(court_limits.c.valid_until.is_(None), court_limits.c.valid_until >= day),
    )


async def limits_of_pair(
    connection: AsyncConnection, guardian_id: UUID, pupil_id: UUID, *, on: date
) -> set[LimitKind]:
    """What a court forbids somebody concerning a pupil on a day."""
    found = await connection.execute(
        select(court_limits.c.kind).where(
            court_limits.c.guardian_id == guardian_id, court_limits.c.pupil_id == pupil_id, in_force(on)
        )
    )
    return {LimitKind(row.kind) for row in found}


async def guardians_who_may_grant(connection: AsyncConnection, pupil_id: UUID, *, on: date) -> set[UUID]:
    """Who stands for the pupil on a day and may admit others; see `rules.may_share`."""
    forbidden = exists().where(
        court_limits.c.pupil_id == pupil_id,
        court_limits.c.guardian_id == relations.c.guardian_id,
        in_force(on),
    )
    found = await connection.execute(
        select(relations.c.guardian_id).where(relations.c.pupil_id == pupil_id, holds_on(on), ~forbidden)
    )
    return set(found.scalars())


async def unlifted(
    connection: AsyncConnection, guardian_id: UUID, pupil_id: UUID, kind: LimitKind
) -> CourtLimit | None:
    """The limit of this kind that nobody has lifted; its last day may have passed."""
    found = await connection.execute(
        select(court_limits).where(
            court_limits.c.guardian_id == guardian_id,
            court_limits.c.pupil_id == pupil_id,
            court_limits.c.kind == kind,
            court_limits.c.lifted_at.is_(None),
        )
    )
    row = found.first()
    return None if row is None else _limit(row)


async def limit(connection: AsyncConnection, limit_id: UUID) -> tuple[CourtLimit, datetime | None] | None:
    """A limit, and when it was lifted."""
    found = await connection.execute(select(court_limits).where(court_limits.c.id == limit_id))
    row = found.first()
    return None if row is None else (_limit(row), row.lifted_at)


async def limits_of_pupil(
    connection: AsyncConnection, pupil_id: UUID, *, on: date
) -> list[tuple[CourtLimit, FullName]]:
    """What is forbidden to whom concerning a pupil on a day, with their names."""
    found = await connection.execute(
        select(court_limits, people.c.surname, people.c.given_name, people.c.patronymic)
        .join_from(court_limits, people, people.c.id == court_limits.c.guardian_id)
        .where(court_limits.c.pupil_id == pupil_id, in_force(on))
        .order_by(court_limits.c.registered_at, court_limits.c.id)
    )
    return [(_limit(row), FullName(row.surname, row.given_name, row.patronymic)) for row in found]


async def insert_limit(connection: AsyncConnection, new: CourtLimit, *, by: UUID, at: datetime) -> None:
    """Write a new limit down."""
    await connection.execute(
        insert(court_limits).values(
            id=new.id,
            guardian_id=new.guardian_id,
            pupil_id=new.pupil_id,
            school_id=new.school_id,
            kind=new.kind,
            document=new.document,
            valid_from=new.valid_from,
            valid_until=new.valid_until,
            interrupted=new.interrupted,
            registered_at=at,
            registered_by=by,
        )
    )


async def lift(connection: AsyncConnection, limit_id: UUID, *, by: UUID, why: str, at: datetime) -> None:
    """Write down that a limit is no more."""
    await connection.execute(
        update(court_limits)
        .where(court_limits.c.id == limit_id)
        .values(lifted_at=at, lifted_by=by, lifted_why=why)
    )


def _limit(row: Any) -> CourtLimit:
    return CourtLimit(
        row.id,
        row.guardian_id,
        row.pupil_id,
        row.school_id,
        LimitKind(row.kind),
        row.document,
        row.valid_from,
        row.valid_until,
        row.interrupted,
    )
