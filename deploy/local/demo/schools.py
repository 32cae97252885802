"""The three schools: two in the town of Озёрск, one in a village across the border of a time zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import Final

from deploy.local.demo.curriculum import HOURS, TOWN_SPECIALITIES, VILLAGE_SPECIALITIES, Speciality
from deploy.local.demo.identifiers import Identifiers
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.world import Bell, BellSchedule, Holiday, Region, School, Term

# 00 is nobody's code: the region is invented, its border between UTC+3 and UTC+4 is not.
REGION: Final = Region(code="00", title_ru="Заозёрский край", title_en="Zaozersk Territory")

ALL_GRADES: Final = frozenset(range(1, 12))
_UPPER_GRADES = frozenset({10, 11})
_WORKDAYS = frozenset(range(5))


@dataclass(frozen=True)
class SchoolPlan:
    """How a school is made; `build_school` turns it into facts."""

    code: str
    title: str
    full_title: str
    zone: str
    letters: dict[int, str]  # grade → one letter for each class
    sizes: tuple[int, int]  # the smallest and the largest class
    bells: tuple[BellSchedule, ...]
    specialities: tuple[Speciality, ...]
    second_shift: frozenset[int] = frozenset()
    six_days: frozenset[int] = frozenset()
    trimesters: frozenset[int] = frozenset()
    second_language: frozenset[int] = frozenset()
    zero_lesson_shift: int | None = None  # the shift whose Monday begins with lesson 0
    hours: dict[int, dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        hours = {
            grade: {**subjects, "german": 2} if grade in self.second_language else subjects
            for grade, subjects in HOURS.items()
        }
        object.__setattr__(self, "hours", hours)

    def shift(self, grade: int) -> int:
        """1 in the morning, 2 in the afternoon."""
        return 2 if grade in self.second_shift else 1

    def days(self, grade: int) -> int:
        """How many days a week the grade goes to school."""
        return 6 if grade in self.six_days else 5

    def bell_times(self, grade: int, weekday: int) -> dict[int, Bell]:
        """The bells of a grade on a weekday, by lesson number."""
        for schedule in self.bells:
            if (
                schedule.shift == self.shift(grade)
                and weekday in schedule.weekdays
                and grade in schedule.grades
            ):
                return {bell.number: bell for bell in schedule.bells}
        raise LookupError(f"{self.code} has no bells for grade {grade} on weekday {weekday}")


def _bells(
    starts: str, minutes: int, *, shift: int = 1, first: int = 1,
    weekdays: frozenset[int] = _WORKDAYS, grades: frozenset[int] = ALL_GRADES,
) -> BellSchedule:  # fmt: skip
    bells = []
    for number, start in enumerate(starts.split(), first):
        hour, minute = map(int, start.split(":"))
        end = hour * 60 + minute + minutes
        bells.append(Bell(number, time(hour, minute), time(end // 60, end % 60)))
    return BellSchedule(shift, weekdays, grades, tuple(bells))


# Grade 1 has lessons of 35 minutes, from the same bell (sanitary rules SP 2.4.3648-20).
_FIRST, _OTHERS = frozenset({1}), ALL_GRADES - {1}
_GYMNASIUM_STARTS = "8:30 9:25 10:30 11:35 12:30 13:25 14:20"
_SCHOOL_STARTS = "8:00 8:50 9:45 10:40 11:30 12:20 13:05"
_VILLAGE_STARTS = "8:45 9:40 10:40 11:45 12:45 13:40 14:30"

PLANS: Final = (
    SchoolPlan(
        code="g4",
        title="Гимназия № 4",
        full_title="МБОУ «Гимназия № 4 имени А. Н. Островского» г. Озёрска",
        zone="Europe/Moscow",
        letters={
            1: "АБ",
            2: "А",
            3: "А",
            4: "АБ",
            5: "АБ",
            6: "А",
            7: "АБ",
            8: "А",
            9: "А",
            10: "А",
            11: "А",
        },
        sizes=(20, 26),
        bells=(
            _bells(_GYMNASIUM_STARTS, 35, grades=_FIRST),
            _bells(_GYMNASIUM_STARTS, 45, grades=_OTHERS),
            _bells("8:30 9:20 10:15 11:10 12:00 12:50", 40, weekdays=frozenset({5}), grades=_OTHERS),
        ),
        specialities=TOWN_SPECIALITIES,
        six_days=frozenset(range(5, 12)),
        second_language=frozenset(range(5, 10)),
    ),
    SchoolPlan(
        code="s17",
        title="Школа № 17",
        full_title="МАОУ «Средняя общеобразовательная школа № 17» г. Озёрска",
        zone="Europe/Moscow",
        letters={1: "АБ", 2: "А", 3: "АБ", 4: "А", 5: "А", 6: "АБ", 7: "А", 8: "А", 9: "А", 10: "А", 11: "А"},
        sizes=(20, 25),
        bells=(
            _bells(_SCHOOL_STARTS, 35, grades=_FIRST),
            _bells(_SCHOOL_STARTS, 40, grades=_OTHERS),
            _bells("13:10 14:00 14:50 15:45 16:40 17:30 18:20", 40, shift=2, first=0),
        ),
        specialities=TOWN_SPECIALITIES,
        second_shift=frozenset({3, 4, 6}),
        zero_lesson_shift=2,
    ),
    SchoolPlan(
        code="bor",
        title="Боровская школа",
        full_title="МКОУ «Боровская средняя общеобразовательная школа» Приволжского района",
        zone="Europe/Samara",
        letters=dict.fromkeys(range(1, 12), "А"),
        sizes=(18, 20),
        bells=(
            _bells("8:00 " + _VILLAGE_STARTS, 35, first=0, grades=_FIRST),
            _bells("8:00 " + _VILLAGE_STARTS, 40, first=0, grades=_OTHERS),
        ),
        specialities=VILLAGE_SPECIALITIES,
        trimesters=frozenset(range(2, 10)),
        zero_lesson_shift=1,
    ),
)


def build_school(plan: SchoolPlan, ids: Identifiers) -> School:
    """The school itself."""
    return School(ids.uuid(), plan.code, plan.title, plan.full_title, plan.zone, plan.bells)


def build_terms(plan: SchoolPlan, school: School, year: SchoolYear, ids: Identifiers) -> list[Term]:
    """Quarters, half-years for the upper grades, trimesters where the school has them."""
    quarters = ALL_GRADES - _UPPER_GRADES - plan.trimesters
    spans = (
        *((span, quarters) for span in year.quarters),
        *((span, _UPPER_GRADES) for span in year.half_years),
        *((span, plan.trimesters) for span in year.trimesters if plan.trimesters),
    )
    return [
        Term(ids.uuid(), school.id, span.title, grades, span.first_day, span.last_day)
        for span, grades in spans
    ]


def build_holidays(school: School, year: SchoolYear, ids: Identifiers) -> list[Holiday]:
    """The days without lessons, with the names that the diary shows."""
    spans = (
        *((span, ALL_GRADES) for span in (*year.holidays, year.summer, *year.public_holidays)),
        (year.february_holidays, _FIRST),
    )
    return [
        Holiday(ids.uuid(), school.id, span.title, grades, span.first_day, span.last_day)
        for span, grades in spans
    ]
