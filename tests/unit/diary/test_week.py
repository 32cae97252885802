"""The week of a paper diary, and holidays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.diary.week.rules import Holiday, SchoolWeek
from services.kit.errors import BadDate

DAY = date(2025, 10, 15)


@given(st.dates(max_value=date(9999, 12, 26)))
def test_a_week_holds_its_day_or_the_sunday_after_it(day: date) -> None:
    week = SchoolWeek.holding(day)

    assert week.monday.weekday() == 0
    assert week.days == [week.monday + timedelta(days=number) for number in range(6)]
    assert week.monday <= day <= week.saturday + timedelta(days=1)


def test_a_week_beyond_the_calendar_is_a_bad_date() -> None:
    with pytest.raises(BadDate):
        SchoolWeek.holding(date.max)


@pytest.mark.parametrize(("only_grade", "grade", "covered"), [(None, 7, True), (1, 1, True), (1, 7, False)])
def test_a_holiday_is_for_all_or_for_one_grade(only_grade: int | None, grade: int, covered: bool) -> None:
    holiday = Holiday("Каникулы", DAY, DAY, only_grade)

    assert holiday.covers(DAY, grade) is covered
    assert not holiday.covers(DAY + timedelta(days=1), grade)
