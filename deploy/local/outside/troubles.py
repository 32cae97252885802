"""What goes wrong outside now and then: switched on for a while, to see the region through it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, get_args

Door = Literal["mail", "sms"]
DOORS: Final[tuple[Door, ...]] = get_args(Door)
_LONGEST_SILENCE_S: Final = 120.0


class Trouble(StrEnum):
    """How a door behaves."""

    NONE = "none"
    BUSY = "busy"
    """Refuses for the moment: 451, 503."""
    REFUSING = "refusing"
    """Refuses for good: 554, 400."""
    SLOW = "slow"
    """Does nothing until the trouble is over, two minutes at most."""
    SILENT = "silent"
    """Takes a message, and says so only when the trouble is over, two minutes at most."""


class Troubles:
    """The trouble of each door."""

    def __init__(self) -> None:
        self._now: dict[Door, Trouble] = dict.fromkeys(DOORS, Trouble.NONE)
        self._changed = asyncio.Event()

    def at(self, door: Door) -> Trouble:
        """The present trouble of a door."""
        return self._now[door]

    def set(self, **doors: str) -> None:
        """Change the trouble of some doors. Raises `ValueError` for a door or trouble that there is not."""
        changed = {door: Trouble(doors[door]) for door in DOORS if door in doors}
        if len(changed) != len(doors):
            raise ValueError("no such door")
        self._now |= changed
        self._changed.set()
        self._changed = asyncio.Event()

    def as_words(self) -> Mapping[str, str]:
        """The present trouble of each door, to be shown."""
        return {door: trouble.value for door, trouble in self._now.items()}

    async def over(self, door: Door, trouble: Trouble) -> None:
        """Wait while a door has this trouble."""
        try:
            async with asyncio.timeout(_LONGEST_SILENCE_S):
                while self._now[door] is trouble:
                    await self._changed.wait()
        except TimeoutError:
            return
