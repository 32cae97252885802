"""Things kept for a while: codes, sessions, tokens, consents under way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Keyed things that all live equally long; the oldest go first when there are too many.

    Args:
        lives: seconds.
        clock: seconds since any fixed moment.
        most: how many are kept.
    """

    def __init__(self, lives: float, clock: Callable[[], float], *, most: int = 100_000) -> None:
        self._lives = lives
        self._clock = clock
        self._most = most
        self._things: OrderedDict[str, tuple[float, Thing]] = OrderedDict()

    def put(self, key: str, thing: Thing) -> None:
        """Keep ``thing`` from now on."""
        self._things.pop(key, None)
        self._things[key] = (self._clock(), thing)
        while self._things:
            since, _ = next(iter(self._things.values()))
            if len(self._things) <= self._most and since + self._lives > self._clock():
                break
            self._things.popitem(last=False)

    def get(self, key: str) -> Thing | None:
        """What is kept under ``key``, unless its time is over."""
        since, thing = self._things.get(key, (0.0, None))
        return thing if thing is not None and since + self._lives > self._clock() else None

    def take(self, key: str) -> Thing | None:
        """The same, and it is kept no longer: the second to ask gets nothing."""
        thing = self.get(key)
        self._things.pop(key, None)
        return thing
