"""Logins that look alike, and how long a guesser waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.accounts.rules import (
    LONGEST_WAIT,
    TooManyAttempts,
    normal_login,
    skeleton,
    wait_after,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ivanova.1", "lvanova.l"),
        ("Petrov-0", "petrov.o"),
        ("burn", "bum"),
        ("ivvan", "iwan"),
        ("a_b", "ab"),
        ("IVANOVA", "ivanova"),
    ],
)
def test_look_alikes_have_one_skeleton(one: str, other: str) -> None:
    """A24."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("ivanova2", "ivanova3"), ("petrov", "petrova")])
def test_logins_that_look_different_stay_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text())
def test_a_normal_login_is_normal_already(text: str) -> None:
    assert normal_login(normal_login(text)) == normal_login(text)


@given(st.integers(1, 10_000))
def test_a_wait_never_shrinks_and_never_exceeds_the_longest(failures: int) -> None:
    """A21: no permanent lock."""
    assert timedelta(0) <= wait_after(failures) <= wait_after(failures + 1) <= LONGEST_WAIT


@pytest.mark.parametrize(("wait", "told"), [(0.001, "1"), (14.2, "15"), (15.0, "15")])
def test_the_seconds_told_are_never_too_few(wait: float, told: str) -> None:
    assert TooManyAttempts(timedelta(seconds=wait)).metadata == {"retry_after_s": told}
