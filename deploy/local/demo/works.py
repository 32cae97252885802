"""Written works: what kinds there are, when a class writes one, and how a lesson's topic names it.

The norms are those of the federal recommendations of 6 August 2021: a class writes at most one assessment
work a day, not on its first or last lesson, in one subject not more often than once in two and a half
weeks, and on at most a tenth of the subject's hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.local.demo.curriculum import HOURS, SUBJECTS
from deploy.local.demo.world import WorkType

CLASSWORK: Final = "classwork"
HOMEWORK_CHECK: Final = "homework"

WORK_TYPES: Final = (
    WorkType(CLASSWORK, "Работа на уроке", 1),
    WorkType(HOMEWORK_CHECK, "Домашняя работа", 1),
    WorkType("independent", "Самостоятельная работа", 2),
    WorkType("test", "Проверочный тест", 2),
    WorkType("laboratory", "Лабораторная работа", 2),
    WorkType("practical", "Практическая работа", 2),
    WorkType("recitation", "Чтение наизусть", 2),
    WorkType("standards", "Сдача норматива", 1),
    WorkType("dictation", "Диктант", 3),
    WorkType("essay", "Сочинение", 3),
    WorkType("control", "Контрольная работа", 4),
)
ASSESSMENTS: Final = frozenset({"dictation", "essay", "control"})

_BETWEEN_ASSESSMENTS = timedelta(days=18)  # two and a half weeks
_ASSESSED_SHARE = 0.1
_ASSESSED: Final = {
    "russian": "dictation", "literature": "essay", "mathematics": "control", "algebra": "control",
    "geometry": "control", "english": "control", "physics": "control", "chemistry": "control",
    "history": "control", "biology": "control", "geography": "control", "world_around": "control",
}  # fmt: skip
_SHORT: Final = {
    "russian": "independent", "mathematics": "independent", "algebra": "independent",
    "geometry": "independent", "statistics": "independent", "english": "test", "german": "test",
    "informatics": "practical", "world_around": "test", "history": "test", "social": "test",
    "geography": "practical", "biology": "laboratory", "physics": "laboratory", "chemistry": "practical",
    "art": "practical", "craft": "practical", "sport": "standards", "safety": "test",
}  # fmt: skip
RECITED: Final = frozenset({"reading", "literature"})  # heard after something was to be learned by heart

_NAMED: Final = {
    "independent": "Самостоятельная работа",
    "test": "Тест",
    "laboratory": "Лабораторная работа № {number}",
    "practical": "Практическая работа № {number}",
    "recitation": "Чтение наизусть",
    "standards": "Сдача норматива",
    "essay": "Сочинение",
}
_QUOTED: Final = {"dictation": "Диктант", "control": "Контрольная работа № {number}"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A lesson that might be given to a written work."""

    day: date
    first_or_last: bool


class Planner:
    """Plans the works of one class, subject by subject."""

    def __init__(self, grade: int, random: Random) -> None:
        self._grade = grade
        self._random = random
        self._assessed_days: set[date] = set()

    def plan(self, subject: str, slots: list[Slot]) -> list[str]:
        """The code of each lesson's work; the slots are in order of time."""
        kinds = [CLASSWORK] * len(slots)
        if self._grade == 1 or not SUBJECTS[subject].marked:
            return kinds
        every = 3 if HOURS[self._grade].get(subject, 2) == 1 else 5
        phase = self._random.randrange(every)
        for place in range(len(slots)):
            if subject in _SHORT and place % every == phase:
                kinds[place] = _SHORT[subject]
            elif SUBJECTS[subject].hard and place % 4 == phase % 4:
                kinds[place] = HOMEWORK_CHECK
        self._assess(subject, slots, kinds)
        return kinds

    def _assess(self, subject: str, slots: list[Slot], kinds: list[str]) -> None:
        if subject not in _ASSESSED:
            return
        kind = "control" if subject == "russian" and self._grade >= 10 else _ASSESSED[subject]
        left = int(len(slots) * _ASSESSED_SHARE)
        soonest = slots[0].day + timedelta(days=self._random.randrange(4, 16)) if slots else date.min
        for place, slot in enumerate(slots):
            if (
                left
                and slot.day >= soonest
                and not slot.first_or_last
                and slot.day not in self._assessed_days
            ):
                kinds[place] = kind
                self._assessed_days.add(slot.day)
                left -= 1
                soonest = slot.day + _BETWEEN_ASSESSMENTS


def title_of(kind: str, topic: str, number: int) -> str:
    """How the journal names the lesson: "Контрольная работа № 2 по теме «Уравнение»"."""
    if kind in _QUOTED:
        name = _QUOTED[kind].format(number=number)
        # Quotation marks within quotation marks are avoided, as journals do.
        return name if "«" in topic else f"{name} по теме «{topic}»"
    return extended(topic, _NAMED.get(kind, "").format(number=number))


def extended(topic: str, part: str) -> str:
    """A topic and what part of it the lesson is: "Приставки. Упражнения", "Some or any? Упражнения"."""
    if not part:
        return topic
    return f"{topic} {part}" if topic.endswith(("?", "!", ".")) else f"{topic}. {part}"
