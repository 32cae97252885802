"""A decision in a queue that could not be made."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """Which entry of the queue, why not, and the reason for refusing that was typed."""

    entry: str = ""
    reason: str = ""
    typed: str = field(default="", repr=False)

    def at(self, entry: str) -> Failure:
        """What is told beside an entry: this, or nothing."""
        return self if entry == self.entry else NO_FAILURE


NO_FAILURE = Failure()
