"""Identity's own copy of schools, classes and who studies where, from the diary's events.

Each row names the event it came from and the version of the diary's fact; an older version never replaces a
newer one. The tables can be emptied and filled again from what the diary publishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.metadata import metadata
from services.identity.schools.rules import Connection

schools = Table(
    "schools",
    metadata,
    Column("school_id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("zone", Text, nullable=False),  # an IANA zone: whose days count at this school
    Column("connection", Text, nullable=False, server_default=text("'CONNECTED'")),  # a `Connection`
    Column("connects_on", Date),  # the first day of a planned connection; null: none is set
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid, nullable=False),
)

classes = Table(
    "classes",
    metadata,
    Column("class_id", Uuid, primary_key=True),
    # These three are empty while nothing was told of it that could be read: then it is no school's.
    Column("school_id", Uuid),
    Column("title", Text),
    Column("grade", SmallInteger),
    Column("homeroom_teacher_id", Uuid),  # empty: nobody is, or what was told of it last could not be read
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid, nullable=False),
    # The classes of a homeroom teacher.
    Index("classes_by_homeroom_teacher", "homeroom_teacher_id", "school_id"),
    # The classes of a school.
    Index("classes_by_school", "school_id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("membership_id", Uuid, primary_key=True),
    # Empty while nothing was told of it that could be read.
    Column("class_id", Uuid),
    Column("school_id", Uuid),
    Column("pupil_id", Uuid),
    # Empty when what was told of it last could not be read: then it does not hold.
    Column("valid_from", Date),
    Column("valid_until", Date),  # the last day; null: no end is set
    Column("version", BigInteger, nullable=False),
    Column("source_event", Uuid, nullable=False),
    # The members of a class.
    Index("memberships_by_class", "class_id", "pupil_id"),
    # The class of a pupil.
    Index("memberships_by_pupil", "pupil_id"),
)


@dataclass(frozen=True, slots=True)
class School:
    """A school of the region."""

    id: UUID
    title: str
    zone: ZoneInfo
    connection: Connection = Connection.CONNECTED
    connects_on: date | None = None


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """A class of a school."""

    id: UUID
    school_id: UUID
    title: str
    grade: int
    homeroom_teacher_id: UUID | None


def holds_on(today: date) -> ColumnElement[bool]:
    """Whether a membership holds on a day."""
    return and_(
        memberships.c.valid_from <= today,
        or_(memberships.c.valid_until.is_(None), memberships.c.valid_until >= today),
    )


async def school(connection: AsyncConnection, school_id: UUID) -> School | None:
    """The school, if the diary has told of it."""
    found = await connection.execute(select(schools).where(schools.c.school_id == school_id))
    row = found.first()
    return None if row is None else _school(row)


async def schools_titled(connection: AsyncConnection, words: Sequence[str], *, limit: int) -> list[School]:
    """Schools whose title contains each of ``words`` (folded as `rules.words_of` does), by title.

    Reads all schools of a region, a thousand or two: no index helps what begins anywhere.
    """
    title = func.translate(func.lower(schools.c.title), "ё", "е")
    found = await connection.execute(
        select(schools)
        .where(*(title.contains(word, autoescape=True) for word in words))
        .order_by(schools.c.title, schools.c.school_id)
        .limit(limit)
    )
    return [_school(row) for row in found]


async def school_class(connection: AsyncConnection, school_id: UUID, class_id: UUID) -> SchoolClass | None:
    """The class of this school."""
    found = await connection.execute(
        select(classes).where(classes.c.class_id == class_id, classes.c.school_id == school_id)
    )
    row = found.first()
    return None if row is None else _class(row)


async def classes_of_school(
    connection: AsyncConnection, school_id: UUID, *, today: date
) -> list[SchoolClass]:
    """The classes of a school in which somebody studies today, by grade and title; past years rest."""
    return await _classes(connection, today, classes.c.school_id == school_id)


async def classes_of_homeroom_teacher(
    connection: AsyncConnection, school_id: UUID, person_id: UUID, *, today: date
) -> list[SchoolClass]:
    """The classes of a homeroom teacher in which somebody studies today."""
    own = and_(classes.c.homeroom_teacher_id == person_id, classes.c.school_id == school_id)
    return await _classes(connection, today, own)


async def members(connection: AsyncConnection, class_id: UUID, *, today: date) -> list[UUID]:
    """The pupils of a class today."""
    found = await connection.execute(
        select(memberships.c.pupil_id)
        .where(memberships.c.class_id == class_id, holds_on(today))
        .distinct()
        .order_by(memberships.c.pupil_id)
    )
    return list(found.scalars())


async def classes_of_pupils(
    connection: AsyncConnection, school_id: UUID, pupil_ids: Iterable[UUID], *, today: date
) -> dict[UUID, list[SchoolClass]]:
    """In which classes of a school pupils study today; who studies in none is not named."""
    found = await connection.execute(
        select(memberships.c.pupil_id, classes)
        .join_from(memberships, classes, classes.c.class_id == memberships.c.class_id)
        .where(
            memberships.c.pupil_id.in_(list(pupil_ids)),
            memberships.c.school_id == school_id,
            classes.c.school_id == school_id,
            holds_on(today),
        )
        .order_by(memberships.c.pupil_id, classes.c.grade, classes.c.title)
    )
    places: dict[UUID, list[SchoolClass]] = {}
    for row in found:
        here = places.setdefault(row.pupil_id, [])
        if row.class_id not in {each.id for each in here}:
            here.append(_class(row))
    return places


async def _classes(
    connection: AsyncConnection, today: date, *which: ColumnElement[bool]
) -> list[SchoolClass]:
    attended = (
        select(memberships.c.class_id)
        .where(memberships.c.class_id == classes.c.class_id, holds_on(today))
        .exists()
    )
    found = await connection.execute(
        select(classes).where(*which, attended).order_by(classes.c.grade, classes.c.title, classes.c.class_id)
    )
    return [_class(row) for row in found]


def _school(row: Any) -> School:
    return School(row.school_id, row.title, ZoneInfo(row.zone), Connection(row.connection), row.connects_on)


def _class(row: Any) -> SchoolClass:
    return SchoolClass(row.class_id, row.school_id, row.title, row.grade, row.homeroom_teacher_id)
