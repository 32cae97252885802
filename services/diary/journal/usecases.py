"""What a teacher reads between two lessons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from services.diary.access.rules import name_order
from services.diary.journal import storage
from services.diary.marks.rules import scale_of
from services.diary.metadata import AnyRow
from services.diary.schools.storage import schools_of_teacher
from services.diary.timetable.rules import NotTheirLesson
from services.kit.clock import Clock
from services.kit.database import Database


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the journal."""

    lesson: AnyRow
    """As `storage.lesson` reads it."""
    pupils: list[AnyRow]
    """By name, as `storage.class_on_lesson` reads them."""
    scale: Sequence[str]
    """The marks that may be given."""


@dataclass(frozen=True, slots=True)
class TaughtDay:
    """A day of a teacher."""

    day: date
    lessons: Sequence[AnyRow]
    """As `storage.lessons_of_day` reads them."""
    last_lessons_on: date | None = None
    """When there are none, the last day before that had some."""


class Journal:
    """Reads the journal of a teacher."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def lessons(self, teacher_id: UUID, day: date | None) -> TaughtDay:
        """The lessons the teacher gives on ``day``, by default today.

        Today is that of the zone of the teacher's school; of several schools, that of the first.
        """
        async with self._database.read() as connection:
            own = await schools_of_teacher(connection, teacher_id)
            if day is None:
                day = self._clock.today(own[0].zone if own else ZoneInfo("UTC"))
            if not own:
                return TaughtDay(day, [])
            schools = [school.school_id for school in own]
            found = await storage.lessons_of_day(
                connection, school_ids=schools, teacher_id=teacher_id, day=day
            )
            if found:
                return TaughtDay(day, found)
            before = await storage.last_day_before(
                connection, school_ids=schools, teacher_id=teacher_id, day=day
            )
            return TaughtDay(day, [], before)

    async def lesson(self, teacher_id: UUID, lesson_id: UUID) -> Page:
        """One lesson with the pupils of its class and their marks.

        Raises:
            NotTheirLesson: the teacher does not give the lesson, or there is none.
        """
        async with self._database.read() as connection:
            own = [school.school_id for school in await schools_of_teacher(connection, teacher_id)]
            lesson = await storage.lesson(connection, school_ids=own, lesson_id=lesson_id) if own else None
            if lesson is None or lesson.teacher_id != teacher_id:
                raise NotTheirLesson
            rows = await storage.class_on_lesson(connection, lesson)
        pupils = sorted(rows, key=lambda pupil: name_order(pupil.display_name))
        return Page(lesson, pupils, scale_of(lesson.mark_scale, grade=lesson.grade).marks)
