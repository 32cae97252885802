"""The circuit breaker: open after failures in a row, half open pause by pause until one attempt succeeds."""

from __future__ import annotations

from services.identity.esia.breaker import Breaker


def test_the_breaker_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 10, lambda: 0.0)
    for happened in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        happened()
    assert not breaker.open
    breaker.failed()
    assert breaker.open


def test_the_open_breaker_lets_one_attempt_through_per_pause() -> None:
    now = 0.0
    breaker = Breaker(1, 10, lambda: now)
    breaker.failed()
    assert [breaker.lets_through() for _ in range(3)] == [False, False, False]
    assert breaker.open
    now = 10.0
    assert [breaker.open] == [False], "somebody must be let in for an attempt to be made"
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert breaker.open
    now = 20.0
    assert breaker.lets_through()
    breaker.succeeded()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]
