"""Which ESIA account is enough at which age, on which day (R5, A15)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.binding.rules.assurance import (
    Level,
    LevelPolicy,
    day_of_entry,
    needed,
    needed_by_anyone,
)
from services.identity.esia.profile import Level as LevelTold
from services.identity.people.rules import age_on

SIMPLIFIED, CHILD, STANDARD, CONFIRMED = Level.SIMPLIFIED, Level.CHILD, Level.STANDARD, Level.CONFIRMED
MOSCOW, KAMCHATKA = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Kamchatka")


@pytest.mark.parametrize(
    ("seen", "age", "policy", "missing"),
    [
        (SIMPLIFIED, 7, LevelPolicy.BY_AGE, None),
        (SIMPLIFIED, 13, LevelPolicy.BY_AGE, None),
        (SIMPLIFIED, 14, LevelPolicy.BY_AGE, STANDARD),
        (SIMPLIFIED, 40, LevelPolicy.BY_AGE, STANDARD),
        (CHILD, 13, LevelPolicy.BY_AGE, None),
        (CHILD, 14, LevelPolicy.BY_AGE, STANDARD),
        (STANDARD, 13, LevelPolicy.BY_AGE, None),
        (STANDARD, 14, LevelPolicy.BY_AGE, None),
        (CONFIRMED, 13, LevelPolicy.BY_AGE, None),
        (CONFIRMED, 14, LevelPolicy.BY_AGE, None),
        (SIMPLIFIED, 13, LevelPolicy.CONFIRMED, CHILD),
        (SIMPLIFIED, 14, LevelPolicy.CONFIRMED, CONFIRMED),
        (CHILD, 13, LevelPolicy.CONFIRMED, None),
        (CHILD, 14, LevelPolicy.CONFIRMED, CONFIRMED),
        (STANDARD, 13, LevelPolicy.CONFIRMED, CHILD),
        (STANDARD, 14, LevelPolicy.CONFIRMED, CONFIRMED),
        (CONFIRMED, 13, LevelPolicy.CONFIRMED, None),
        (CONFIRMED, 14, LevelPolicy.CONFIRMED, None),
    ],
)
def test_the_level_that_is_missing(seen: Level, age: int, policy: LevelPolicy, missing: Level | None) -> None:
    assert needed(seen, age=age, policy=policy, by_password=False) == missing


@pytest.mark.parametrize(
    ("seen", "policy", "missing"),
    [
        (SIMPLIFIED, LevelPolicy.BY_AGE, None),
        (CHILD, LevelPolicy.BY_AGE, STANDARD),
        (CONFIRMED, LevelPolicy.BY_AGE, None),
        (SIMPLIFIED, LevelPolicy.CONFIRMED, CONFIRMED),
        (CONFIRMED, LevelPolicy.CONFIRMED, None),
    ],
)
def test_a_password_stands_for_the_missing_snils_of_a_grown_up_and_for_nothing_else(
    seen: Level, policy: LevelPolicy, missing: Level | None
) -> None:
    """R22: and not at all where the region asks for confirmed accounts."""
    assert needed(seen, age=40, policy=policy, by_password=True) == missing


@pytest.mark.parametrize(
    ("seen", "policy", "missing"),
    [
        (SIMPLIFIED, LevelPolicy.BY_AGE, None),
        (CHILD, LevelPolicy.BY_AGE, None),
        (SIMPLIFIED, LevelPolicy.CONFIRMED, CONFIRMED),
        (CHILD, LevelPolicy.CONFIRMED, None),
        (CONFIRMED, LevelPolicy.CONFIRMED, None),
    ],
)
def test_before_it_is_known_who_it_is_only_what_helps_nobody_is_refused(
    seen: Level, policy: LevelPolicy, missing: Level | None
) -> None:
    assert needed_by_anyone(seen, policy=policy) == missing


@pytest.mark.parametrize(
    ("born", "day", "full_years"),
    [
        (date(2012, 11, 23), date(2026, 11, 22), 13),
        (date(2012, 11, 23), date(2026, 11, 23), 14),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2010, 3, 1), date(2024, 2, 29), 13),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2004, 2, 29), date(2020, 2, 28), 15),
        (date(2004, 2, 29), date(2020, 2, 29), 16),
        (date(2008, 11, 23), date(2026, 11, 22), 17),
        (date(2008, 11, 23), date(2026, 11, 23), 18),
        (date(2012, 12, 31), date(2026, 12, 31), 14),
        (date(2013, 1, 1), date(2026, 12, 31), 13),
    ],
)
def test_full_years_begin_on_the_birthday(born: date, day: date, full_years: int) -> None:
    """The fourteenth birthday counts as fourteen; 29 February is 1 March in common years."""
    assert age_on(born, day) == full_years


@given(st.sampled_from(Level), st.sampled_from(LevelPolicy), st.booleans())
def test_coming_of_age_changes_nothing(seen: Level, policy: LevelPolicy, by_password: bool) -> None:
    before, after = (needed(seen, age=age, policy=policy, by_password=by_password) for age in (17, 18))

    assert before == after


@given(st.sampled_from(Level), st.integers(0, 120), st.sampled_from(LevelPolicy))
def test_whoever_gets_what_is_needed_is_let_in(seen: Level, age: int, policy: LevelPolicy) -> None:
    """R6: the advice is good."""
    missing = needed(seen, age=age, policy=policy, by_password=False)

    assert missing is None or needed(missing, age=age, policy=policy, by_password=False) is None


def test_the_day_is_that_of_the_school() -> None:
    """At noon in Moscow on the 22nd it is nine in the evening in Kamchatka; at three, midnight."""
    afternoon = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)

    assert day_of_entry(afternoon, [KAMCHATKA], MOSCOW) == date(2026, 11, 23)
    assert day_of_entry(afternoon, [], MOSCOW) == date(2026, 11, 22)
    assert day_of_entry(afternoon, [], KAMCHATKA) == date(2026, 11, 23)


def test_of_two_schools_the_last_to_begin_the_day_counts() -> None:
    afternoon = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)

    assert day_of_entry(afternoon, [KAMCHATKA, MOSCOW], KAMCHATKA) == date(2026, 11, 22)


def test_each_level_that_esia_tells_is_known() -> None:
    assert {level.value for level in LevelTold} == {level.value for level in Level}
