"""Remarks about a pupil on a lesson."""

from __future__ import annotations

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
)

from services.diary.metadata import metadata

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
