"""What families read every evening."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.diary.access.rules import (
    NotTheirPupil,
    Relation,
    Scope,
    Sight,
    Why,
    family_sight,
    trusted_sight,
)
from services.diary.access.storage import delegations_to
from services.diary.access.usecases import require_fresh
from services.diary.views.usecases import Views
from services.diary.week import storage
from services.diary.week.rules import Holiday, SchoolWeek
from services.diary.week.storage import LessonRow, Place
from services.kit.clock import Clock
from services.kit.messaging.completeness import Completeness
from services.kit.reader import Reader, Record

_UTC: Final = ZoneInfo("UTC")
# Today is a different date in different zones, and a Sunday's week began six days before.
_AROUND_TODAY: Final = timedelta(days=8)
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the diary."""

    date: date
    holiday: str
    """Why there are no lessons; empty on a school day."""
    lessons: Sequence[Record | LessonRow]
    """Rows of `storage.LESSONS` in the order of their numbers: this read is too hot to copy them twice."""


@dataclass(frozen=True, slots=True)
class Week:
    """A pupil's week, and where the pupil studied in it."""

    pupil_id: UUID
    display_name: str
    school_title: str
    class_title: str
    zone: str
    """Of the school; empty when the pupil was in no class since."""
    days: list[Day]
    now: tuple[date, time]
    """Date and time in that zone: what has begun may tell its topic."""
    sight: Sight
    """What the caller sees of it, and why; the rest is not in it."""
    last_lessons_on: date | None = None
    """In a week without lessons, the last day before it that had some; trusted persons are not told."""


class Weeks:
    """Reads the diary."""

    def __init__(self, reader: Reader, copy: Completeness, views: Views, clock: Clock) -> None:
        """``copy``: of who may see whom."""
        self._reader = reader
        self._copy = copy
        self._views = views
        self._clock = clock

    async def week(self, caller_id: UUID, pupil_id: UUID, day: date | None) -> Week:
        """The school week that holds ``day``, by default today in the school's zone.

        A trusted person gets what their scopes say, once it is written down that they looked.

        Raises:
            NotTheirPupil: the caller may not see the pupil, or there is none.
            AccessStale: whether the caller may still see the pupil cannot be told just now.
            BadDate: the week reaches beyond the calendar.
        """
        now = self._clock.now()
        asked = None if day is None else SchoolWeek.holding(day)
        places = await storage.places(
            self._reader,
            caller_id=caller_id,
            pupil_id=pupil_id,
            since=asked.monday if asked else now.date() - _AROUND_TODAY,
            until=asked.saturday if asked else now.date() + _AROUND_TODAY,
        )
        home = _home(places, now)
        local = now.astimezone(ZoneInfo(home.zone) if home else _UTC)
        sight = await self._sight(caller_id, pupil_id, places, local.date())
        if sight.why is not Why.SELF:
            require_fresh(self._copy)
        day = day or local.date()
        week = asked or SchoolWeek.holding(day)
        if sight.why is Why.TRUSTED:
            await self._views.note(caller_id, pupil_id, first_day=week.monday, last_day=week.saturday)
        attended = _attended(places, week)
        lessons = [
            row
            for place in attended
            for row in await storage.lessons_with_marks(
                self._reader,
                school_id=place.school_id,
                class_id=place.class_id,
                pupil_id=pupil_id,
                from_on=max(place.from_on, week.monday),
                to_on=min(place.until_on or week.saturday, week.saturday),
            )
        ]
        shown = next((place for place in attended if _covers(place, day)), attended[0] if attended else None)
        return Week(
            pupil_id=pupil_id,
            display_name=places[0].display_name or "",
            school_title=shown.school_title if shown else "",
            class_title=shown.class_title if shown else "",
            zone=shown.zone if shown else home.zone if home else "",
            days=_days(week, lessons, attended, sight),
            now=(local.date(), local.time()),
            sight=sight,
            last_lessons_on=(
                None if lessons or sight.why is Why.TRUSTED else await self._last_lessons(attended, week)
            ),
        )

    async def _last_lessons(self, attended: Sequence[Place], week: SchoolWeek) -> date | None:
        """The last day before the week on which the pupil's classes had lessons."""
        days = [
            await storage.last_day(
                self._reader,
                school_id=place.school_id,
                class_id=place.class_id,
                from_on=place.from_on,
                to_on=week.monday - _A_DAY,
            )
            for place in attended
        ]
        return max((day for day in days if day), default=None)

    async def _sight(self, caller_id: UUID, pupil_id: UUID, places: Sequence[Place], today: date) -> Sight:
        """What the caller sees; only who is no family costs another question."""
        relations = (
            Relation(place.valid_from, place.valid_until, place.ended_at is not None) for place in places
        )
        is_pupil = bool(places[0].is_pupil)
        sight = family_sight(caller_id, pupil_id, is_pupil=is_pupil, relations=relations, on=today)
        if sight is None:
            delegations = await delegations_to(self._reader, caller_id=caller_id, pupil_id=pupil_id)
            sight = trusted_sight(delegations, on=today)
        if sight is None:
            raise NotTheirPupil
        return sight


def _home(places: Sequence[Place], now: datetime) -> Place | None:
    """The class the pupil joined last: its school's zone says what day it is for the pupil."""
    known = [place for place in places if place.school_id is not None]
    begun = (place for place in known if place.from_on <= now.astimezone(ZoneInfo(place.zone)).date())
    return next(begun, known[-1] if known else None)


def _attended(places: Sequence[Place], week: SchoolWeek) -> list[Place]:
    """The classes of the week, each once: a place appears beside every relation of the caller."""
    once = {
        (place.school_id, place.class_id, place.from_on): place
        for place in places
        if place.school_id is not None
        and place.from_on <= week.saturday
        and (place.until_on is None or place.until_on >= week.monday)
    }
    return list(once.values())


def _covers(place: Place, day: date) -> bool:
    return place.from_on <= day and (place.until_on is None or place.until_on >= day)


def _days(week: SchoolWeek, lessons: Sequence[Record], attended: Sequence[Place], sight: Sight) -> list[Day]:
    by_date: dict[date, list[Record]] = {day: [] for day in week.days}
    for row in lessons:
        by_date[row["date"]].append(row)
    if len(attended) > 1:
        for rows in by_date.values():
            rows.sort(key=lambda row: int(row["number"]))
    trusted = sight.why is Why.TRUSTED
    return [
        Day(
            day,
            "" if rows else _holiday(day, attended),
            _allowed(rows, sight.scopes) if trusted else rows,
        )
        for day, rows in by_date.items()
    ]


def _allowed(rows: Iterable[Record], scopes: frozenset[Scope]) -> list[LessonRow]:
    """What a trusted person may see of a day's lessons; remarks are the family's alone."""
    marks, homework = Scope.MARKS in scopes, Scope.HOMEWORK in scopes
    shown = []
    for row in rows:
        lesson = LessonRow(*row)._replace(remarks=None)
        if not marks:
            lesson = lesson._replace(mark=None, comment=None, version=None, work_type="")
        if not homework:
            lesson = lesson._replace(room="", teacher_name=None, topic="", homework=None)
        if homework or lesson.mark is not None:
            shown.append(lesson)
    return shown


def _holiday(day: date, attended: Sequence[Place]) -> str:
    for place in attended:
        if place.holidays and _covers(place, day):
            for title, starts_on, ends_on, only_grade in place.holidays:
                holiday = Holiday(
                    title, date.fromisoformat(starts_on), date.fromisoformat(ends_on), only_grade
                )
                if holiday.covers(day, place.grade):
                    return holiday.title
    return ""
