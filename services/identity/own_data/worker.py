"""Erasing when the time has come."""

from __future__ import annotations

import asyncio
from typing import Final

from services.identity.own_data.usecases import OwnData
from services.kit.background import Background

_EVERY_S: Final = 60  # days are waited for: nobody misses a minute


class Eraser(Background):
    """``async with`` runs it; any number of replicas may: an erasure is one transaction."""

    def __init__(self, own_data: OwnData) -> None:
        super().__init__("eraser")
        self._own_data = own_data

    async def run(self) -> None:
        """Erase now and every minute."""
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        """Erase everything whose time has come."""
        while await self._own_data.erase_due():
            self._log.info("account_erased")
