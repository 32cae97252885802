"""Every table of the diary's database, named in one place for migrations and loaders."""

from __future__ import annotations

from services.diary.access.storage import copies, persons, relations
from services.diary.homework.storage import homework
from services.diary.marks.storage import mark_versions, marks
from services.diary.metadata import metadata
from services.diary.remarks.storage import remarks
from services.diary.schools.storage import (
    classes,
    holidays,
    memberships,
    schools,
    subjects,
    teachers,
    terms,
    years,
)
from services.diary.timetable.storage import lessons

__all__ = [
    "classes",
    "copies",
    "holidays",
    "homework",
    "lessons",
    "mark_versions",
    "marks",
    "memberships",
    "metadata",
    "persons",
    "relations",
    "remarks",
    "schools",
    "subjects",
    "teachers",
    "terms",
    "years",
]
