"""What teachers wrote into the journal: marks with comments, remarks.

Every pupil has an ability and every teacher a strictness, so that a pupil's marks belong together; some
pupils were ill for a few days. Nothing is written on lessons after today, and no mark in grade 1; who shows
the region in the middle of a day leaves out what teachers will have written by its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from deploy.local.demo.curriculum import SUBJECTS, TALKS
from deploy.local.demo.identifiers import Identifiers
from deploy.local.demo.lessons import instant
from deploy.local.demo.texts import remarks as words
from deploy.local.demo.works import ASSESSMENTS, CLASSWORK, HOMEWORK_CHECK
from deploy.local.demo.world import Gender, Lesson, Mark, Person, Remark

_ASKED = 0.20  # pupils who get a mark on an ordinary lesson
_ASKED_LIVELY = 0.45  # the cast's children: a screen that shows them should have something on it
_CHECKED = 0.5  # notebooks collected when homework is checked
_WRITES = 0.95  # of those present, when the whole class writes
_COMMENTED = 0.05
_REMARKED, _REMARKED_LIVELY = 0.009, 0.03  # of a class, on one lesson
_ILL = 0.35  # pupils who were ill once in these weeks
_LEANING_TEACHERS = 0.4  # teachers who write "+" and "-"
_LUCK = 0.45  # how far one day is from another
_EASE = 0.55  # how much kinder the marks of these subjects are
_EASY: Final = frozenset({"art", "music", "craft", "sport"})
# How a work shifts what a pupil gets, in marks.
_SHIFT: Final = {CLASSWORK: 0.25, HOMEWORK_CHECK: 0.1, "control": -0.2, "dictation": -0.25, "practical": 0.35}
_TWO_MARKS: Final = frozenset({"essay", "dictation"})  # content and spelling, from grade 5: "4/5"


@dataclass(frozen=True, slots=True)
class _Page:
    """A lesson's page of the journal."""

    lesson: Lesson
    code: str  # of the subject
    grade: int
    present: list[Person]
    absent: list[Person]
    ends_at: datetime


