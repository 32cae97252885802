"""Homework: one text for one lesson."""

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
    Uuid,
)

from services.diary.metadata import metadata

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
