"""Identity's own stream, as JetStream tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
from nats.js import JetStreamContext

from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.streams import Filling, Stream, filling, slowest_reader

Answer = TypeVar("Answer")


class OwnStream:
    """The stream that a service publishes into; None while it cannot be asked about."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._name = Stream.of(bus.service).name

    async def filling(self) -> Filling | None:
        """How full it is."""
        return await self._ask(filling)

    async def behind(self) -> int | None:
        """How many events its slowest reader has still to settle."""
        return await self._ask(slowest_reader)

    async def _ask(self, what: Callable[[JetStreamContext, str], Awaitable[Answer]]) -> Answer | None:
        try:
            return await what(self._bus.jetstream, self._name)
        except (BusDown, nats.errors.Error, TimeoutError, OSError):
            return None
