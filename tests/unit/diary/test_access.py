"""Who sees what of a pupil, and the order of names."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.diary.access.rules import (
    EVERYTHING,
    Delegation,
    Relation,
    Scope,
    Sight,
    Why,
    family_sight,
    known_scopes,
    name_order,
    trusted_sight,
)

DAY = date(2025, 10, 15)
DAYS = st.integers(-3, 3).map(lambda number: DAY + timedelta(days=number))
RELATIONS = st.builds(Relation, st.none() | DAYS, st.none() | DAYS, st.booleans())
DELEGATIONS = st.builds(
    Delegation,
    st.frozensets(st.sampled_from(Scope)),
    st.none() | DAYS,
    st.none() | DAYS,
    st.booleans(),
    by=st.none() | RELATIONS,
    by_pupil=st.booleans(),
)


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


def test_without_a_relation_only_the_pupil_sees() -> None:
    pupil, stranger = uuid4(), uuid4()

    def why(caller: object, *, is_pupil: bool) -> Why | None:
        sight = family_sight(caller, pupil, is_pupil=is_pupil, relations=[], on=DAY)  # type: ignore[arg-type]
        return sight.why if sight else None

    assert why(pupil, is_pupil=True) is Why.SELF
    assert why(pupil, is_pupil=False) is None
    assert why(stranger, is_pupil=True) is None


def test_one_relation_that_holds_is_enough() -> None:
    relations = [Relation(DAY, None, ended=True), Relation(DAY, None)]

    assert family_sight(uuid4(), uuid4(), is_pupil=True, relations=relations, on=DAY) == Sight(Why.GUARDIAN)


@given(st.lists(DELEGATIONS, max_size=4))
def test_delegations_together_show_what_each_shows_that_holds_and_nothing_else(
    delegations: list[Delegation],
) -> None:
    """A30: unended, in its own days, and in those of the right behind it; whatever is not known fails."""

    def holds(one: Delegation) -> bool:
        in_days = None not in (one.valid_from, one.valid_until) and one.valid_from <= DAY <= one.valid_until  # type: ignore[operator]
        return in_days and not one.ended and (one.by_pupil or bool(one.by and one.by.holds_on(DAY)))

    held = [one for one in delegations if one.scopes and holds(one)]

    sight = trusted_sight(delegations, on=DAY)

    if not held:
        assert sight is None
    else:
        assert sight is not None
        assert sight.why is Why.TRUSTED
        assert sight.scopes == frozenset().union(*(one.scopes for one in held))
        assert sight.until == max(one.valid_until for one in held if one.valid_until)


@given(st.lists(st.integers(-5, 50)))
def test_a_scope_that_is_not_known_shows_nothing(numbers: list[int]) -> None:
    assert {int(scope) for scope in known_scopes(numbers)} == set(numbers) & {1, 2, 3}


def test_family_sees_everything_whatever_else_they_are_trusted_with() -> None:
    child, trusted = Sight(Why.GUARDIAN), Sight(Why.TRUSTED, frozenset({Scope.MARKS}), DAY)

    assert child.and_also(trusted) == trusted.and_also(child) == child
    assert child.scopes == EVERYTHING


def test_names_stand_as_in_a_russian_list() -> None:
    names = ["Жуков", "Ёлкин", "Еремин", "елизаров", "Дёмин"]

    assert sorted(names, key=name_order) == ["Дёмин", "елизаров", "Ёлкин", "Еремин", "Жуков"]
