"""The lessons of every class, day by day.

The biggest tables of the diary hang on this one. All of them begin their keys with the school, and every
hot query names the school, so that a region's database can be spread over several machines by school.
"""

from __future__ import annotations

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
)

from services.diary.metadata import metadata

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
