"""The lessons of every class, day by day.

The biggest tables of the diary hang on this one. All of them begin their keys with the school, and every
hot query names the school, so that a region's database can be spread over several machines by school.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    and_,
    bindparam,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.metadata import metadata
from services.diary.schools.rules import NotInClass
from services.diary.schools.storage import classes, in_class, schools, schools_of_teacher, subjects
from services.diary.timetable.rules import Lesson, NotTheirLesson

lessons = Table(
    "lessons",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("lesson_id", Uuid, nullable=False),
    Column("class_id", Uuid, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    # The person who gives the lesson and keeps its page of the journal.
    Column("teacher_id", Uuid, nullable=False),
    Column("date", Date, nullable=False),
    # 0 exists: some schools begin before the first lesson.
    Column("number", SmallInteger, nullable=False),
    # In the school's zone.
    Column("starts_at", Time, nullable=False),
    Column("ends_at", Time, nullable=False),
    Column("room", Text, nullable=False, server_default=""),
    # What the lesson is about; families read it from its beginning.
    Column("topic", Text, nullable=False, server_default=""),
    # What its marks are for: "Контрольная работа"; empty for work in class.
    Column("work_type", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("school_id", "lesson_id"),
    ForeignKeyConstraint(["school_id", "class_id"], ["classes.school_id", "classes.class_id"]),
    ForeignKeyConstraint(["school_id", "subject_id"], ["subjects.school_id", "subjects.subject_id"]),
    CheckConstraint("number BETWEEN 0 AND 15", name="number"),
    CheckConstraint("starts_at < ends_at", name="order"),
    # GetWeek: the lessons of a class from Monday to Saturday, already in the order of the page.
    Index("ix_lessons_week", "school_id", "class_id", "date", "number"),
    # ListMyLessons: a teacher's day.
    Index("ix_lessons_teacher", "school_id", "teacher_id", "date"),
)


_LESSON: Final = (
    select(
        lessons.c.school_id,
        lessons.c.lesson_id,
        lessons.c.class_id,
        lessons.c.teacher_id,
        classes.c.grade,
        lessons.c.date,
        subjects.c.title,
        schools.c.zone,
        schools.c.mark_scale,
    )
    .join_from(lessons, schools, schools.c.school_id == lessons.c.school_id)
    .join(classes, and_(classes.c.school_id == lessons.c.school_id, classes.c.class_id == lessons.c.class_id))
    .join(
        subjects,
        and_(subjects.c.school_id == lessons.c.school_id, subjects.c.subject_id == lessons.c.subject_id),
    )
    .where(lessons.c.school_id.in_(bindparam("school_ids", expanding=True)))
    .where(lessons.c.lesson_id == bindparam("lesson_id"))
)


async def lesson(connection: AsyncConnection, *, teacher_id: UUID, lesson_id: UUID) -> Lesson:
    """A lesson at one of the teacher's schools, given by them or by a colleague.

    Raises:
        NotTheirLesson: there is none; whether it exists elsewhere is not told.
    """
    own_schools = [school.school_id for school in await schools_of_teacher(connection, teacher_id)]
    if not own_schools:
        raise NotTheirLesson
    rows = await connection.execute(_LESSON, {"school_ids": own_schools, "lesson_id": lesson_id})
    row = rows.one_or_none()
    if row is None:
        raise NotTheirLesson
    return Lesson(
        school_id=row.school_id,
        lesson_id=row.lesson_id,
        class_id=row.class_id,
        teacher_id=row.teacher_id,
        grade=row.grade,
        day=row.date,
        subject_title=row.title,
        zone=ZoneInfo(row.zone),
        mark_scale=row.mark_scale,
    )


async def require_in_class(connection: AsyncConnection, lesson: Lesson, pupil_id: UUID) -> None:
    """Raises `NotInClass` unless the pupil was in the lesson's class on its day."""
    was_there = await in_class(
        connection,
        school_id=lesson.school_id,
        class_id=lesson.class_id,
        pupil_id=pupil_id,
        day=lesson.day,
    )
    if not was_there:
        raise NotInClass
