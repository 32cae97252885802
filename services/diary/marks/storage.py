"""Marks as they stand, and every version they ever had."""

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
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.marks.rules import MarkOnLesson, StaleMark
from services.diary.metadata import metadata
from services.diary.timetable.rules import Lesson
from services.kit.ids import new_id

marks = Table(
    "marks",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("lesson_id", Uuid, nullable=False),
    Column("pupil_id", Uuid, nullable=False),
    # One id for one pupil on one lesson, through all versions.
    Column("mark_id", Uuid, nullable=False),
    # The lesson's date again, for the index below.
    Column("lesson_date", Date, nullable=False),
    # As the school writes it, "4+" or "4/5"; empty when the mark was removed.
    Column("text", Text, nullable=False),
    # The teacher's words to the family.
    Column("comment", Text, nullable=False, server_default=""),
    # 1 for the first mark, one more with each change.
    Column("version", BigInteger, nullable=False),
    Column("set_by", Uuid, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    # By lesson: the cell a teacher writes, and the journal's column.
    PrimaryKeyConstraint("school_id", "lesson_id", "pupil_id"),
    ForeignKeyConstraint(["school_id", "lesson_id"], ["lessons.school_id", "lessons.lesson_id"]),
    # GetWeek: a pupil's marks of a week in one range instead of a lookup per lesson.
    Index("ix_marks_week", "school_id", "pupil_id", "lesson_date"),
)

# What was written, by whom, when and why. Rows are only ever added.
mark_versions = Table(
    "mark_versions",
    metadata,
    Column("school_id", Uuid, nullable=False),
    Column("mark_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("comment", Text, nullable=False, server_default=""),
    Column("changed_by", Uuid, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("school_id", "mark_id", "version"),
)


_CELL: Final = (
    select(marks.c.mark_id, marks.c.text, marks.c.comment, marks.c.version)
    .where(marks.c.school_id == bindparam("of_school"))
    .where(marks.c.lesson_id == bindparam("of_lesson"))
    .where(marks.c.pupil_id == bindparam("of_pupil"))
    .with_for_update()
)
_FIRST: Final = insert_or_leave(marks).on_conflict_do_nothing().returning(marks.c.version)
_NEXT: Final = (
    update(marks)
    .where(marks.c.school_id == bindparam("of_school"))
    .where(marks.c.lesson_id == bindparam("of_lesson"))
    .where(marks.c.pupil_id == bindparam("of_pupil"))
)


async def mark_for_update(connection: AsyncConnection, lesson: Lesson, pupil_id: UUID) -> MarkOnLesson:
    """The pupil's mark on the lesson, locked until the transaction ends; version 0 when there was none."""
    rows = await connection.execute(
        _CELL, {"of_school": lesson.school_id, "of_lesson": lesson.lesson_id, "of_pupil": pupil_id}
    )
    row = rows.one_or_none()
    if row is None:
        return MarkOnLesson(new_id(), lesson.lesson_id, pupil_id)
    return MarkOnLesson(row.mark_id, lesson.lesson_id, pupil_id, row.text, row.comment, row.version)


async def save_mark(
    connection: AsyncConnection, lesson: Lesson, mark: MarkOnLesson, *, by: UUID, at: datetime, why: str
) -> None:
    """Write the next version of a mark that `mark_for_update` locked, and its row of history.

    Raises:
        StaleMark: somebody else set the first mark meanwhile: a row that is not there cannot be locked.
    """
    changed = {
        "text": mark.text,
        "comment": mark.comment,
        "version": mark.version,
        "set_by": by,
        "set_at": at,
    }
    cell = {"of_school": lesson.school_id, "of_lesson": lesson.lesson_id, "of_pupil": mark.pupil_id}
    if mark.version == 1:
        first = {
            "school_id": lesson.school_id,
            "lesson_id": lesson.lesson_id,
            "pupil_id": mark.pupil_id,
            "mark_id": mark.mark_id,
            "lesson_date": lesson.day,
            **changed,
        }
        inserted = await connection.execute(_FIRST, first)
        if inserted.one_or_none() is None:
            raise StaleMark(await mark_for_update(connection, lesson, mark.pupil_id))
    else:
        await connection.execute(_NEXT, {**changed, **cell})
    await connection.execute(
        insert(mark_versions),
        {
            "school_id": lesson.school_id,
            "mark_id": mark.mark_id,
            "version": mark.version,
            "text": mark.text,
            "comment": mark.comment,
            "changed_by": by,
            "changed_at": at,
            "why": why,
        },
    )
