"""How long a guesser waits, and where a guess comes from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.identity.guesses.rules import Allowance, TooManyAttempts, origin_of
from services.identity.guesses.settings import GuessSettings

allowances = st.builds(
    Allowance,
    free=st.integers(1, 5000),
    first_wait=st.timedeltas(timedelta(seconds=1), timedelta(minutes=1)),
    longest_wait=st.timedeltas(timedelta(minutes=1), timedelta(hours=1)),
    one_forgotten_each=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
)


@given(allowances, st.integers(1, 10_000))
def test_a_wait_never_shrinks_and_never_exceeds_the_longest(allowance: Allowance, failures: int) -> None:
    """A21: no permanent lock."""
    wait = allowance.wait_after(failures)

    assert timedelta(0) <= wait <= allowance.wait_after(failures + 1) <= allowance.longest_wait


@given(allowances)
def test_what_is_no_longer_counted_would_not_lengthen_the_wait(allowance: Allowance) -> None:
    assert allowance.wait_after(allowance.most) == allowance.longest_wait


@pytest.mark.parametrize(("wait", "told"), [(0.001, "1"), (14.2, "15"), (15.0, "15")])
def test_the_seconds_told_are_never_too_few(wait: float, told: str) -> None:
    assert TooManyAttempts(timedelta(seconds=wait)).metadata == {"retry_after_s": told}


@pytest.mark.parametrize(
    ("told", "address", "network"),
    [
        ("192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
    ],
)
def test_a_subscriber_and_a_network_are_counted_apart(told: str, address: str, network: str) -> None:
    origin = origin_of(told)

    assert origin is not None
    assert (origin.address, origin.network) == (address, network)


@given(st.text())
def test_what_is_no_address_counts_as_none(told: str) -> None:
    origin = origin_of(told)

    assert origin is None or "/" in origin.address


def test_an_origin_shows_nothing_when_printed() -> None:
    """A33."""
    assert "192" not in repr(origin_of("192.0.2.77"))


def test_a_region_cannot_turn_waits_into_a_lock_nor_its_guard_off() -> None:
    """A21."""
    for wrong in (
        {"subject": {"longest_wait": timedelta(days=1)}},
        {"subject": {"free": 1000}},
        {"address": {"first_wait": timedelta(minutes=2)}},
        {"network": {"one_forgotten_each": timedelta(0)}},
    ):
        with pytest.raises(ValidationError):
            GuessSettings.model_validate(wrong)
