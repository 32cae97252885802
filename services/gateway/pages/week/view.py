"""The spread of the paper diary: a week's reply as the page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from school.diary.v1.schools_pb2 import PupilInClass
from school.diary.v1.week_pb2 import DayInWeek, GetWeekResponse, LessonInWeek, MarkInCell
from services.gateway.pages.trusted.view import scope_keys

A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MarkView:
    """A mark in its cell."""

    text: str
    work_type: str
    comment: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class LessonView:
    """A line of the diary."""

    number: int
    subject: str
    homework: str
    marks: tuple[MarkView, ...]
    remarks: tuple[str, ...]
    starts_at: str
    ends_at: str
    room: str
    teacher: str
    topic: str

    @property
    def notes(self) -> tuple[MarkView, ...]:
        """The marks with words of the teacher beside them."""
        return tuple(mark for mark in self.marks if mark.comment)


@dataclass(frozen=True, slots=True)
class DayView:
    """A day of the diary; without lessons it says why, if there is a reason."""

    date: date
    holiday: str
    lessons: tuple[LessonView, ...]
    is_today: bool


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another pupil whose diary the same person may read."""

    pupil_id: str
    name: str
    class_title: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class WeekView:
    """The open spread."""

    pupil_id: str
    name: str
    school: str
    class_title: str
    left: tuple[DayView, ...]
    right: tuple[DayView, ...]
    siblings: tuple[Sibling, ...]
    today: date
    trusted_until: date | None = None
    """The last day for a reader of another family; None for the pupil's own."""
    scopes: tuple[str, ...] = ()
    """What such a reader sees."""
    last_lessons_on: date | None = None
    """Where a week without lessons leads back to."""

    @property
    def days(self) -> tuple[DayView, ...]:
        """Monday to Saturday."""
        return self.left + self.right

    @property
    def first(self) -> date:
        """The Monday."""
        return self.days[0].date

    @property
    def last(self) -> date:
        """The Saturday."""
        return self.days[-1].date

    @property
    def previous(self) -> date:
        """The Monday before."""
        return self.first - A_WEEK

    @property
    def following(self) -> date:
        """The Monday after."""
        return self.first + A_WEEK

    @property
    def holds_today(self) -> bool:
        """Whether today is one of the six days."""
        return any(day.is_today for day in self.days)

    @property
    def in_class(self) -> bool:
        """Whether the pupil was in a class that week."""
        return bool(self.class_title)

    @property
    def nothing_that_day(self) -> str:
        """What an empty day is called: who sees marks alone does not learn whether there were lessons."""
        if self.trusted_until is None or "trusted.scope.homework" in self.scopes:
            return "week.no_lessons"
        return "trusted.no_marks" if "trusted.scope.marks" in self.scopes else "trusted.nothing"

    @property
    def common_holiday(self) -> str:
        """The reason why the whole week is free; empty when it is not."""
        reasons = {day.holiday for day in self.days}
        return reasons.pop() if len(reasons) == 1 else ""


def week_view(reply: GetWeekResponse, *, today: date, pupils: Iterable[PupilInClass]) -> WeekView:
    """The spread of a reply; ``today`` in the pupil's zone, ``pupils`` all whom the reader may open."""
    days = tuple(_day(day, today) for day in reply.days)
    siblings = tuple(
        Sibling(pupil.pupil_id, pupil.display_name, pupil.class_title, pupil.pupil_id == reply.pupil.pupil_id)
        for pupil in pupils
    )
    return WeekView(
        pupil_id=reply.pupil.pupil_id,
        name=reply.pupil.display_name,
        school=reply.pupil.school_title,
        class_title=reply.pupil.class_title,
        left=days[:3],
        right=days[3:],
        siblings=siblings if len(siblings) > 1 else (),
        today=today,
        trusted_until=(
            date.fromisoformat(reply.trusted_with.until) if reply.HasField("trusted_with") else None
        ),
        scopes=scope_keys(reply.trusted_with.scopes),
        last_lessons_on=date.fromisoformat(reply.last_lessons_on) if reply.last_lessons_on else None,
    )


def _day(day: DayInWeek, today: date) -> DayView:
    on = date.fromisoformat(day.date)
    return DayView(on, day.holiday, tuple(_lesson(lesson) for lesson in day.lessons), on == today)


def _lesson(lesson: LessonInWeek) -> LessonView:
    return LessonView(
        number=lesson.number,
        subject=lesson.subject_title,
        homework=lesson.homework,
        marks=tuple(_mark(mark) for mark in lesson.marks),
        remarks=tuple(lesson.remarks),
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        room=lesson.room,
        teacher=lesson.teacher_name,
        topic=lesson.topic,
    )


def _mark(mark: MarkInCell) -> MarkView:
    return MarkView(mark.text, mark.work_type, mark.comment, mark.version > 1)
