"""The school year: when it runs, its terms and its holidays.

Sources: the ministry's yearly recommendation on holidays (a week in autumn and spring, the turn of the
year, an extra week in February for grade 1), article 112 of the Labour Code (public holidays and how
they move), quarters for grades 1-9 and half-years for 10-11, trimesters where a school chose them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Span:
    """Some days in a row, both ends included, with the name people use."""

    title: str
    first_day: date
    last_day: date

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True)
class SchoolYear:
    """The school year that begins on 1 September of ``begins``."""

    begins: int

    @classmethod
    def of(cls, day: date) -> SchoolYear:
        """The year a day belongs to; the summer belongs to the year that has just ended.

        It lasts until the first day of lessons: a weekend on 1 September is still summer.
        """
        year = cls(day.year)
        return year if day >= year.first_day else cls(day.year - 1)

    @property
    def title(self) -> str:
        """As schools write it: "2026/2027"."""
        return f"{self.begins}/{self.begins + 1}"

    @cached_property
    def first_day(self) -> date:
        """1 September, or the Monday after it when it falls on a weekend."""
        day = date(self.begins, 9, 1)
        return day + timedelta(days=7 - day.weekday()) if day.weekday() >= SATURDAY else day

    @cached_property
    def last_day(self) -> date:
        """26 May, or the Friday before it when it falls on a weekend."""
        day = date(self.begins + 1, 5, 26)
        return _back_to(day, 4) if day.weekday() >= SATURDAY else day

    @cached_property
    def holidays(self) -> tuple[Span, ...]:
        """The holidays of every grade, in order."""
        autumn = _back_to(date(self.begins, 10, 28), SATURDAY)
        january = date(self.begins + 1, 1, 8)
        spring = _back_to(date(self.begins + 1, 3, 31), SATURDAY)
        return (
            Span("Осенние каникулы", autumn, autumn + 8 * _DAY),
            Span("Зимние каникулы", date(self.begins, 12, 31), _on_to(january, SUNDAY)),
            Span("Весенние каникулы", spring, spring + 8 * _DAY),
        )

    @cached_property
    def february_holidays(self) -> Span:
        """The extra week of grade 1."""
        first = _on_to(date(self.begins + 1, 2, 9), SATURDAY)
        return Span("Дополнительные каникулы", first, first + 8 * _DAY)

    @property
    def summer(self) -> Span:
        """The holidays between this year and the next."""
        return Span("Летние каникулы", self.last_day + _DAY, SchoolYear(self.begins + 1).first_day - _DAY)

    @cached_property
    def public_holidays(self) -> tuple[Span, ...]:
        """Public holidays within the year; one on a weekend brings the next working day with it.

        The first days of January are inside the winter holidays, and so is what falls into other ones.
        """
        nxt = self.begins + 1
        days = (
            ("День народного единства", date(self.begins, 11, 4)),
            ("День защитника Отечества", date(nxt, 2, 23)),
            ("Международный женский день", date(nxt, 3, 8)),
            ("Праздник Весны и Труда", date(nxt, 5, 1)),
            ("День Победы", date(nxt, 5, 9)),
        )
        spans = []
        for title, day in days:
            last = _on_to(day, 0) if day.weekday() >= SATURDAY else day
            free = max([day, *(span.last_day + _DAY for span in self.holidays if day in span)])
            if free <= last:
                spans.append(Span(title, free, last))
        return tuple(spans)

    @cached_property
    def quarters(self) -> tuple[Span, ...]:
        """The four quarters: what the holidays leave."""
        ends = [holidays.first_day - _DAY for holidays in self.holidays]
        starts = [holidays.last_day + _DAY for holidays in self.holidays]
        names = ("I четверть", "II четверть", "III четверть", "IV четверть")
        return tuple(map(Span, names, (self.first_day, *starts), (*ends, self.last_day)))

    @cached_property
    def half_years(self) -> tuple[Span, ...]:
        """The two half-years of the upper grades."""
        winter = self.holidays[1]
        return (
            Span("I полугодие", self.first_day, winter.first_day - _DAY),
            Span("II полугодие", winter.last_day + _DAY, self.last_day),
        )

    @cached_property
    def trimesters(self) -> tuple[Span, ...]:
        """The three trimesters; they do not care for holidays."""
        december, march = date(self.begins, 12, 1), date(self.begins + 1, 3, 1)
        return (
            Span("I триместр", self.first_day, december - _DAY),
            Span("II триместр", december, march - _DAY),
            Span("III триместр", march, self.last_day),
        )

    def is_taught(self, day: date, grade: int) -> bool:
        """Whether a grade has lessons on this day of some week; Sundays never have any."""
        if not self.first_day <= day <= self.last_day or day.weekday() == SUNDAY:
            return False
        free = (*self.holidays, *self.public_holidays)
        if grade == 1:
            free = (*free, self.february_holidays)
        return not any(day in span for span in free)


def _back_to(day: date, weekday: int) -> date:
    """The last such weekday not after ``day``."""
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def _on_to(day: date, weekday: int) -> date:
    """The first such weekday not before ``day``."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)
