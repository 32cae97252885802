"""Weeks, holidays, relations, homework and words: what is decided without a database."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.diary.access.rules import Relation, may_see, name_order
from services.diary.homework.rules import Homework, StaleHomework
from services.diary.week.rules import Holiday, SchoolWeek
from services.diary.words import EmptyText, TextTooLong, words, words_needed
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


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        (Relation(DAY, None), True),
        (Relation(DAY, DAY), True),
        (Relation(DAY + timedelta(days=1), None), False),
        (Relation(DAY, DAY - timedelta(days=1)), False),
        (Relation(DAY, None, ended=True), False),
        (Relation(None, None), False),
    ],
)
def test_a_relation_holds_within_its_days_unless_ended(relation: Relation, holds: bool) -> None:
    assert relation.holds_on(DAY) is holds


def test_without_a_relation_only_the_pupil_may_see() -> None:
    pupil, stranger = uuid4(), uuid4()

    assert may_see(pupil, pupil, is_pupil=True, relations=[], on=DAY)
    assert not may_see(pupil, pupil, is_pupil=False, relations=[], on=DAY)
    assert not may_see(stranger, pupil, is_pupil=True, relations=[], on=DAY)


def test_one_relation_that_holds_is_enough() -> None:
    relations = [Relation(DAY, None, ended=True), Relation(DAY, None)]

    assert may_see(uuid4(), uuid4(), is_pupil=True, relations=relations, on=DAY)


def test_names_stand_as_in_a_russian_list() -> None:
    names = ["Жуков", "Ёлкин", "Еремин", "елизаров", "Дёмин"]

    assert sorted(names, key=name_order) == ["Дёмин", "елизаров", "Ёлкин", "Еремин", "Жуков"]


def test_homework_counts_its_changes_and_refuses_stale_ones() -> None:
    first = Homework(uuid4()).replaced_by("№ 5", based_on=0)

    assert (first.text, first.version) == ("№ 5", 1)
    assert first.replaced_by("№ 5", based_on=1) is first
    with pytest.raises(StaleHomework):
        first.replaced_by("№ 6", based_on=0)


def test_taking_back_what_was_never_set_changes_nothing() -> None:
    assert Homework(uuid4()).replaced_by("", based_on=0).version == 0


def test_words_keep_line_breaks_and_lose_other_controls_and_margins() -> None:
    assert words(" № 5\x00\n\t№ 6\x07 ", field="text", most=20) == "№ 5\n\t№ 6"


def test_length_counts_what_is_kept() -> None:
    assert words("  " + "я" * 5, field="text", most=5) == "я" * 5
    with pytest.raises(TextTooLong) as refused:
        words("я" * 6, field="comment", most=5)
    assert refused.value.metadata == {"field": "comment", "limit": "5"}


@pytest.mark.parametrize("text", ["", "  \n", "\x00"])
def test_words_that_are_needed_may_not_be_empty(text: str) -> None:
    with pytest.raises(EmptyText):
        words_needed(text, field="text", most=5)
