"""What the journal reads: a teacher's lessons, and the class on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.access.storage import persons
from services.diary.homework.storage import homework
from services.diary.marks.storage import marks
from services.diary.metadata import AnyRow
from services.diary.remarks.storage import remarks
from services.diary.schools.storage import classes, memberships, schools, subjects
from services.diary.timetable.storage import lessons

_page = (
    select(
        lessons.c.school_id,
        lessons.c.lesson_id,
        lessons.c.class_id,
        lessons.c.teacher_id,
        lessons.c.date,
        lessons.c.number,
        lessons.c.starts_at,
        lessons.c.ends_at,
        subjects.c.title.label("subject_title"),
        classes.c.title.label("class_title"),
        classes.c.grade,
        schools.c.title.label("school_title"),
        schools.c.mark_scale,
        lessons.c.room,
        lessons.c.topic,
        func.coalesce(homework.c.text, "").label("homework"),
        func.coalesce(homework.c.version, 0).label("homework_version"),
    )
    .join_from(lessons, schools, schools.c.school_id == lessons.c.school_id)
    .join(classes, and_(classes.c.school_id == lessons.c.school_id, classes.c.class_id == lessons.c.class_id))
    .join(
        subjects,
        and_(subjects.c.school_id == lessons.c.school_id, subjects.c.subject_id == lessons.c.subject_id),
    )
    .outerjoin(
        homework,
        and_(homework.c.school_id == lessons.c.school_id, homework.c.lesson_id == lessons.c.lesson_id),
    )
    .where(lessons.c.school_id.in_(bindparam("school_ids", expanding=True)))
)

_LESSONS_OF_DAY: Final = (
    _page.where(lessons.c.teacher_id == bindparam("teacher_id"))
    .where(lessons.c.date == bindparam("day"))
    .order_by(lessons.c.starts_at, lessons.c.number)
)
_LAST_DAY: Final = (
    select(func.max(lessons.c.date))
    .where(lessons.c.school_id.in_(bindparam("school_ids", expanding=True)))
    .where(lessons.c.teacher_id == bindparam("teacher_id"))
    .where(lessons.c.date < bindparam("day"))
)
_LESSON: Final = _page.where(lessons.c.lesson_id == bindparam("of_lesson"))

_remarked = (
    select(
        remarks.c.pupil_id,
        func.array_agg(aggregate_order_by(remarks.c.text, remarks.c.remark_id)).label("texts"),
    )
    .where(remarks.c.school_id == bindparam("of_school"))
    .where(remarks.c.lesson_id == bindparam("of_lesson"))
    .group_by(remarks.c.pupil_id)
    .subquery("remarked")
)

_CLASS_ON_LESSON: Final = (
    select(
        memberships.c.pupil_id,
        func.coalesce(persons.c.display_name, "").label("display_name"),
        func.coalesce(marks.c.text, "").label("mark"),
        func.coalesce(marks.c.version, 0).label("mark_version"),
        _remarked.c.texts.label("remarks"),
    )
    .select_from(memberships)
    .outerjoin(persons, persons.c.person_id == memberships.c.pupil_id)
    .outerjoin(
        marks,
        and_(
            marks.c.school_id == memberships.c.school_id,
            marks.c.lesson_id == bindparam("of_lesson"),
            marks.c.pupil_id == memberships.c.pupil_id,
        ),
    )
    .outerjoin(_remarked, _remarked.c.pupil_id == memberships.c.pupil_id)
    .where(memberships.c.school_id == bindparam("of_school"))
    .where(memberships.c.class_id == bindparam("of_class"))
    .where(memberships.c.from_on <= bindparam("day"))
    .where(or_(memberships.c.until_on.is_(None), memberships.c.until_on >= bindparam("day")))
)


async def lessons_of_day(
    connection: AsyncConnection, *, school_ids: Sequence[UUID], teacher_id: UUID, day: date
) -> Sequence[AnyRow]:
    """The lessons that a teacher gives on ``day`` at these schools, in the order of their beginning."""
    found = await connection.execute(
        _LESSONS_OF_DAY, {"school_ids": school_ids, "teacher_id": teacher_id, "day": day}
    )
    return found.all()


async def last_day_before(
    connection: AsyncConnection, *, school_ids: Sequence[UUID], teacher_id: UUID, day: date
) -> date | None:
    """The last day before ``day`` on which a teacher gave lessons at these schools."""
    found: date | None = await connection.scalar(
        _LAST_DAY, {"school_ids": school_ids, "teacher_id": teacher_id, "day": day}
    )
    return found


async def lesson(
    connection: AsyncConnection, *, school_ids: Sequence[UUID], lesson_id: UUID
) -> AnyRow | None:
    """One lesson at these schools, whoever gives it."""
    found = await connection.execute(_LESSON, {"school_ids": school_ids, "of_lesson": lesson_id})
    return found.one_or_none()


async def class_on_lesson(connection: AsyncConnection, page: AnyRow) -> Sequence[AnyRow]:
    """The pupils who were in the class on the day of the lesson, with what is recorded about each."""
    found = await connection.execute(
        _CLASS_ON_LESSON,
        {
            "of_school": page.school_id,
            "of_class": page.class_id,
            "of_lesson": page.lesson_id,
            "day": page.date,
        },
    )
    return found.all()
