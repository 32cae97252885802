"""The two statements behind a family's week, the most frequent read of the diary.

The first asks where the pupil belongs and whether the caller may know; it reads small tables only. The
second reads the page itself, and names one school and one class. Each is one round trip, by the driver
itself: see `services.kit.reader`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Date, Uuid, and_, bindparam, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from school.access.v1.policy_pb2 import ROLE_PUPIL
from services.diary.access.storage import persons, relations
from services.diary.homework.storage import homework
from services.diary.marks.storage import marks
from services.diary.remarks.storage import remarks
from services.diary.schools.storage import classes, holidays, memberships, schools, subjects
from services.diary.timetable.storage import lessons
from services.kit.reader import Query, Reader, Record

_caller = bindparam("caller_id", type_=Uuid)
_pupil = bindparam("pupil_id", type_=Uuid)
_since = bindparam("since", type_=Date)
_until = bindparam("until", type_=Date)
_school = bindparam("school_id", type_=Uuid)
_class = bindparam("class_id", type_=Uuid)
_from = bindparam("from_on", type_=Date)
_to = bindparam("to_on", type_=Date)

_asked = select(_pupil.label("pupil_id")).subquery("asked")

# Almost always empty: asked for beside the class it saves a round trip.
_holidays = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(
                holidays.c.title, holidays.c.starts_on, holidays.c.ends_on, holidays.c.only_grade
            )
        )
    )
    .where(holidays.c.school_id == memberships.c.school_id)
    .where(holidays.c.starts_on <= _until)
    .where(holidays.c.ends_on >= _since)
    .scalar_subquery()
)

PLACES: Final = (
    select(
        persons.c.display_name,
        (literal(ROLE_PUPIL) == func.any(persons.c.roles)).label("is_pupil"),
        relations.c.valid_from,
        relations.c.valid_until,
        relations.c.ended_at,
        memberships.c.school_id,
        memberships.c.class_id,
        memberships.c.from_on,
        memberships.c.until_on,
        classes.c.title.label("class_title"),
        classes.c.grade,
        schools.c.title.label("school_title"),
        schools.c.zone,
        _holidays.label("holidays"),
    )
    .select_from(_asked)
    .outerjoin(persons, persons.c.person_id == _asked.c.pupil_id)
    .outerjoin(
        relations,
        and_(relations.c.guardian_id == _caller, relations.c.pupil_id == _asked.c.pupil_id),
    )
    .outerjoin(
        memberships,
        and_(
            memberships.c.pupil_id == _asked.c.pupil_id,
            or_(memberships.c.until_on.is_(None), memberships.c.until_on >= _since),
        ),
    )
    .outerjoin(
        classes,
        and_(classes.c.school_id == memberships.c.school_id, classes.c.class_id == memberships.c.class_id),
    )
    .outerjoin(schools, schools.c.school_id == memberships.c.school_id)
    .order_by(memberships.c.from_on.desc().nulls_last())
)
"""Who the pupil is, the caller's relations to them, and their classes since a day, the latest first.

