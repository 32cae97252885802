"""The weekly timetable: every class full and without gaps, no teacher in two places at once.

Each class gets its lessons dealt over its cells in any order, then lessons of one class change places
until nobody clashes (min-conflicts with a short memory). A teacher keeps to one room, so a clash of
rooms is a clash of teachers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from deploy.local.demo.curriculum import SUBJECTS, TALKS
from deploy.local.demo.schools import SchoolPlan

_CLASH: Final = 100  # a teacher in two classrooms
_TWICE: Final = 6  # a subject twice on a day
_LATE: Final = 1  # a hard subject on a day's last lesson
_MEMORY: Final = 12  # rounds for which a moved lesson stays where it is
_ROUNDS: Final = 6000
_ATTEMPTS: Final = 8

# The days that get one more lesson when hours do not divide evenly: the middle of the week is strongest.
_LONGER_DAYS: Final = (1, 3, 2, 4, 0, 5)
_DOUBLES_ALLOWED: Final = frozenset({"craft"})


class NoTimetable(RuntimeError):
    """The plan cannot be met: somebody has more lessons than the week has cells."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one class is taught: hours by (subject code, teacher's index)."""

    grade: int
    homeroom_teacher: int
    hours: tuple[tuple[str, int, int], ...]  # subject code, teacher, hours a week


