"""Marks as a scale has them, and their versions."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.diary.marks.rules import (
    FIVE_POINT,
    SCALES,
    WITHOUT_MARKS,
    Mark,
    MarkOnLesson,
    NoMark,
    StaleMark,
    UnknownMark,
    scale_of,
)


def mark(text: str) -> Mark:
    return Mark.parse(text, FIVE_POINT)


def cell(text: str = "", version: int = 0, comment: str = "") -> MarkOnLesson:
    return MarkOnLesson(uuid4(), uuid4(), uuid4(), text, comment, version)


@pytest.mark.parametrize(
    ("written", "read", "values"),
    [
        ("5", "5", [5]),
        ("4+", "4+", [4]),
        ("3-", "3-", [3]),
        ("1", "1", [1]),
        ("зачёт", "зачёт", []),
        ("незачёт", "незачёт", []),
        ("н/а", "н/а", []),
        ("осв", "осв", []),
        ("4/5", "4/5", [4, 5]),
        ("3-/4+", "3-/4+", [3, 4]),
    ],
)
def test_a_mark_counts_as_its_number_or_as_nothing(written: str, read: str, values: list[int]) -> None:
    assert mark(written) == Mark(read, tuple(Decimal(value) for value in values))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" 5 ", "5"),
        ("4 +", "4+"),
        ("4−", "4-"),
        ("4–", "4-"),
        ("4＋", "4+"),
        ("ЗАЧЕТ", "зачёт"),
        ("зачёт", "зачёт"),
        ("Н/А", "н/а"),
        ("н/a", "н/а"),
        ("H/A", "н/а"),
        ("ОСВ", "осв"),
        ("осв", "осв"),
        ("4 / 5", "4/5"),
    ],
)
def test_usual_ways_of_writing_are_one_mark(written: str, read: str) -> None:
    assert mark(written).text == read


@pytest.mark.parametrize(
    "written", ["", "6", "0", "5++", "1-", "4/", "/", "4/5/3", "4/н/а", "осв/5", "отл", "5\n4"]
)
def test_what_the_scale_does_not_have_is_refused(written: str) -> None:
    with pytest.raises(UnknownMark):
        mark(written)


@pytest.mark.parametrize("written", FIVE_POINT.marks)
def test_every_mark_of_the_scale_is_read_as_itself(written: str) -> None:
    assert mark(written).text == written


@given(st.text(max_size=12))
def test_any_text_is_a_mark_of_the_scale_or_refused(written: str) -> None:
    try:
        read = mark(written).text
    except UnknownMark:
        return
    assert read in FIVE_POINT.marks or all(half in FIVE_POINT.marks for half in read.split("/"))
    assert mark(read).text == read


def test_the_scale_begins_with_what_is_given_most() -> None:
    assert FIVE_POINT.marks[:6] == ("5", "4", "3", "2", "5+", "5-")
    assert FIVE_POINT.marks[-5:] == ("1", "зачёт", "незачёт", "н/а", "осв")


def test_the_first_grade_has_no_marks() -> None:
    assert scale_of("five_point", grade=1) is WITHOUT_MARKS
    assert scale_of("five_point", grade=2) is SCALES["five_point"]
    with pytest.raises(UnknownMark):
        Mark.parse("зачёт", WITHOUT_MARKS)


def test_a_change_makes_the_next_version() -> None:
    after = cell("4", 1).replaced_by(mark("5"), comment="Исправил", based_on=1)

    assert (after.text, after.comment, after.version) == ("5", "Исправил", 2)


def test_a_new_comment_alone_is_a_change() -> None:
    assert cell("4", 1).replaced_by(mark("4"), comment="Молодец", based_on=1).version == 2


def test_the_same_mark_and_comment_is_no_change() -> None:
    before = cell("4", 1, "Молодец")

    assert before.replaced_by(mark("4"), comment="Молодец", based_on=1) is before


@pytest.mark.parametrize("based_on", [0, 2, -1])
def test_another_version_than_the_present_is_stale_and_shown_the_present(based_on: int) -> None:
    present = cell("4", 1)

    with pytest.raises(StaleMark) as refused:
        present.replaced_by(mark("5"), comment="", based_on=based_on)
    assert refused.value.metadata == {"present": "4", "version": "1"}
    with pytest.raises(StaleMark):
        present.removed(based_on=based_on)


def test_a_removal_empties_the_cell_and_keeps_counting() -> None:
    after = cell("4", 3, "Молодец").removed(based_on=3)

    assert (after.text, after.comment, after.version) == ("", "", 4)


@pytest.mark.parametrize("version", [0, 4])
def test_there_is_nothing_to_remove_from_an_empty_cell(version: int) -> None:
    with pytest.raises(NoMark):
        cell(version=version).removed(based_on=version)