class Journal:
    """Fills the lessons of one school with marks and remarks; ``lively`` pupils get more of both."""

    def __init__(
        self, today: date, zone: str, ids: Identifiers, random: Random, *, lively: set[UUID]
    ) -> None:
        self._today = today
        self._zone = ZoneInfo(zone)
        self._ids = ids
        self._random = random
        self._lively = lively
        self._ability: dict[UUID, float] = {}
        self._talents: dict[tuple[UUID, str], float] = {}
        self._strictness: dict[UUID, float] = {}
        self._leans: dict[UUID, bool] = {}
        self.marks: list[Mark] = []
        self.remarks: list[Remark] = []

    def keep(self, grade: int, pupils: list[Person], lessons: list[Lesson], codes: dict[UUID, str]) -> None:
        """Everything written about one class; ``codes``: the subject's code by its id."""
        if not lessons:
            return
        first, last = min(lesson.date for lesson in lessons), max(lesson.date for lesson in lessons)
        self._ability.update((pupil.id, min(4.95, self._random.gauss(4.0, 0.5))) for pupil in pupils)
        absence = {pupil.id: self._absence(first, last) for pupil in pupils}
        for lesson in lessons:
            code = codes[lesson.subject_id]
            if lesson.date > self._today or code == TALKS:
                continue
            page = _Page(
                lesson,
                code,
                grade,
                present=[pupil for pupil in pupils if lesson.date not in absence[pupil.id]],
                absent=[pupil for pupil in pupils if lesson.date in absence[pupil.id]],
                ends_at=instant(lesson.date, lesson.ends_at, self._zone),
            )
            if grade > 1 and SUBJECTS[code].marked:
                self._mark(page)
            self._remark(page)

    def _absence(self, first: date, last: date) -> frozenset[date]:
        if self._random.random() > _ILL:
            return frozenset()
        begin = first + timedelta(days=self._random.randrange((last - first).days + 1))
        return frozenset(begin + timedelta(days=n) for n in range(self._random.randint(1, 7)))

    def _mark(self, page: _Page) -> None:
        lesson, kind, random = page.lesson, page.lesson.work_type, self._random
        share = {CLASSWORK: _ASKED, HOMEWORK_CHECK: _CHECKED}.get(kind, _WRITES)
        shift = _SHIFT.get(kind, 0.0) + _EASE * (page.code in _EASY) - self._strict(lesson.teacher_id)
        # Works of the whole class come back marked in the evening; for work in class the mark is set at once.
        minutes = random.randint(2, 8) if kind == CLASSWORK else random.randint(120, 420)
        set_at = page.ends_at + timedelta(minutes=minutes)
        for pupil in page.present:
            asked = max(share, _ASKED_LIVELY) if pupil.id in self._lively else share
            if random.random() < asked:
                level = self._ability[pupil.id] + self._talent(pupil.id, page.code) + shift
                text, comment = self._judged(page, level)
                self._write(lesson, pupil, text, comment, set_at)
        if kind in ASSESSMENTS:
            for pupil in page.absent:  # they owe it
                self._write(lesson, pupil, "н/а", "Пропуск: работу нужно написать", set_at)

    def _judged(self, page: _Page, level: float) -> tuple[str, str]:
        """A mark for work of about this level, and the teacher's words to it."""
        random = self._random
        value = _value(level + random.gauss(0, _LUCK))
        text = str(value)
        if page.lesson.work_type in _TWO_MARKS and page.grade >= 5 and random.random() < 0.6:
            text = f"{value}/{_value(level + random.gauss(0, _LUCK))}"
        elif self._leans[page.lesson.teacher_id] and random.random() < 0.25:
            text += random.choice("+-") if value < 5 else "-"
        commented = page.code not in _EASY and random.random() < _COMMENTED
        return text, random.choice(words.COMMENTS[value]) if commented else ""

    def _write(self, lesson: Lesson, pupil: Person, text: str, comment: str, at: datetime) -> None:
        mark = Mark(
            id=self._ids.uuid_at(at),
            school_id=lesson.school_id,
            lesson_id=lesson.id,
            lesson_date=lesson.date,
            pupil_id=pupil.id,
            text=text,
            comment=comment,
            set_by=lesson.teacher_id,
            set_at=at,
        )
        self.marks.append(mark)

    def _remark(self, page: _Page) -> None:
        for pupil in page.present:
            if self._random.random() >= (_REMARKED_LIVELY if pupil.id in self._lively else _REMARKED):
                continue
            stock = self._stock(page.code, page.grade, self._ability[pupil.id])
            left_at = page.ends_at + timedelta(minutes=self._random.randint(1, 9))
            remark = Remark(
                id=self._ids.uuid_at(left_at),
                school_id=page.lesson.school_id,
                lesson_id=page.lesson.id,
                lesson_date=page.lesson.date,
                pupil_id=pupil.id,
                text=words.for_gender(self._random.choice(stock), pupil.gender is Gender.MALE),
                left_by=page.lesson.teacher_id,
                left_at=left_at,
            )
            self.remarks.append(remark)

    def _stock(self, code: str, grade: int, ability: float) -> tuple[str, ...]:
        chance = self._random.random()
        if code == "sport":
            return words.SPORT
        if chance < 0.12:
            return words.NEUTRAL_PRIMARY if grade <= 4 else words.NEUTRAL
        praised = chance < (0.75 if ability > 4.1 else 0.4)
        if grade <= 4:
            return words.PRAISE_PRIMARY if praised else words.REPROACH_PRIMARY
        return words.PRAISE if praised else words.REPROACH

    def _talent(self, pupil: UUID, code: str) -> float:
        found = self._talents.get((pupil, code))
        if found is None:
            found = self._talents[pupil, code] = self._random.gauss(0, 0.3)
        return found

    def _strict(self, teacher: UUID) -> float:
        if teacher not in self._strictness:
            self._strictness[teacher] = self._random.gauss(0, 0.15)
            self._leans[teacher] = self._random.random() < _LEANING_TEACHERS
        return self._strictness[teacher]


def _value(level: float) -> int:
    return max(2, min(5, round(level)))
