"""Terms and holidays by the rules."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from deploy.local.demo.school_year import SchoolYear

YEARS = [SchoolYear(begins) for begins in range(2023, 2036)]


def test_summer_belongs_to_the_year_before() -> None:
    assert SchoolYear.of(date(2027, 8, 31)) == SchoolYear(2026)
    assert SchoolYear.of(date(2027, 9, 1)) == SchoolYear(2027)


def test_summer_lasts_until_the_first_day_of_lessons() -> None:
    """1 September 2029 is a Saturday."""
    assert SchoolYear.of(date(2029, 9, 2)) == SchoolYear(2028)
    assert SchoolYear.of(date(2029, 9, 3)) == SchoolYear(2029)


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.title)
def test_summer_joins_one_year_to_the_next(year: SchoolYear) -> None:
    after = SchoolYear(year.begins + 1)
    assert (
        year.summer.first_day - year.last_day == after.first_day - year.summer.last_day == timedelta(days=1)
    )


def test_the_holidays_of_2025_are_those_that_were_recommended() -> None:
    autumn, winter, spring = SchoolYear(2025).holidays
    assert (autumn.first_day, autumn.last_day) == (date(2025, 10, 25), date(2025, 11, 2))
    assert (winter.first_day, winter.last_day) == (date(2025, 12, 31), date(2026, 1, 11))
    assert (spring.first_day, spring.last_day) == (date(2026, 3, 28), date(2026, 4, 5))


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.title)
def test_holidays_last_a_week_or_more(year: SchoolYear) -> None:
    for span in (*year.holidays, year.february_holidays):
        assert (span.last_day - span.first_day).days >= 7


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.title)
def test_quarters_and_holidays_follow_each_other_without_a_gap(year: SchoolYear) -> None:
    spans = sorted((*year.quarters, *year.holidays), key=lambda span: span.first_day)
    assert all(after.first_day - before.last_day == timedelta(days=1) for before, after in pairwise(spans))
    assert (spans[0].first_day, spans[-1].last_day) == (year.first_day, year.last_day)


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.title)
def test_no_day_is_free_for_two_reasons(year: SchoolYear) -> None:
    spans = sorted((*year.holidays, *year.public_holidays), key=lambda span: span.first_day)
    assert all(before.last_day < after.first_day for before, after in pairwise(spans))


def test_a_public_holiday_on_a_weekend_frees_the_next_working_day() -> None:
    """9 May 2027 is a Sunday."""
    year = SchoolYear(2026)
    assert not year.is_taught(date(2027, 5, 10), grade=7)
    assert year.is_taught(date(2027, 5, 11), grade=7)


def test_grade_1_rests_in_february() -> None:
    year = SchoolYear(2026)
    day = year.february_holidays.first_day + timedelta(days=2)
    assert year.is_taught(day, grade=2)
    assert not year.is_taught(day, grade=1)
