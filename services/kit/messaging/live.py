"""Events as they pass by: at most once, for whoever listens right now.

What must not be missed is read from a service; this only says that it is worth reading.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import nats.errors
from google.protobuf.message import DecodeError, Message
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.kit.log import get_logger
from services.kit.messaging import envelope
from services.kit.messaging.bus import Bus, Hook
from services.kit.messaging.envelope import EventMeta, MalformedEvent

LiveHandler = Callable[[Any, EventMeta], Awaitable[None]]
"""``async (event, meta)``; events of one type are handed over one after the other."""


class Live:
    """Hands events on as they are published; an async context manager.

    Args:
        bus: the connection.
        handlers: what to do, by the type of the event.
        on_gap: awaited after every connection: whatever passed by before it was missed.
    """

    def __init__(
        self, bus: Bus, handlers: Mapping[type[Message], LiveHandler], *, on_gap: Hook | None = None
    ) -> None:
        self._bus = bus
        self._handlers = dict(handlers)
        self._on_gap = on_gap
        self._client: Client | None = None
        self._subscriptions: list[Subscription] = []
        self._listening = False
        self._log = get_logger("live")
        bus.on_connect(self._connected)

    async def __aenter__(self) -> Self:
        self._listening = True
        if self._bus.connected:
            await self._connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening = False
        for subscription in self._subscriptions:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()
        self._subscriptions.clear()

    async def _connected(self) -> None:
        if not self._listening:
            return
        client = self._bus.client
        if client is not self._client:  # a reconnected client has subscribed again by itself
            self._subscriptions = [
                await client.subscribe(kind.DESCRIPTOR.full_name, cb=self._callback(kind, handler))
                for kind, handler in self._handlers.items()
            ]
            await client.flush()  # from here on the server sends; what came before is the gap
            self._client = client
        if self._on_gap is not None:
            await self._on_gap()

    def _callback(self, kind: type[Message], handler: LiveHandler) -> Callable[[Msg], Awaitable[None]]:
        async def on_message(message: Msg) -> None:
            try:
                meta = envelope.read(message.headers, message.subject)
                event = kind.FromString(message.data)
            except (MalformedEvent, DecodeError) as error:
                self._log.error("event_is_malformed", event_type=message.subject, reason=type(error).__name__)
                return
            if meta.region != self._bus.region:
                self._log.error("event_is_foreign", event_type=meta.type, event_id=str(meta.event_id))
                return
            try:
                await handler(event, meta)
            except Exception as error:  # noqa: BLE001 - one listener's failure must not end the subscription
                self._log.warning("live_handler_failed", event_type=meta.type, error=type(error).__name__)

        return on_message
