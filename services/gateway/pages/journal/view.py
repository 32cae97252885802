"""A teacher's day, and the journal of one lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from school.diary.v1.journal_pb2 import GetLessonResponse, ListMyLessonsResponse, TaughtLesson

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayOfLessons:
    """The lessons a teacher gives on a day."""

    on: date
    lessons: tuple[TaughtLesson, ...]
    last_lessons_on: date | None = None
    """Where a day without lessons leads back to."""

    @property
    def previous(self) -> date:
        """The day before."""
        return self.on - A_DAY

    @property
    def following(self) -> date:
        """The day after."""
        return self.on + A_DAY


@dataclass(frozen=True, slots=True)
class RowTrouble:
    """Why a wish about a pupil's mark was not done."""

    reason: str
    wished: str
    """What the teacher typed, so that nothing typed is lost."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A mark that was just removed and can be put back."""

    mark: str
    version: int
    """The version of the empty cell."""


@dataclass(frozen=True, slots=True)
class RowView:
    """A pupil in the journal."""

    number: int
    pupil_id: str
    name: str
    mark: str
    version: int
    remarks: tuple[str, ...]
    trouble: RowTrouble | None
    removed: Removed | None
    saved: bool


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of the form that led to this page: each by pupil, and of the homework's text."""

    troubles: Mapping[str, RowTrouble] = field(default_factory=dict)
    removed: Mapping[str, Removed] = field(default_factory=dict)
    saved: str = ""
    """The pupil whose row was saved, or "homework"."""
    homework_trouble: RowTrouble | None = None


@dataclass(frozen=True, slots=True)
class JournalView:
    """A lesson with its class."""

    lesson: TaughtLesson
    date: date
    rows: tuple[RowView, ...]
    scale: tuple[str, ...]
    ahead: bool
    """The lesson is on a later day: marks cannot be given yet."""
    aftermath: Aftermath

    @property
    def marking(self) -> bool:
        """Whether marks can be given on this page."""
        return bool(self.scale) and not self.ahead

    @property
    def whole(self) -> tuple[str, ...]:
        """The marks that a teacher gives most: one figure each. They come first under the thumb."""
        return tuple(text for text in self.scale if text.isdecimal())

    @property
    def others(self) -> tuple[str, ...]:
        """All other marks of the scale."""
        return tuple(text for text in self.scale if not text.isdecimal())


def day_of_lessons(reply: ListMyLessonsResponse) -> DayOfLessons:
    """The day of a reply."""
    return DayOfLessons(
        date.fromisoformat(reply.date),
        tuple(reply.lessons),
        date.fromisoformat(reply.last_lessons_on) if reply.last_lessons_on else None,
    )


def journal_view(reply: GetLessonResponse, *, today: date, aftermath: Aftermath) -> JournalView:
    """The journal of a reply; ``today`` in the zone of the school."""
    rows = tuple(
        RowView(
            number=number,
            pupil_id=row.pupil_id,
            name=row.display_name,
            mark=row.mark,
            version=row.mark_version,
            remarks=tuple(row.remarks),
            trouble=aftermath.troubles.get(row.pupil_id),
            removed=aftermath.removed.get(row.pupil_id),
            saved=aftermath.saved == row.pupil_id,
        )
        for number, row in enumerate(reply.rows, start=1)
    )
    on = date.fromisoformat(reply.lesson.date)
    return JournalView(reply.lesson, on, rows, tuple(reply.scale), on > today, aftermath)
