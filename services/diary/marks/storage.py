"""Marks as they stand, and every version they ever had."""

from __future__ import annotations

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
    UniqueConstraint,
    Uuid,
)

from services.diary.metadata import metadata

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
    UniqueConstraint("school_id", "mark_id"),
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