One row for each pair of a relation and a class, usually one; without any, one row of nulls.
Parameters: ``caller_id``, ``pupil_id``, ``since`` and ``until`` (the first and last day of interest).
"""

_remarks = (
    select(
        remarks.c.lesson_id,
        func.array_agg(aggregate_order_by(remarks.c.text, remarks.c.remark_id)).label("texts"),
    )
    .where(remarks.c.school_id == _school)
    .where(remarks.c.pupil_id == _pupil)
    .where(remarks.c.lesson_date.between(_from, _to))
    .group_by(remarks.c.lesson_id)
    .subquery("remarked")
)

LESSONS: Final = (
    select(
        lessons.c.lesson_id,
        lessons.c.date,
        lessons.c.number,
        lessons.c.starts_at,
        lessons.c.ends_at,
        subjects.c.title.label("subject_title"),
        lessons.c.room,
        persons.c.display_name.label("teacher_name"),
        lessons.c.topic,
        homework.c.text.label("homework"),
        lessons.c.work_type,
        marks.c.text.label("mark"),
        marks.c.comment,
        marks.c.version,
        _remarks.c.texts.label("remarks"),
    )
    .select_from(lessons)
    .join(subjects, and_(subjects.c.school_id == _school, subjects.c.subject_id == lessons.c.subject_id))
    .outerjoin(persons, persons.c.person_id == lessons.c.teacher_id)
    .outerjoin(
        homework,
        and_(
            homework.c.school_id == _school,
            homework.c.class_id == _class,
            homework.c.lesson_date.between(_from, _to),
            homework.c.lesson_id == lessons.c.lesson_id,
        ),
    )
    .outerjoin(
        marks,
        and_(
            marks.c.school_id == _school,
            marks.c.pupil_id == _pupil,
            marks.c.lesson_date.between(_from, _to),
            marks.c.lesson_id == lessons.c.lesson_id,
            marks.c.text != "",
        ),
    )
    .outerjoin(_remarks, _remarks.c.lesson_id == lessons.c.lesson_id)
    .where(lessons.c.school_id == _school)
    .where(lessons.c.class_id == _class)
    .where(lessons.c.date.between(_from, _to))
    .order_by(lessons.c.date, lessons.c.number)
)
"""The lessons of a class with a pupil's marks and remarks, by date and number.

Parameters: ``school_id``, ``class_id``, ``pupil_id``, ``from_on``, ``to_on``.
"""

LAST_DAY: Final = (
    select(func.max(lessons.c.date))
    .where(lessons.c.school_id == _school)
    .where(lessons.c.class_id == _class)
    .where(lessons.c.date.between(_from, _to))
)
"""The last day with lessons of a class. Parameters: ``school_id``, ``class_id``, ``from_on``, ``to_on``."""


_PLACES: Final = Query(PLACES)
_LESSONS: Final = Query(LESSONS)
_LAST_DAY: Final = Query(LAST_DAY)


class Place(NamedTuple):
    """A row of `PLACES`: its columns in their order. Without any class all of a class is None."""

    display_name: str | None
    is_pupil: bool | None
    valid_from: date | None
    valid_until: date | None
    ended_at: datetime | None
    school_id: UUID | None
    class_id: UUID | None
    from_on: date
    until_on: date | None
    class_title: str
    grade: int
    school_title: str
    zone: str
    holidays: list[tuple[str, str, str, int | None]] | None
    """Title, first and last day (YYYY-MM-DD), and the only grade it is for; None when there are none."""


class LessonRow(NamedTuple):
    """A row of `LESSONS` from which something was taken away: its columns in their order."""

    lesson_id: UUID
    date: date
    number: int
    starts_at: time
    ends_at: time
    subject_title: str
    room: str
    teacher_name: str | None
    topic: str
    homework: str | None
    work_type: str
    mark: str | None
    comment: str | None
    version: int | None
    remarks: list[str] | None


async def places(reader: Reader, *, caller_id: UUID, pupil_id: UUID, since: date, until: date) -> list[Place]:
    """The rows of `PLACES`."""
    found = await reader.rows(_PLACES, caller_id=caller_id, pupil_id=pupil_id, since=since, until=until)
    return [Place(*row) for row in found]


async def lessons_with_marks(
    reader: Reader,
    *,
    school_id: UUID | None,
    class_id: UUID | None,
    pupil_id: UUID,
    from_on: date,
    to_on: date,
) -> list[Record]:
    """The rows of `LESSONS`."""
    return await reader.rows(
        _LESSONS, school_id=school_id, class_id=class_id, pupil_id=pupil_id, from_on=from_on, to_on=to_on
    )


async def last_day(
    reader: Reader, *, school_id: UUID | None, class_id: UUID | None, from_on: date, to_on: date
) -> date | None:
    """The row of `LAST_DAY`; None when there was no lesson on these days."""
    found: date | None
    ((found,),) = await reader.rows(
        _LAST_DAY, school_id=school_id, class_id=class_id, from_on=from_on, to_on=to_on
    )
    return found
