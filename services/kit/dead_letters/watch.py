"""Says in the log, at the start and from time to time, that events wait for somebody who mends them."""

from __future__ import annotations

import asyncio
from typing import Final

from services.kit.background import Background
from services.kit.database import Database
from services.kit.dead_letters import storage

_EVERY_S: Final = 900.0  # each replica says it: rare enough to be read, often enough to be seen in a night


class DeadLetterWatch(Background):
    """``async with`` runs it; it is silent while there is nothing to say.

    Args:
        database: of the service.
        every: seconds between two looks.
    """

    def __init__(self, database: Database, *, every: float = _EVERY_S) -> None:
        super().__init__("dead_letters")
        self._database = database
        self._every = every

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            async with self._database.read() as connection:
                count = await storage.how_many_open(connection)
            if count:
                self._log.warning("dead_letters_open", count=count)
            await asyncio.sleep(self._every)
