"""The cabinet: everything that concerns a person, in one place whatever their roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from school.diary.v1.schools_pb2 import PupilInClass
from school.diary.v1.week_pb2 import DayInWeek, GetWeekResponse, LessonInWeek
from school.identity.v1.families_pb2 import Child
from services.gateway.pages.names import full_name
from services.gateway.pages.trusted.view import scope_keys

FRESH_MARKS = 4
"""As many as fit on one line of a phone's card."""


@dataclass(frozen=True, slots=True)
class FreshMark:
    """A mark of the last days."""

    text: str
    subject: str
    date: date


@dataclass(frozen=True, slots=True)
class SchoolDay:
    """The day a family looks at: today while there are lessons left, else the next one of the week."""

    date: date
    lessons: int
    starts_at: str
    ends_at: str
    holiday: str


@dataclass(frozen=True, slots=True)
class ChildCard:
    """A pupil whose diary the person may open."""

    pupil_id: str
    name: str
    class_title: str
    school: str
    is_self: bool
    answered: bool
    """Whether the diary could be read just now."""
    today: date | None = None
    now: LessonInWeek | None = None
    """The lesson in progress."""
    upcoming: LessonInWeek | None = None
    """The next lesson of today."""
    day: SchoolDay | None = None
    """Today or the next school day of this week; none when the week is over."""
    fresh: tuple[FreshMark, ...] = ()
    trusted_until: date | None = None
    """The last day of a child of another family; None for one's own."""
    scopes: tuple[str, ...] = ()
    """What is seen of such a child."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A child whom the school registered and put in no class yet."""

    name: str


@dataclass(frozen=True, slots=True)
class Children:
    """The people whose diaries are at hand: the person's own first, then their children."""

    cards: tuple[ChildCard, ...]
    waiting: tuple[Waiting, ...]

    @property
    def own(self) -> tuple[ChildCard, ...]:
        """The person's own diary, if they are a pupil."""
        return tuple(card for card in self.cards if card.is_self)

    @property
    def others(self) -> tuple[ChildCard, ...]:
        """The children."""
        return tuple(card for card in self.cards if not (card.is_self or card.trusted_until))

    @property
    def trusted(self) -> tuple[ChildCard, ...]:
        """Children of other families, who trust the person with them."""
        return tuple(card for card in self.cards if card.trusted_until)


def children_view(
    me: str,
    pupils: Sequence[PupilInClass] | None,
    children: Sequence[Child],
    weeks: Mapping[str, GetWeekResponse],
    now: datetime,
) -> Children:
    """The cards of ``pupils``; ``weeks`` holds the present week of each that could be read.

    ``pupils`` is ``None`` while the diary is silent: then the names come from identity, and nobody is called
    waiting, for nobody knows who is in a class.
    """
    if pupils is None:
        return Children(tuple(_silent_card(child) for child in children), ())
    in_class = {pupil.pupil_id for pupil in pupils}
    cards = tuple(
        replace(_card(pupil, weeks.get(pupil.pupil_id), now, pupil.pupil_id == me), **_trust(pupil))
        for pupil in pupils
    )
    waiting = tuple(Waiting(full_name(child.name)) for child in children if child.person_id not in in_class)
    return Children(cards, waiting)


def _trust(pupil: PupilInClass) -> dict[str, Any]:
    if not pupil.HasField("trusted_with"):
        return {}
    return {
        "trusted_until": date.fromisoformat(pupil.trusted_with.until),
        "scopes": scope_keys(pupil.trusted_with.scopes),
    }


def _silent_card(child: Child) -> ChildCard:
    return ChildCard(child.person_id, full_name(child.name), "", "", is_self=False, answered=False)


def _card(pupil: PupilInClass, week: GetWeekResponse | None, now: datetime, is_self: bool) -> ChildCard:
    if week is None:
        return ChildCard(
            pupil.pupil_id, pupil.display_name, pupil.class_title, pupil.school_title, is_self, answered=False
        )
    local = now.astimezone(ZoneInfo(pupil.zone or "Europe/Moscow"))
    today, clock = local.date().isoformat(), local.strftime("%H:%M")
    lessons = next((list(day.lessons) for day in week.days if day.date == today), [])
    in_progress = next((one for one in lessons if one.starts_at <= clock < one.ends_at), None)
    upcoming = next((one for one in lessons if clock < one.starts_at), None)
    over = not in_progress and not upcoming
    return ChildCard(
        pupil.pupil_id,
        pupil.display_name,
        pupil.class_title,
        pupil.school_title,
        is_self,
        answered=True,
        today=local.date(),
        now=in_progress,
        upcoming=upcoming,
        day=_school_day(week.days, today, over),
        fresh=_fresh(week.days),
    )


def _school_day(days: Sequence[DayInWeek], today: str, over: bool) -> SchoolDay | None:
    for day in days:
        if day.date < today or (day.date == today and over and not day.holiday):
            continue
        if day.lessons or day.holiday:
            first, last = (day.lessons[0], day.lessons[-1]) if day.lessons else (None, None)
            return SchoolDay(
                date.fromisoformat(day.date),
                len(day.lessons),
                first.starts_at if first else "",
                last.ends_at if last else "",
                day.holiday,
            )
    return None


def _fresh(days: Sequence[DayInWeek]) -> tuple[FreshMark, ...]:
    """The newest marks of the week, the newest first."""
    marks = [
        FreshMark(mark.text, lesson.subject_title, date.fromisoformat(day.date))
        for day in reversed(days)
        for lesson in reversed(day.lessons)
        for mark in lesson.marks
    ]
    return tuple(marks[:FRESH_MARKS])
