"""Remarks about a pupil on a lesson."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    insert,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.diary.metadata import metadata
from services.diary.remarks.rules import Remark
from services.diary.timetable.rules import Lesson

remarks = Table(
    "remarks",
    metadata,
    Column("school_id", Uuid, nullable=False),
    # Ids grow with time: they are also the order of the remarks.
    Column("remark_id", Uuid, nullable=False),
    Column("lesson_id", Uuid, nullable=False),
    Column("pupil_id", Uuid, nullable=False),
    # The lesson's date again, for the first index below.
    Column("lesson_date", Date, nullable=False),
    Column("text", Text, nullable=False),
    Column("left_by", Uuid, nullable=False),
    Column("left_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("school_id", "remark_id"),
    ForeignKeyConstraint(["school_id", "lesson_id"], ["lessons.school_id", "lessons.lesson_id"]),
    # GetWeek: a pupil's remarks of a week.
    Index("ix_remarks_week", "school_id", "pupil_id", "lesson_date"),
    # GetLesson: the remarks of a page of the journal.
    Index("ix_remarks_lesson", "school_id", "lesson_id"),
)


async def add_remark(
    connection: AsyncConnection, lesson: Lesson, remark: Remark, *, by: UUID, at: datetime
) -> None:
    """Put a remark on record."""
    await connection.execute(
        insert(remarks),
        {
            "school_id": lesson.school_id,
            "remark_id": remark.remark_id,
            "lesson_id": lesson.lesson_id,
            "pupil_id": remark.pupil_id,
            "lesson_date": lesson.day,
            "text": remark.text,
            "left_by": by,
            "left_at": at,
        },
    )
