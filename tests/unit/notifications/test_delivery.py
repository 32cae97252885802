"""When a delivery is tried again, and when it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.ids import new_id
from services.notifications.delivery.messages import kind_name
from services.notifications.delivery.rules import MOST_ATTEMPTS, Claim, Message, NotSent, next_due

NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)
LATE = timedelta(days=365)


def _claim(attempt: int = 1, *, life: timedelta = LATE) -> Claim:
    return Claim(new_id(), 2, "ru", "sealed", attempt, NOW + life)


def _pause(attempt: int, *, jitter: float = 0.5, wait: timedelta | None = None) -> float:
    due = next_due(_claim(attempt), NotSent("BUSY", wait=wait), now=NOW, jitter=jitter)
    assert due is not None
    return (due - NOW).total_seconds()


def test_the_pause_doubles_up_to_half_an_hour() -> None:
    pauses = [_pause(attempt) for attempt in range(1, MOST_ATTEMPTS)]
    assert pauses[:5] == [2, 4, 8, 16, 32]
    assert pauses[10:] == [1800] * len(pauses[10:])


def test_what_failed_together_does_not_return_together() -> None:
    assert (_pause(3, jitter=0), _pause(3, jitter=1)) == (4, 12)


def test_the_other_side_is_spared_for_as_long_as_it_asks() -> None:
    assert _pause(1, wait=timedelta(seconds=60)) == 60
    assert _pause(8, wait=timedelta(seconds=60)) == 256


def test_a_refusal_for_good_is_the_end() -> None:
    assert next_due(_claim(), NotSent("BAD", for_good=True), now=NOW, jitter=0.5) is None


def test_there_is_a_last_attempt() -> None:
    assert next_due(_claim(MOST_ATTEMPTS), NotSent("BUSY"), now=NOW, jitter=0.5) is None


@given(
    st.integers(1, MOST_ATTEMPTS - 1),
    st.floats(0, 1),
    st.timedeltas(timedelta(seconds=1), timedelta(days=2)),
    st.none() | st.timedeltas(timedelta(), timedelta(hours=1)),
)
def test_an_attempt_is_due_later_and_never_after_the_time_of_the_message(
    attempt: int, jitter: float, life: timedelta, wait: timedelta | None
) -> None:
    claim = _claim(attempt, life=life)
    due = next_due(claim, NotSent("BUSY", wait=wait), now=NOW, jitter=jitter)
    assert due is not None
    assert NOW < due <= claim.expires_at


def test_neither_address_nor_code_is_printed() -> None:
    message = Message(new_id(), "CONFIRM_MOBILE", "ru", "+79161112233", {"code": "482917"})
    assert "7916" not in repr(message)
    assert "482917" not in repr(message)
    assert "sealed" not in repr(_claim()).replace("sealed=", "")


@pytest.mark.parametrize(("number", "name"), [(1, "CONFIRM_EMAIL"), (18, "ERASED"), (9999, "")])
def test_a_kind_has_the_name_of_the_contract(number: int, name: str) -> None:
    assert kind_name(number) == name
