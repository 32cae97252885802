"""A standing pull on a durable consumer: messages arrive as they come, in batches of whatever is there.

The client library's ``fetch`` waits for a batch to fill; here a batch is what has arrived, at least one
message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Final, Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

_EXPIRES_S: Final = 30
_HEARTBEAT_S: Final = 2
_SILENT_FOR_S: Final = 2 * _HEARTBEAT_S + 1  # two heartbeats missed: nobody serves this pull any more
_NANOSECONDS: Final = 1_000_000_000

_HEARTBEAT: Final = "100"
_NO_MESSAGES: Final = "404"
_PULL_ENDED: Final = "408"
_CONFLICT: Final = "409"
# A pull that ended in good order, although its status is that of a conflict.
_ENDED_BY_LIMIT: Final = ("Batch Completed", "Message Size Exceeds MaxBytes")


class PullLost(Exception):
    """Nobody serves this pull any more: the connection, the consumer or the stream is gone."""


class Pull:
    """One client's standing pull; an async context manager.

    Args:
        client: a connection.
        stream: the stream's name.
        durable: the consumer's name.
        size: how many messages may be on their way to us or waiting here.
    """

    def __init__(self, client: Client, stream: str, durable: str, *, size: int) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._size = size
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._wanted = 0  # messages asked for that have not come yet
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._client.subscribe(self._inbox, cb=self._arrived.put)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(nats.errors.Error, OSError):
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            # What waits here unhandled is given back at once, not after the acknowledgement's time is over.
            while not self._arrived.empty():
                message = self._arrived.get_nowait()
                if message is not None and _status(message) is None:
                    await message.nak()

    def give_up(self) -> None:
        """Have `next_batch` raise `PullLost`: over a new connection nothing has been asked for yet."""
        self._arrived.put_nowait(None)

    async def next_batch(self) -> list[Msg]:
        """What has arrived: at least one message, at most ``size``.

        Raises:
            PullLost: begin anew.
        """
        batch: list[Msg] = []
        while not batch:
            await self._ask()
            try:
                async with asyncio.timeout(_SILENT_FOR_S):
                    message = await self._arrived.get()
            except TimeoutError:
                raise PullLost("silence") from None
            self._sort(message, batch)
            while len(batch) < self._size and not self._arrived.empty():
                self._sort(self._arrived.get_nowait(), batch)
        return batch

    async def _ask(self) -> None:
        """Keep the server supplied with a wish for messages, so that it never waits for us."""
        if self._wanted > self._size // 2:
            return
        wish = {
            "batch": self._size - self._wanted,
            "expires": _EXPIRES_S * _NANOSECONDS,
            "idle_heartbeat": _HEARTBEAT_S * _NANOSECONDS,
        }
        self._wanted = self._size
        await self._client.publish(self._subject, json.dumps(wish).encode(), reply=self._inbox)

    def _sort(self, message: Msg | None, batch: list[Msg]) -> None:
        if message is None:
            raise PullLost("the connection was interrupted")
        status = _status(message)
        if status is None:
            self._wanted = max(0, self._wanted - 1)
            batch.append(message)
        elif status in (_NO_MESSAGES, _PULL_ENDED) or _ended_by_limit(message):
            self._wanted = max(0, self._wanted - _unserved(message))
        elif status != _HEARTBEAT:
            raise PullLost(f"status {status}")


def _status(message: Msg) -> str | None:
    """The status of a message of the server's own, none for an event."""
    return None if message.data or not message.headers else message.headers.get("Status")


def _ended_by_limit(message: Msg) -> bool:
    headers = message.headers or {}
    return headers.get("Status") == _CONFLICT and headers.get("Description") in _ENDED_BY_LIMIT


def _unserved(message: Msg) -> int:
    """How many messages of the ended pull will not come."""
    return int((message.headers or {}).get("Nats-Pending-Messages", "0"))
