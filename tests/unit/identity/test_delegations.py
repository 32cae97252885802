"""R34, A30: how far a family may let others see a child, on any day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.delegations.rules import (
    ANSWER_WITHIN,
    ENDINGS,
    BadScopes,
    BadTrustTerm,
    Delegation,
    Right,
    Scope,
    State,
    birthday,
    hint_of,
    latest_until,
    require_term,
    right_of_guardian,
    right_of_pupil,
    scopes_of,
)
from services.identity.people.rules import FullName, age_on

DAYS = st.dates(date(2005, 1, 1), date(2040, 12, 31))
BIRTHS = st.dates(date(2000, 1, 1), date(2025, 12, 31))
NOW = datetime(2025, 11, 17, 12, tzinfo=UTC)
TODAY = NOW.date()


@given(born=BIRTHS, years=st.integers(0, 30))
def test_a_birthday_is_the_first_day_of_that_age(born: date, years: int) -> None:
    day = birthday(born, years)

    assert age_on(born, day) == years
    assert years == 0 or age_on(born, day - timedelta(days=1)) == years - 1


@given(born=BIRTHS, today=DAYS)
def test_a_pupil_sees_from_14_and_decides_from_18(born: date, today: date) -> None:
    right, age = right_of_pupil(born, today), age_on(born, today)

    assert (right is not None) == (age >= 14)
    assert (right is not None and right.grants) == (age >= 18)


@given(born=BIRTHS, today=DAYS, since=DAYS, until=st.none() | DAYS, wish=DAYS)
def test_no_guardian_grants_beyond_the_own_right(
    born: date, today: date, since: date, until: date | None, wish: date
) -> None:
    """Whatever is granted lies in the relation, below 18, and within a year."""
    right = right_of_guardian(uuid4(), born, since, until, today)
    holds = since <= today and (until is None or today <= until) and age_on(born, today) < 18
    assert (right is not None) == holds
    if right is None:
        return
    latest = latest_until(right, today)
    assert until is None or latest <= until
    assert age_on(born, latest) < 18
    assert latest <= birthday(today, 1)
    if today <= wish <= latest:
        require_term(wish, right, today)
    else:
        with pytest.raises(BadTrustTerm) as refused:
            require_term(wish, right, today)
        assert refused.value.metadata == {"latest": latest.isoformat()}


def test_the_last_day_before_18_can_be_granted_and_the_birthday_not() -> None:
    born = date(2008, 2, 29)
    right = right_of_guardian(uuid4(), born, TODAY, None, date(2026, 1, 10))

    assert right is not None
    require_term(date(2026, 2, 28), right, date(2026, 1, 10))
    with pytest.raises(BadTrustTerm):
        require_term(date(2026, 3, 1), right, date(2026, 1, 10))


@given(st.lists(st.integers(-1, 9)))
def test_an_unknown_scope_is_never_passed_over(numbers: list[int]) -> None:
    if numbers and set(numbers) <= {1, 2, 3}:
        assert scopes_of(numbers) == {Scope(number) for number in numbers}
    else:
        with pytest.raises(BadScopes):
            scopes_of(numbers)


def _invitation(**changes: object) -> Delegation:
    known: dict[str, object] = {
        "id": uuid4(),
        "pupil_id": uuid4(),
        "grantor_id": uuid4(),
        "relation_id": uuid4(),
        "scopes": frozenset({Scope.MARKS}),
        "valid_until": TODAY + timedelta(days=30),
        "invited_at": NOW,
        "answer_by": NOW + ANSWER_WITHIN,
    }
    return Delegation(**{**known, **changes})  # type: ignore[arg-type]


@given(
    days=st.integers(-40, 40),
    accepted=st.booleans(),
    ended=st.none() | st.sampled_from(sorted(ENDINGS)),
    right_holds=st.booleans(),
)
def test_it_holds_only_accepted_unended_in_its_days_and_by_a_right(
    days: int, accepted: bool, ended: State | None, right_holds: bool
) -> None:
    one = _invitation()
    if accepted:
        one = one.accepted(uuid4(), NOW)
    if ended:
        one = one.ended(ended, NOW)
    day = NOW + timedelta(days=days)

    state = one.state(day, day.date(), right_holds=right_holds)

    holds = accepted and not ended and right_holds and day.date() <= one.valid_until
    assert (state is State.HOLDS) == holds
    if ended:
        assert state is ended


def test_an_invitation_waits_a_week_and_no_longer_than_its_days() -> None:
    one = _invitation()
    short = _invitation(valid_until=TODAY)
    last = NOW + ANSWER_WITHIN

    assert one.state(last - timedelta(seconds=1), TODAY, right_holds=True) is State.INVITED
    assert one.state(last, TODAY, right_holds=True) is State.UNANSWERED
    assert one.state(NOW, TODAY, right_holds=False) is State.LAPSED
    assert short.state(NOW, TODAY + timedelta(days=1), right_holds=True) is State.UNANSWERED


def test_versions_grow_and_what_was_never_told_has_none() -> None:
    one = _invitation()

    assert one.ended(State.REFUSED, NOW).version == 0
    assert one.accepted(uuid4(), NOW).version == 1
    assert one.accepted(uuid4(), NOW).ended(State.LEFT, NOW).version == 2
    with pytest.raises(ValueError, match="EXPIRED"):
        one.ended(State.EXPIRED, NOW)


def test_an_invited_stranger_learns_a_given_name_and_an_initial() -> None:
    assert hint_of(FullName("Королёв", "Пётр", "Олегович")) == "Пётр К."


def test_a_delegation_prints_no_address() -> None:
    assert "anna@" not in repr(_invitation(invitee="anna@example.ru"))
    assert "grants" in repr(Right(None, date.max, grants=True))
