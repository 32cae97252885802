"""What arrived at the stand-ins, kept in memory and bounded."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

_KEPT = 500  # messages; the oldest go first


@dataclass(frozen=True, slots=True)
class Item:
    """One message as a person would have got it.

    ``number`` grows with every message; ``reference`` is what its sender calls it: the Message-ID, or the
    idempotency key. A repetition has the same one.
    """

    number: int
    kind: Literal["mail", "sms"]
    to: str
    subject: str
    text: str
    at: datetime
    reference: str = ""


class PostOffice:
    """Everything that arrived, newest last."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._items: deque[Item] = deque(maxlen=kept)
        self._numbers = itertools.count(1)

    def receive(
        self, kind: Literal["mail", "sms"], *, to: str, text: str, subject: str = "", reference: str = ""
    ) -> Item:
        """Keep a message that has arrived just now."""
        item = Item(next(self._numbers), kind, to, subject, text, datetime.now(UTC), reference)
        self._items.append(item)
        return item

    def items(self, *, to: str = "", after: int = 0) -> list[Item]:
        """What arrived after the message ``after``, for ``to`` alone when it is given, oldest first."""
        return [item for item in self._items if item.number > after and (not to or item.to == to)]

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
