"""Homework and its versions."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.diary.homework.rules import Homework, StaleHomework


def test_homework_counts_its_changes_and_refuses_stale_ones() -> None:
    first = Homework(uuid4()).replaced_by("№ 5", based_on=0)

    assert (first.text, first.version) == ("№ 5", 1)
    assert first.replaced_by("№ 5", based_on=1) is first
    with pytest.raises(StaleHomework):
        first.replaced_by("№ 6", based_on=0)


def test_taking_back_what_was_never_set_changes_nothing() -> None:
    assert Homework(uuid4()).replaced_by("", based_on=0).version == 0
