"""Removing deliveries that are shown no more."""

from __future__ import annotations

import asyncio
from typing import Final

from services.kit.background import Background
from services.notifications.delivery.usecases import Deliveries

_EVERY_S: Final = 3600


class Sweep(Background):
    """``async with`` runs it; any number of replicas may, for a row is removed once."""

    def __init__(self, deliveries: Deliveries) -> None:
        super().__init__("sweep")
        self._deliveries = deliveries

    async def run(self) -> None:
        """Sweep now and every hour."""
        while True:
            await self._deliveries.sweep()
            await asyncio.sleep(_EVERY_S)
