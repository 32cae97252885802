"""Until when anybody stands for a pupil, and what a court's limit does to that."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.families.rules.adding import BadLabel, require_label
from services.identity.families.rules.relations import (
    OF_AGE,
    BadTerm,
    CourtLimit,
    LimitKind,
    Relation,
    RelationKind,
    Standing,
    last_day,
    last_day_of_childhood,
    may_share,
    shown_to,
)
from services.identity.people.rules import FullName, age_on

BORN = st.dates(date(1990, 1, 1), date(2040, 12, 31))
DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))
A_DAY = timedelta(days=1)


@given(BORN)
def test_childhood_ends_on_the_last_day_below_eighteen(born: date) -> None:
    """By the same count of years as everywhere, 29 February included."""
    last = last_day_of_childhood(born)

    assert age_on(born, last) == OF_AGE - 1
    assert age_on(born, last + A_DAY) == OF_AGE


@pytest.mark.parametrize(
    ("born", "last"),
    [
        (date(2008, 2, 29), date(2026, 2, 28)),
        (date(2008, 3, 1), date(2026, 2, 28)),
        (date(2008, 2, 28), date(2026, 2, 27)),
        (date(2010, 3, 1), date(2028, 2, 29)),
        (date(2008, 12, 31), date(2026, 12, 30)),
        (date(2009, 1, 1), date(2026, 12, 31)),
    ],
)
def test_childhood_ends_around_the_turn_of_february_and_of_the_year(born: date, last: date) -> None:
    assert last_day_of_childhood(born) == last


@given(st.none() | DAYS, BORN)
def test_a_relation_outlives_neither_its_term_nor_childhood(term: date | None, born: date) -> None:
    last = last_day(term, born)

    assert last <= last_day_of_childhood(born)
    assert term is None or last <= term
    assert last in {term, last_day_of_childhood(born)}


@given(DAYS, st.integers(0, 9000), DAYS)
def test_a_relation_holds_from_its_first_day_to_its_last(first: date, length: int, day: date) -> None:
    relation = _relation(first, first + timedelta(days=length))

    assert relation.holds_on(day) is (first <= day <= first + timedelta(days=length))


@given(DAYS, st.integers(0, 6000), st.integers(0, 6000))
def test_what_a_dated_limit_interrupts_holds_again_the_day_after_or_never(
    today: date, limited: int, related: int
) -> None:
    """Not one day of the limit is open, and not one day after it is closed that the relation still has."""
    relation = _relation(today, today + timedelta(days=related))
    limit = _limit(today, today + timedelta(days=limited))

    again = limit.takes_up_again(relation)

    if again is None:
        assert related <= limited
    else:
        assert again == today + timedelta(days=limited + 1)
        assert again <= today + timedelta(days=related)


def test_a_limit_without_a_last_day_gives_nothing_back_by_itself() -> None:
    today = date(2026, 11, 30)

    assert _limit(today, None).takes_up_again(_relation(today, date(2030, 1, 1))) is None


@pytest.mark.parametrize(("since", "until"), [(1, None), (-9, -1), (0, -1), (-3, -5)])
def test_a_decision_not_in_force_today_is_no_limit(since: int, until: int | None) -> None:
    today = date(2026, 11, 30)
    limit = _limit(today + timedelta(days=since), None if until is None else today + timedelta(days=until))

    with pytest.raises(BadTerm):
        limit.require_possible(today)


@pytest.mark.parametrize("kind", LimitKind)
def test_whom_a_court_forbids_anything_shares_nothing(kind: LimitKind) -> None:
    assert may_share([])
    assert not may_share([kind])


def test_whoever_may_share_sees_all_others_themselves_alone() -> None:
    today = date(2026, 11, 30)
    mine, other = (Standing(_relation(today, None), FullName("Королёва", "Анна", "")) for _ in range(2))
    me = mine.relation.guardian_id

    assert shown_to(me, [mine, other], shares=True) == (mine, other)
    assert shown_to(me, [mine, other], shares=False) == (mine,)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{1,30}", fullmatch=True))
def test_a_latin_name_is_a_label_with_spaces_around_it_or_not(label: str) -> None:
    assert require_label(f"  {label} ") == label


@given(st.text(max_size=200))
def test_whatever_is_typed_a_label_is_latin_and_short(text: str) -> None:
    try:
        label = require_label(text)
    except BadLabel:
        return
    assert label.isascii()
    assert 2 <= len(label) <= 31
    assert label[0].isalpha()


def _relation(first: date, last: date | None) -> Relation:
    return Relation(uuid4(), uuid4(), uuid4(), uuid4(), RelationKind.PARENT, first, last)


def _limit(first: date, last: date | None) -> CourtLimit:
    return CourtLimit(uuid4(), uuid4(), uuid4(), uuid4(), LimitKind.NO_ACCESS, "Решение суда", first, last)
