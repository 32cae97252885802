"""Homework: one text for one lesson."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    bindparam,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.homework.rules import Homework, StaleHomework
from services.diary.metadata import metadata
from services.diary.timetable.rules import Lesson

homework = Table(
    "homework",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("lesson_id", Uuid, nullable=False),
    # The lesson's class and date again, for the index below.
    Column("class_id", Uuid, nullable=False),
    Column("lesson_date", Date, nullable=False),
    # Empty when it was taken back.
    Column("text", Text, nullable=False),
    # 1 for the first text, one more with each change.
    Column("version", BigInteger, nullable=False),
    Column("set_by", Uuid, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("school_id", "lesson_id"),
    ForeignKeyConstraint(["school_id", "lesson_id"], ["lessons.school_id", "lessons.lesson_id"]),
    # GetWeek: a class's homework of a week in one range instead of a lookup per lesson.
    Index("ix_homework_week", "school_id", "class_id", "lesson_date"),
)


_PRESENT: Final = (
    select(homework.c.text, homework.c.version)
    .where(homework.c.school_id == bindparam("of_school"))
    .where(homework.c.lesson_id == bindparam("of_lesson"))
    .with_for_update()
)
_FIRST: Final = insert_or_leave(homework).on_conflict_do_nothing().returning(homework.c.version)
_NEXT: Final = (
    update(homework)
    .where(homework.c.school_id == bindparam("of_school"))
    .where(homework.c.lesson_id == bindparam("of_lesson"))
)


async def homework_for_update(connection: AsyncConnection, lesson: Lesson) -> Homework:
    """The homework for the lesson, locked until the transaction ends; version 0 when there never was any."""
    rows = await connection.execute(_PRESENT, {"of_school": lesson.school_id, "of_lesson": lesson.lesson_id})
    row = rows.one_or_none()
    return Homework(lesson.lesson_id) if row is None else Homework(lesson.lesson_id, row.text, row.version)


async def save_homework(
    connection: AsyncConnection, lesson: Lesson, present: Homework, *, by: UUID, at: datetime
) -> None:
    """Write the next version of homework that `homework_for_update` locked.

    Raises:
        StaleHomework: somebody else set the first one meanwhile: a row that is not there cannot be locked.
    """
    changed = {"text": present.text, "version": present.version, "set_by": by, "set_at": at}
    key = {"of_school": lesson.school_id, "of_lesson": lesson.lesson_id}
    if present.version > 1:
        await connection.execute(_NEXT, {**changed, **key})
        return
    first = {
        "school_id": lesson.school_id,
        "lesson_id": lesson.lesson_id,
        "class_id": lesson.class_id,
        "lesson_date": lesson.day,
        **changed,
    }
    inserted = await connection.execute(_FIRST, first)
    if inserted.one_or_none() is None:
        raise StaleHomework(await homework_for_update(connection, lesson))
