"""A circuit breaker: what fails again and again is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Closed while all is well; open after so many failures in a row; then one attempt per pause decides.

    After a pause it counts as open no longer, although nothing was tried yet: where people are the attempts,
    somebody must be let in for one to be made.

    Args:
        failures: in a row, after which it opens.
        pause: seconds until one attempt is let through.
        clock: seconds, monotonic.
    """

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._failed = 0
        self._next_try = float("-inf")

    @property
    def open(self) -> bool:
        """Whether ESIA counts as down; changes nothing."""
        return self._failed >= self._limit and self._clock() < self._next_try

    def lets_through(self) -> bool:
        """Whether a request may be made now; after the failures, true once per pause until one succeeded."""
        if self.open:
            return False
        self._close_for_a_pause()
        return True

    def succeeded(self) -> None:
        """An answer came: close."""
        self._failed = 0

    def failed(self) -> None:
        """No usable answer came."""
        self._failed += 1
        self._close_for_a_pause()

    def _close_for_a_pause(self) -> None:
        if self._failed >= self._limit:
            self._next_try = self._clock() + self._pause
