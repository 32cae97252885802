"""Six weeks of lessons: the timetable laid over the calendar, with topics and homework."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from deploy.local.demo import texts
from deploy.local.demo.curriculum import SUBJECTS
from deploy.local.demo.identifiers import Identifiers
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.schools import SchoolPlan
from deploy.local.demo.works import ASSESSMENTS, CLASSWORK, RECITED, Planner, Slot, extended, title_of
from deploy.local.demo.world import Bell, Homework, Lesson, School, SchoolClass, Subject, TimetableEntry

_WEEKS_BACK: Final = 5
_FACETS: Final = {
    "exact": ("", "Решение задач", "Закрепление", "Практикум", "Обобщение"),
    "words": ("", "Упражнения", "Закрепление", "Работа с текстом", "Обобщение"),
    "books": ("", "Анализ эпизода", "Беседа по тексту", "Обобщение"),
    "gym": ("", "Совершенствование техники", "Учебная игра"),
    "other": ("", "Продолжение", "Обобщение"),
}
_PRIMARY_FACETS: Final = {
    **_FACETS,
    "books": ("", "Чтение по ролям", "Пересказ", "Обобщение"),
    "gym": ("", "Подвижные игры", "Эстафета"),
}
_FACET_OF: Final = {
    **dict.fromkeys(("mathematics", "algebra", "geometry", "statistics", "physics"), "exact"),
    **dict.fromkeys(("russian", "english", "german"), "words"),
    **dict.fromkeys(("reading", "literature"), "books"),
    "sport": "gym",
}
_SET_OFTEN, _SET_SELDOM = 0.93, 0.55  # how often a hard subject sets homework, and any other
_PREPARE: Final = {"control": "Подготовиться к контрольной работе", "dictation": "Подготовиться к диктанту"}
_BY_HEART: Final = "Выучить"  # homework that begins so is recited on the next lesson


@dataclass(frozen=True, slots=True)
class Window:
    """The days for which lessons exist; both belong to it."""

    first: date
    last: date

    @classmethod
    def around(cls, today: date, year: SchoolYear) -> Window:
        """Five weeks back, the present week and the next.

        On a holiday the past weeks are counted from the last week with lessons, so that there is
        always something to look at; in summer that is the end of May.
        """
        taught = today
        while taught > year.first_day and not year.is_taught(taught, 7):
            taught -= timedelta(days=1)
        first = _monday(taught) - timedelta(weeks=_WEEKS_BACK)
        last = _monday(today) + timedelta(days=13)
        return cls(max(first, year.first_day), min(last, year.last_day))

    def days(self) -> list[date]:
        """Every day, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