@dataclass(frozen=True, slots=True)
class Cell:
    """A lesson's place in the week; cells with the same ``clash`` overlap in time."""

    weekday: int
    number: int
    clash: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A lesson in its place."""

    class_index: int
    cell: Cell
    subject: str
    teacher: int


def weekly_timetable(
    plan: SchoolPlan,
    loads: list[Load],
    random: Random,
    *,
    suits: Callable[[list[Placed]], bool] = lambda _: True,
) -> list[Placed]:
    """Place every class's lessons so that the whole ``suits``.

    Raises:
        NoTimetable: clashes remain after many attempts, or nothing that came of them suits.
    """
    for _ in range(_ATTEMPTS):
        search = _Search(plan, loads, random)
        if search.run() and suits(placed := search.placed()):
            return placed
    raise NoTimetable(f"{plan.code}: clashes remain, or nothing suits")


def day_lengths(hours: int, days: int) -> list[int]:
    """How many lessons each day has: as even as can be, the middle of the week first."""
    base, extra = divmod(hours, days)
    longer = [day for day in _LONGER_DAYS if day < days][:extra]
    return [base + (day in longer) for day in range(days)]


class _Clashes:
    """Gives lessons that overlap in time the same key: shifts meet, first of one and last of the other."""

    def __init__(self, plan: SchoolPlan, grades: set[int]) -> None:
        self._keys: dict[tuple[int, int, int], int] = {}
        key = -1
        for weekday in range(6):
            intervals = sorted(
                {
                    (bell.starts_at, bell.ends_at, plan.shift(grade), bell.number)
                    for grade in grades
                    if weekday < plan.days(grade)
                    for bell in plan.bell_times(grade, weekday).values()
                }
            )
            until = None
            for starts_at, ends_at, shift, number in intervals:
                if until is None or starts_at >= until:
                    key += 1
                    until = ends_at
                until = max(until, ends_at)
                self._keys[weekday, shift, number] = key

    def cell(self, weekday: int, shift: int, number: int) -> Cell:
        return Cell(weekday, number, self._keys[weekday, shift, number])


class _Search:
    """One attempt: a random start, then exchanges within classes."""

    def __init__(self, plan: SchoolPlan, loads: list[Load], random: Random) -> None:
        self._random = random
        clashes = _Clashes(plan, {load.grade for load in loads})
        self._cells: list[list[Cell]] = []
        self._lessons: list[list[tuple[str, int]]] = []
        self._last: list[list[bool]] = []
        self._pinned: list[Placed] = []
        self._busy: Counter[tuple[int, int]] = Counter()
        self._same_day: Counter[tuple[int, int, str]] = Counter()
        for index, load in enumerate(loads):
            self._deal(index, load, plan, clashes)
        self._moved: defaultdict[tuple[int, int], int] = defaultdict(lambda: -_MEMORY)

    def _deal(self, index: int, load: Load, plan: SchoolPlan, clashes: _Clashes) -> None:
        """Put the talks on Monday's first lesson and the rest anywhere."""
        shift = plan.shift(load.grade)
        zero = plan.zero_lesson_shift == shift
        lessons = [(code, teacher) for code, teacher, hours in load.hours for _ in range(hours)]
        lengths = day_lengths(len(lessons) + (not zero), plan.days(load.grade))
        cells = [
            clashes.cell(weekday, shift, number)
            for weekday, length in enumerate(lengths)
            for number in range(1, length + 1)
        ]
        first = clashes.cell(0, shift, 0) if zero else cells.pop(0)
        self._pinned.append(Placed(index, first, TALKS, load.homeroom_teacher))
        self._busy[load.homeroom_teacher, first.clash] += 1
        self._random.shuffle(lessons)
        self._cells.append(cells)
        self._lessons.append(lessons)
        self._last.append([cell.number == lengths[cell.weekday] for cell in cells])
        for cell, (code, teacher) in zip(cells, lessons, strict=True):
            self._busy[teacher, cell.clash] += 1
            self._same_day[index, cell.weekday, code] += 1

    def run(self) -> bool:
        """Exchange lessons until nothing clashes. False when that did not come about."""
        for round_ in range(_ROUNDS):
            wrong = self._clashing()
            if not wrong:
                self._smooth()
                return not self._clashing()
            # Several at once: looking for clashes costs more than mending one.
            for index, place in self._random.sample(wrong, min(len(wrong), 8)):
                self._exchange(index, place, round_)
        return False

    def placed(self) -> list[Placed]:
        """Every lesson in its place."""
        return self._pinned + [
            Placed(index, cell, code, teacher)
            for index, cells in enumerate(self._cells)
            for cell, (code, teacher) in zip(cells, self._lessons[index], strict=True)
        ]

    def _clashing(self) -> list[tuple[int, int]]:
        crowded = {key for key, count in self._busy.items() if count > 1}
        if not crowded:
            return []
        return [
            (index, place)
            for index, cells in enumerate(self._cells)
            for place, cell in enumerate(cells)
            if (self._lessons[index][place][1], cell.clash) in crowded
        ]

    def _smooth(self) -> None:
        """Spread a subject over the days and move hard ones off the last lesson, where that is free."""
        for _ in range(2):
            for index, cells in enumerate(self._cells):
                for place in range(len(cells)):
                    if self._penalty(index, place, self._lessons[index][place]) > 0:
                        self._improve(index, place)

    def _exchange(self, index: int, place: int, round_: int) -> None:
        """Make the best exchange for a clashing lesson, even when it is no gain."""
        gains = [
            (self._change(index, place, other), self._random.random(), other)
            for other in range(len(self._cells[index]))
            if other != place and round_ - self._moved[index, other] >= _MEMORY
        ]
        if gains:
            other = min(gains)[2]
            self._swap(index, place, other)
            self._moved[index, place] = self._moved[index, other] = round_

    def _improve(self, index: int, place: int) -> None:
        best, other = min(
            (self._change(index, place, other), other)
            for other in range(len(self._cells[index]))
            if other != place
        )
        if best < 0:
            self._swap(index, place, other)

    def _penalty(self, index: int, place: int, lesson: tuple[str, int]) -> int:
        """What is wrong with a lesson where it stands now, but for clashes."""
        code, _ = lesson
        twice = self._same_day[index, self._cells[index][place].weekday, code] - 1
        late = self._last[index][place] and SUBJECTS[code].hard
        return (0 if code in _DOUBLES_ALLOWED else _TWICE * twice) + _LATE * late

    def _change(self, index: int, one: int, other: int) -> int:
        """What exchanging two lessons of a class would add to everything that is wrong."""
        lessons, cells = self._lessons[index], self._cells[index]
        if lessons[one] == lessons[other]:
            return 0
        return self._move(index, lessons[one], cells, one, other) + self._move(
            index, lessons[other], cells, other, one
        )

    def _move(self, index: int, lesson: tuple[str, int], cells: list[Cell], source: int, target: int) -> int:
        code, teacher = lesson
        here, there = cells[source], cells[target]
        change = _CLASH * ((self._busy[teacher, there.clash] > 0) - (self._busy[teacher, here.clash] > 1))
        partner = self._lessons[index][target]
        if partner[1] == teacher:  # the same teacher leaves the cell: no clash comes of it
            change = _CLASH * ((self._busy[teacher, there.clash] > 1) - (self._busy[teacher, here.clash] > 1))
        if here.weekday != there.weekday and code not in _DOUBLES_ALLOWED and partner[0] != code:
            change += _TWICE * (
                (self._same_day[index, there.weekday, code] > 0)
                - (self._same_day[index, here.weekday, code] > 1)
            )
        if SUBJECTS[code].hard:
            change += _LATE * (self._last[index][target] - self._last[index][source])
        return change

    def _swap(self, index: int, one: int, other: int) -> None:
        lessons, cells = self._lessons[index], self._cells[index]
        for place, step in ((one, -1), (other, -1)):
            self._count(index, cells[place], lessons[place], step)
        lessons[one], lessons[other] = lessons[other], lessons[one]
        for place, step in ((one, 1), (other, 1)):
            self._count(index, cells[place], lessons[place], step)

    def _count(self, index: int, cell: Cell, lesson: tuple[str, int], step: int) -> None:
        code, teacher = lesson
        self._busy[teacher, cell.clash] += step
        self._same_day[index, cell.weekday, code] += step
