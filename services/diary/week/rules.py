"""The school week as the paper diary prints it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from services.kit.errors import BadDate


@dataclass(frozen=True, slots=True)
class SchoolWeek:
    """Monday to Saturday."""

    monday: date
    saturday: date

    @classmethod
    def holding(cls, day: date) -> SchoolWeek:
        """The week that ``day`` belongs to; a Sunday ends its week.

        Raises:
            BadDate: the week reaches beyond the calendar.
        """
        try:
            monday = day - timedelta(days=day.weekday())
            return cls(monday, monday + timedelta(days=5))
        except OverflowError:
            raise BadDate(field="date") from None

    @property
    def days(self) -> list[date]:
        """The six days in order."""
        return [self.monday + timedelta(days=number) for number in range(6)]


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days without lessons, for the whole school or one grade."""

    title: str
    starts_on: date
    ends_on: date
    only_grade: int | None

    def covers(self, day: date, grade: int) -> bool:
        """Whether a class of ``grade`` has no lessons on ``day`` because of this holiday."""
        return self.starts_on <= day <= self.ends_on and self.only_grade in (None, grade)
