"""Keeps asking whether a copy is complete; what is shown is shared by all replicas of the service."""

from __future__ import annotations

import asyncio
from typing import Final, Self

from services.kit.background import Background
from services.kit.database import Database
from services.kit.errors import Unavailable
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.consumer import Consumer

# A copy that was stale is back within two of these, and one small question each costs nothing.
_EVERY_S: Final = 1.0


class Freshness(Background):
    """``async with`` runs it; what is known already, it knows when the block begins.

    Args:
        completeness: what is known.
        consumer: which settles the events.
        database: where it is remembered.
    """

    def __init__(self, completeness: Completeness, consumer: Consumer, database: Database) -> None:
        super().__init__("freshness")
        self._completeness = completeness
        self._consumer = consumer
        self._database = database
        self._was_stale = False

    async def __aenter__(self) -> Self:
        try:
            await self._completeness.look(self._database)
        except Unavailable:
            self._log.info("freshness_not_known_yet")
        return await super().__aenter__()

    async def run(self) -> None:
        """Ask, again and again."""
        while True:
            await self._completeness.prove(self._database, self._consumer.settled_up_to)
            self._tell()
            await asyncio.sleep(_EVERY_S)

    def _tell(self) -> None:
        stale = self._completeness.stale
        if stale != self._was_stale:
            self._was_stale = stale
            self._log.warning("copy_is_stale" if stale else "copy_is_fresh_again")