class Calendar:
    """Turns one school's timetable into lessons."""

    def __init__(
        self,
        plan: SchoolPlan,
        school: School,
        *,
        year: SchoolYear,
        window: Window,
        today: date,
        ids: Identifiers,
        random: Random,
    ) -> None:
        self._plan = plan
        self._school = school
        self._zone = ZoneInfo(school.zone)
        self._year = year
        self._days = window.days()
        self._today = today
        self._ids = ids
        self._random = random
        self.lessons: list[Lesson] = []
        self.homework: list[Homework] = []

    def hold(
        self, school_class: SchoolClass, entries: list[TimetableEntry], subjects: dict[UUID, Subject]
    ) -> None:
        """Every lesson of a class within the window."""
        planner = Planner(school_class.grade, self._random)
        for subject, held in self._held(school_class, entries, subjects).items():
            self._teach(school_class, subjects[subject], held, planner)

    def _held(
        self, school_class: SchoolClass, entries: list[TimetableEntry], subjects: dict[UUID, Subject]
    ) -> dict[UUID, list[_Held]]:
        """The lessons' days and bells by subject, the subject with most lessons first."""
        grade = school_class.grade
        by_weekday: defaultdict[int, list[TimetableEntry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda entry: entry.number):
            by_weekday[entry.weekday].append(entry)
        bells = {weekday: self._plan.bell_times(grade, weekday) for weekday in by_weekday}
        held: defaultdict[UUID, list[_Held]] = defaultdict(list)
        for day in self._days:
            row = by_weekday.get(day.weekday())
            if row is None or not self._year.is_taught(day, grade):
                continue
            for entry in row:
                edge = entry is row[0] or entry is row[-1]
                held[entry.subject_id].append(
                    _Held(entry, bells[day.weekday()][entry.number], Slot(day, edge))
                )
        order = sorted(held, key=lambda subject: (-len(held[subject]), subjects[subject].code))
        return {subject: held[subject] for subject in order}

    def _teach(
        self, school_class: SchoolClass, subject: Subject, held: list[_Held], planner: Planner
    ) -> None:
        """The lessons of one subject: topics run on, each lesson sets homework for the next."""
        topics = texts.topics(subject.code, school_class.grade)
        kinds = planner.plan(subject.code, [each.slot for each in held])
        per_topic = -(-len(held) // len(topics))
        usual = _PRIMARY_FACETS if school_class.grade <= 4 else _FACETS
        facets = usual[_FACET_OF.get(subject.code, "other")]
        numbers: defaultdict[str, int] = defaultdict(int)
        before: Lesson | None = None
        task = ""
        for place, (each, planned) in enumerate(zip(held, kinds, strict=True)):
            topic, part = topics[place // per_topic], place % per_topic
            kind = planned
            if subject.code in RECITED and planned not in ASSESSMENTS:
                kind = "recitation" if task.startswith(_BY_HEART) else CLASSWORK
            numbers[kind] += 1
            if kind == CLASSWORK and before and before.work_type in ASSESSMENTS:
                title = f"Работа над ошибками. {topic.title}"
            elif kind == CLASSWORK:
                title = extended(topic.title, facets[part % len(facets)])
            else:
                title = title_of(kind, topic.title, numbers[kind])
            lesson = self._lesson(school_class, subject, each, title, kind)
            if before:
                self._set_homework(lesson, before, task)
            task = self._task(subject.code, school_class.grade, topic, part, place)
            before = lesson

    def _lesson(
        self, school_class: SchoolClass, subject: Subject, held: _Held, title: str, kind: str
    ) -> Lesson:
        lesson = Lesson(
            id=self._ids.uuid_at(instant(held.slot.day, held.bell.starts_at, self._zone)),
            school_id=self._school.id,
            class_id=school_class.id,
            subject_id=subject.id,
            teacher_id=held.entry.teacher_id,
            date=held.slot.day,
            number=held.entry.number,
            starts_at=held.bell.starts_at,
            ends_at=held.bell.ends_at,
            room=held.entry.room,
            topic=title,
            work_type=kind,
        )
        self.lessons.append(lesson)
        return lesson

    def _task(self, subject: str, grade: int, topic: texts.Topic, part: int, place: int) -> str:
        """What a lesson gives to do; empty when nothing."""
        kind = SUBJECTS[subject]
        own = topic.homework and part == 0  # the topic's own task is given once, after its first lesson
        often = _SET_OFTEN if kind.hard or topic.homework else _SET_SELDOM
        if grade == 1 or not kind.homework or self._random.random() > often:
            return ""
        return texts.homework(subject, grade, topic if own else None, place, self._random)

    def _set_homework(self, lesson: Lesson, before: Lesson, task: str) -> None:
        """Put down what the lesson before gave to do, unless that lesson is still to come."""
        if before.date > self._today or before.date == lesson.date:
            return
        if lesson.work_type in _PREPARE:
            task = _PREPARE[lesson.work_type]
            _, quoted, theme = lesson.topic.partition("«")
            if quoted:
                task = f"{task}, повторить тему «{theme}"
        elif before.work_type in ASSESSMENTS:
            task = ""
        if task:
            at = instant(before.date, before.ends_at, self._zone)
            self.homework.append(
                Homework(
                    lesson.id, lesson.school_id, lesson.class_id, lesson.date, task, before.teacher_id, at
                )
            )


@dataclass(frozen=True, slots=True)
class _Held:
    """A timetable entry on a day."""

    entry: TimetableEntry
    bell: Bell
    slot: Slot


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A moment of a school's day as aware UTC."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
