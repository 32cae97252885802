"""A circuit breaker: what fails again and again is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Closed while all is well; open after so many failures in a row; then one attempt decides.

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
        return self._failed >= self._limit

    def lets_through(self) -> bool:
        """Whether a request may be made now; while open, true once per pause."""
        if not self.open:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + self._pause
        return True

    def succeeded(self) -> None:
        """An answer came: close."""
        self._failed = 0

    def failed(self) -> None:
        """No usable answer came."""
        self._failed += 1
        if self._failed == self._limit:
            self._next_try = self._clock() + self._pause
