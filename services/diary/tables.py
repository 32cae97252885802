"""Every table of the diary's database, named in one place for migrations and loaders."""

from __future__ import annotations

from services.diary.access.storage import copies, delegations, persons, relations
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
from services.diary.views.storage import views

__all__ = [
    "classes",
    "copies",
    "delegations",
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
    "views",
    "years",
]
