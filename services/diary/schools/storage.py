"""Schools, their years and classes, and who studies where.

These tables are small and change rarely. Where a region's database is spread over several machines by
school, they are copied to each of them, so that a lookup by pupil or teacher asks one machine only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import ROLE_PUPIL
from services.diary.access.storage import WITH_RIGHT, delegations, persons, relations
from services.diary.metadata import AnyRow, metadata
from services.diary.schools.rules import Connection
from services.kit.reader import Query, Reader

schools = Table(
    "schools",
    metadata,
    Column("school_id", Uuid, primary_key=True),
    # The short name that people use: "Школа № 12".
    Column("title", Text, nullable=False),
    # An IANA zone: a region may span several, so dates and lesson times are read in the school's own.
    Column("zone", Text, nullable=False),
    # The name of a scale in `marks.rules.SCALES`.
    Column("mark_scale", Text, nullable=False, server_default="five_point"),
    # A `rules.Connection`: whether it works with the mesh.
    Column("connection", Text, nullable=False, server_default=text("'CONNECTED'")),
    # The first day, of a connection that is planned; empty when none is set.
    Column("connects_on", Date),
    # Grows with each change; the version of the school's events, and below of the class's and membership's.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
)

years = Table(
    "years",
    metadata,
    Column("school_id", Uuid, ForeignKey("schools.school_id"), nullable=False),
    Column("year_id", Uuid, nullable=False),
    # "2025/2026"
    Column("title", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    # The last day; all ends in this file belong to the span.
    Column("ends_on", Date, nullable=False),
    PrimaryKeyConstraint("school_id", "year_id"),
    CheckConstraint("starts_on <= ends_on", name="order"),
)

terms = Table(
    "terms",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("term_id", Uuid, nullable=False),
    Column("year_id", Uuid, nullable=False),
    # "1 четверть"
    Column("title", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    PrimaryKeyConstraint("school_id", "term_id"),
    ForeignKeyConstraint(["school_id", "year_id"], ["years.school_id", "years.year_id"]),
    CheckConstraint("starts_on <= ends_on", name="order"),
)

holidays = Table(
    "holidays",
    metadata,
    Column("school_id", Uuid, ForeignKey("schools.school_id"), nullable=False),
    Column("holiday_id", Uuid, nullable=False),
    # "Осенние каникулы", "День народного единства"
    Column("title", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    # Empty for the whole school; 1 for the additional week of the first grade in February.
    Column("only_grade", SmallInteger),
    PrimaryKeyConstraint("school_id", "holiday_id"),
    CheckConstraint("starts_on <= ends_on", name="order"),
)

subjects = Table(
    "subjects",
    metadata,
    Column("school_id", Uuid, ForeignKey("schools.school_id"), nullable=False),
    Column("subject_id", Uuid, nullable=False),
    # "Алгебра"
    Column("title", Text, nullable=False),
    PrimaryKeyConstraint("school_id", "subject_id"),
)

# Who gives lessons at which school; the lessons themselves name their teacher.
teachers = Table(
    "teachers",
    metadata,
    Column("teacher_id", Uuid, nullable=False),
    Column("school_id", Uuid, ForeignKey("schools.school_id"), nullable=False),
    # By teacher first: the question is always "at which schools does the caller teach?".
    PrimaryKeyConstraint("teacher_id", "school_id"),
)

# A class of one school year: next year's 8Б is another class than this year's 7Б.
classes = Table(
    "classes",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("class_id", Uuid, nullable=False),
    Column("year_id", Uuid, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    # "7Б"
    Column("title", Text, nullable=False),
    Column("homeroom_teacher_id", Uuid),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("school_id", "class_id"),
    ForeignKeyConstraint(["school_id", "year_id"], ["years.school_id", "years.year_id"]),
    CheckConstraint("grade BETWEEN 1 AND 11", name="grade"),
)

# A pupil in a class, from the first day to the last; who comes back has two rows.
memberships = Table(
    "memberships",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("class_id", Uuid, nullable=False),
    Column("pupil_id", Uuid, nullable=False),
    Column("from_on", Date, nullable=False),
    # The last day; empty while the pupil is in the class. The rollover of the year sets it.
    Column("until_on", Date),
    # What the others call this row: it stays while its days change.
    Column("membership_id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # By class: the pupils of a lesson, and whether one pupil was in the class on its day.
    PrimaryKeyConstraint("school_id", "class_id", "pupil_id", "from_on"),
    ForeignKeyConstraint(["school_id", "class_id"], ["classes.school_id", "classes.class_id"]),
    CheckConstraint("from_on <= until_on", name="order"),
    # By pupil: where a child studied in a week (GetWeek), or studies today (ListMyPupils).
    Index("ix_memberships_pupil", "pupil_id", "from_on"),
    # One event, one row.
    UniqueConstraint("membership_id"),
)


async def school_for_update(connection: AsyncConnection, school_id: UUID) -> AnyRow | None:
    """A school, locked until the transaction ends."""
    found = await connection.execute(
        select(schools).where(schools.c.school_id == school_id).with_for_update()
    )
    return found.first()


async def insert_school(
    connection: AsyncConnection, school_id: UUID, *, title: str, zone: str, state: Connection
) -> None:
    """A new school, without years and classes."""
    await connection.execute(
        insert(schools).values(school_id=school_id, title=title, zone=zone, connection=state)
    )


async def set_connection(
    connection: AsyncConnection, school_id: UUID, *, state: Connection, on: date | None, version: int
) -> None:
    """Whether a school works with the mesh, at a new version of it."""
    await connection.execute(
        update(schools)
        .where(schools.c.school_id == school_id)
        .values(connection=state, connects_on=on, version=version)
    )


@dataclass(frozen=True, slots=True)
class SchoolOfTeacher:
    """A school at which a teacher gives lessons."""

    school_id: UUID
    title: str
    zone: ZoneInfo


_SCHOOLS_OF_TEACHER: Final = (
    select(schools.c.school_id, schools.c.title, schools.c.zone)
    .join_from(teachers, schools, teachers.c.school_id == schools.c.school_id)
    .where(teachers.c.teacher_id == bindparam("teacher_id"))
    .order_by(schools.c.school_id)
)


async def schools_of_teacher(connection: AsyncConnection, teacher_id: UUID) -> list[SchoolOfTeacher]:
    """The schools at which ``teacher_id`` gives lessons, in a steady order; usually one."""
    rows = await connection.execute(_SCHOOLS_OF_TEACHER, {"teacher_id": teacher_id})
    return [SchoolOfTeacher(row.school_id, row.title, ZoneInfo(row.zone)) for row in rows]


_IN_CLASS: Final = select(
    exists(literal(1))
    .where(memberships.c.school_id == bindparam("school_id"))
    .where(memberships.c.class_id == bindparam("class_id"))
    .where(memberships.c.pupil_id == bindparam("pupil_id"))
    .where(memberships.c.from_on <= bindparam("day"))
    .where(or_(memberships.c.until_on.is_(None), memberships.c.until_on >= bindparam("day")))
)


async def in_class(
    connection: AsyncConnection, *, school_id: UUID, class_id: UUID, pupil_id: UUID, day: date
) -> bool:
    """Whether the pupil was in the class on ``day``."""
    found = await connection.execute(
        _IN_CLASS, {"school_id": school_id, "class_id": class_id, "pupil_id": pupil_id, "day": day}
    )
    return bool(found.scalar_one())


# Whom the caller may be trusted with, whom they may stand for, and the caller. The first days are those of
# the relation, also of the one behind a delegation; the first branch has the types of all.
_near = (
    select(
        delegations.c.pupil_id,
        relations.c.valid_from,
        relations.c.valid_until,
        relations.c.ended_at,
        delegations.c.scopes.label("trust_scopes"),
        delegations.c.valid_from.label("trust_from"),
        delegations.c.valid_until.label("trust_until"),
        delegations.c.ended_at.label("trust_ended_at"),
        delegations.c.relation_id.label("trust_relation_id"),
    )
    .select_from(delegations)
    .outerjoin(relations, WITH_RIGHT)
    .where(delegations.c.trusted_id == bindparam("caller_id"))
    .union_all(
        select(
            relations.c.pupil_id,
            relations.c.valid_from,
            relations.c.valid_until,
            relations.c.ended_at,
            *(null() for _ in range(5)),
        ).where(relations.c.guardian_id == bindparam("caller_id")),
        select(bindparam("caller_id", type_=Uuid), *(null() for _ in range(8))),
    )
    .subquery("near")
)

# Asked for with every family's first page.
_PUPILS_NEAR: Final = Query(
    select(
        _near,
        persons.c.display_name,
        (literal(ROLE_PUPIL) == func.any(persons.c.roles)).label("is_pupil"),
        memberships.c.school_id,
        schools.c.title.label("school_title"),
        schools.c.zone,
        memberships.c.class_id,
        classes.c.title.label("class_title"),
        memberships.c.from_on,
        memberships.c.until_on,
    )
    .select_from(_near)
    .outerjoin(persons, persons.c.person_id == _near.c.pupil_id)
    .outerjoin(
        memberships,
        and_(
            memberships.c.pupil_id == _near.c.pupil_id,
            or_(memberships.c.until_on.is_(None), memberships.c.until_on >= bindparam("since")),
        ),
    )
    .outerjoin(
        classes,
        and_(classes.c.school_id == memberships.c.school_id, classes.c.class_id == memberships.c.class_id),
    )
    .outerjoin(schools, schools.c.school_id == memberships.c.school_id)
)


class PupilNear(NamedTuple):
    """A row of `pupils_near`: its columns in their order. Without any class all of a class is None."""

    pupil_id: UUID
    valid_from: date | None
    valid_until: date | None
    ended_at: datetime | None
    trust_scopes: list[int] | None
    trust_from: date | None
    trust_until: date | None
    trust_ended_at: datetime | None
    trust_relation_id: UUID | None
    display_name: str | None
    is_pupil: bool | None
    school_id: UUID | None
    school_title: str
    zone: str
    class_id: UUID | None
    class_title: str
    from_on: date
    until_on: date | None


async def pupils_near(reader: Reader, caller_id: UUID, *, since: date) -> list[PupilNear]:
    """Whom the caller may stand for or be trusted with, and the caller, with their classes since ``since``.

    Whether the caller may see them today is for the rules to decide: the day depends on the school's zone.
    """
    return [PupilNear(*row) for row in await reader.rows(_PUPILS_NEAR, caller_id=caller_id, since=since)]


async def all_schools(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Every school, in a steady order."""
    return (await connection.execute(select(schools).order_by(schools.c.school_id))).all()


async def all_classes(connection: AsyncConnection, school_id: UUID) -> Sequence[AnyRow]:
    """Every class that a school has and had."""
    found = await connection.execute(
        select(classes).where(classes.c.school_id == school_id).order_by(classes.c.class_id)
    )
    return found.all()


async def all_memberships(connection: AsyncConnection, school_id: UUID) -> Sequence[AnyRow]:
    """Everybody who is or was in a class of a school."""
    found = await connection.execute(
        select(memberships)
        .where(memberships.c.school_id == school_id)
        .order_by(memberships.c.class_id, memberships.c.pupil_id, memberships.c.from_on)
    )
    return found.all()
