"""The connection to NATS: made in the background, kept for ever, never in the way of serving."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from services.kit.background import Background
from services.kit.messaging import envelope

_RECONNECT_WAIT_S: Final = 0.25  # nats-py's two seconds would be most of an outage's length
_CONNECT_TIMEOUT_S: Final = 2
_PING_INTERVAL_S: Final = 10  # with two unanswered pings a silent peer is given up after half a minute
_MAX_OUTSTANDING_PINGS: Final = 2
_FOREVER: Final = -1
_REQUEST_TIMEOUT_S: Final = 5
_SAME_ERROR_AGAIN_S: Final = 30  # a server that is away fails four times a second; one line is enough

Hook = Callable[[], Awaitable[None]]


class BusDown(Exception):
    """There is no connection to NATS right now."""


class Bus(Background):
    """One service's connection.

    Args:
        url: ``nats://user:password@host:port``, several separated by commas.
        region: the code of the region; events of others are refused.
        service: who publishes here; also the name of the connection.
    """

    def __init__(self, url: str, *, region: str, service: str) -> None:
        super().__init__("bus")
        self.region = region
        self.service = service
        self._servers = [server.strip() for server in url.split(",")]
        self._inbox_prefix = f"_INBOX.{service}"  # the server lets a service hear its own only
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._up = asyncio.Event()
        self._hooks: list[Hook] = []
        self._last_error = ("", 0.0)

    @property
    def source(self) -> str:
        """The CloudEvents source of what this service publishes."""
        return envelope.source(self.region, self.service)

    @property
    def connected(self) -> bool:
        """Whether there is a connection right now."""
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client:
        """The connection. Raises `BusDown`."""
        if self._client is None or not self._client.is_connected:
            raise BusDown
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """JetStream over the connection. Raises `BusDown`."""
        if self._jetstream is None or not self.connected:
            raise BusDown
        return self._jetstream

    def on_connect(self, hook: Hook) -> None:
        """Have ``hook`` awaited after every connection and reconnection: there was a gap before it."""
        self._hooks.append(hook)

    async def wait_connected(self) -> None:
        """Return once there is a connection."""
        await self._up.wait()

    async def run(self) -> None:
        """Hold a connection; the library reconnects by itself, except after what it takes for final."""
        closed = asyncio.Event()
        client = Client()

        async def on_closed() -> None:
            closed.set()

        try:
            await client.connect(
                self._servers,
                name=self.service,
                inbox_prefix=self._inbox_prefix,
                allow_reconnect=True,
                max_reconnect_attempts=_FOREVER,
                # Annotated as whole seconds; only ever added to a clock.
                reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type]
                connect_timeout=_CONNECT_TIMEOUT_S,
                ping_interval=_PING_INTERVAL_S,
                max_outstanding_pings=_MAX_OUTSTANDING_PINGS,
                error_cb=self._on_error,
                disconnected_cb=self._on_disconnected,
                reconnected_cb=self._on_connected,
                closed_cb=on_closed,
            )
            self._client = client
            self._jetstream = client.jetstream(timeout=_REQUEST_TIMEOUT_S)
            await self._on_connected()
            await closed.wait()  # refused credentials and the like: begin anew
        finally:
            self._up.clear()
            self._client = self._jetstream = None
            await _close(client)

    async def _on_connected(self) -> None:
        self._last_error = ("", 0.0)
        self._up.set()
        self._log.info("bus_connected", state="connected")
        for hook in self._hooks:
            try:
                await hook()
            except (nats.errors.Error, BusDown, OSError) as error:
                # Gone again; the next connection calls again.
                self._log.warning("bus_hook_failed", error=type(error).__name__)

    async def _on_disconnected(self) -> None:
        if self._up.is_set():
            self._up.clear()
            self._log.warning("bus_disconnected", state="disconnected")

    async def _on_error(self, error: Exception) -> None:
        # The only place that learns of a refused permission: the caller sees a timeout.
        text = f"{type(error).__name__}: {error}"
        last, at = self._last_error
        now = time.monotonic()
        if text != last or now - at > _SAME_ERROR_AGAIN_S:
            self._last_error = (text, now)
            self._log.warning("bus_error", error=text)


async def _close(client: Client) -> None:
    try:
        await client.close()
    except (nats.errors.Error, OSError):
        return  # it was broken already
