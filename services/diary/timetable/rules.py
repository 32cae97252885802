"""A lesson, and what depends on it alone: who may write on its page, and whether it has come yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kit.errors import DomainError, StatusCode


class NotTheirLesson(DomainError):
    """The caller does not give the lesson, or there is none: which of both is not told."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_LESSON"
    title = "This is not one of your lessons"


class LessonAhead(DomainError):
    """The lesson is on a later day in the school's zone."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "LESSON_AHEAD"
    title = "The lesson is still ahead"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of a class, with what the rules about its page need to know."""

    school_id: UUID
    lesson_id: UUID
    class_id: UUID
    teacher_id: UUID
    grade: int
    """Of the class, 1 to 11."""
    day: date
    subject_title: str
    zone: ZoneInfo
    """Of the school."""
    mark_scale: str
    """The name of the school's scale."""

    def require_taught_by(self, person_id: UUID) -> None:
        """Raises `NotTheirLesson` when somebody else gives the lesson."""
        if self.teacher_id != person_id:
            raise NotTheirLesson

    def require_come(self, today: date) -> None:
        """Raises `LessonAhead` when the lesson is on a later day than ``today`` in the school's zone."""
        if self.day > today:
            raise LessonAhead
