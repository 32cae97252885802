"""Who may see a pupil, and the order of names."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.diary.access.rules import Relation, may_see, name_order

DAY = date(2025, 10, 15)


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
