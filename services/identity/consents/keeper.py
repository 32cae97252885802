"""Recording the texts that this version of the mesh brings along, before anybody can consent to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

from services.identity.consents import storage
from services.identity.consents.rules import Text, TextChanged
from services.kit.background import Background
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.errors import Unavailable


class TextsKeeper(Background):
    """``async with`` records the texts; while the database is away it goes on trying.

    Raises:
        TextChanged: a text says something else than what people consented to under its id.
    """

    def __init__(self, database: Database, texts: Sequence[Text], clock: Clock) -> None:
        super().__init__("consent_texts")
        self._database = database
        self._texts = texts
        self._clock = clock
        self._recorded = False

    async def __aenter__(self) -> Self:
        try:
            await self.record()
        except Unavailable:
            self._log.warning("consent_texts_wait_for_database")
        return await super().__aenter__()

    async def run(self) -> None:
        """Record the texts, once."""
        if not self._recorded:
            await self.record()
        await asyncio.Event().wait()

    async def record(self) -> None:
        """Record the texts. Raises `TextChanged`."""
        async with self._database.transaction() as tx:
            for text in self._texts:
                kept = await storage.record(tx.connection, text, at=self._clock.now())
                if kept != text.digest:
                    raise TextChanged(
                        f"The consent text {text.id} is recorded with another wording. A new wording needs a "
                        "new file in consents/texts; other words about the operator need a higher "
                        "MESH_OPERATOR__REVISION."
                    )
        self._recorded = True
