"""One person's stream of notices, as server-sent events (HTML Living Standard, section 9.2).

Live events come from the bus and may be missed; the inbox may not. So a stream begins, and goes on after
every gap, with what the inbox has that was not sent yet; a notice that comes both ways is sent once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from datetime import UTC, datetime
from uuid import UUID

import orjson

from school.notifications.v1.inbox_pb2 import ListNoticesRequest, Notice
from school.notifications.v1.live_pb2 import WatchNoticesResponse
from services.gateway.calls import Context, Services, set_context
from services.gateway.exchange import Exchange
from services.gateway.live.hub import End, Gap, Hub, Listener
from services.gateway.problems import Refused
from services.gateway.sessions import Visitor
from services.gateway.transcoding.encoding import Encoders
from services.kit.log import get_logger
from services.kit.revocation import EndedSessions

_logger = get_logger("stream")
# Proxies drop a silent connection after half a minute or a minute.
_HEARTBEAT_S = 15.0
_INBOX_PATIENCE_S = 5.0
_ASK_AGAIN_S = 2.0
# A reader who takes nothing for this long is gone, whatever TCP says.
_SEND_PATIENCE_S = 20.0
_PAGE = 200
_MOST_PAGES = 5
_REMEMBERED = 512
# Ids are given out before their transactions commit: a notice may appear after one with a greater id. After
# a gap the inbox is asked from this far before the last one that was sent.
_OVERLAP_S = 10.0
_UNAUTHENTICATED = 401


class NoticeStreams:
    """Answers `WatchNotices`."""

    def __init__(self, hub: Hub, services: Services, ended: EndedSessions) -> None:
        self._hub = hub
        self._services = services
        self._ended = ended
        self._encode = Encoders().of(WatchNoticesResponse.DESCRIPTOR)

    async def serve(self, exchange: Exchange, visitor: Visitor) -> None:
        """Stream until the reader goes, the token or the session ends, or the gateway stops.

        Raises `TooManyStreams`.
        """
        session_id = visitor.caller.session_id
        listener = self._hub.join(str(visitor.person_id), session_id, exchange.abort)
        if session_id in self._ended:  # between the look at the token and here
            listener.end()
        watch = asyncio.create_task(_end_when_gone(exchange, listener))
        try:
            stream = _Stream(exchange, visitor, listener, self)
            await stream.run()
        except TimeoutError:
            exchange.abort()
        finally:
            self._hub.leave(listener)
            if not watch.done() and exchange.started:
                await _finish(exchange)
            watch.cancel()
            await asyncio.wait([watch])

    def event(self, notice: Notice) -> bytes:
        """A notice as one event; its id comes back in ``Last-Event-ID``."""
        data = orjson.dumps(self._encode(WatchNoticesResponse(notice=notice)))
        return b"id: %s\ndata: %s\n\n" % (notice.notice_id.encode("ascii"), data)

    async def newest(self) -> str:
        """The id of the caller's newest notice; empty when the inbox is. Raises `Refused`."""
        reply = await self._services.notifications.inbox.ListNotices(ListNoticesRequest(page_size=1))
        return reply.notices[0].notice_id if reply.notices else ""

    async def after(self, notice_id: str) -> list[Notice]:
        """The caller's notices after one, the oldest first; of very many the newest. Raises `Refused`."""
        found: list[Notice] = []
        token = ""
        for _ in range(_MOST_PAGES):
            request = ListNoticesRequest(page_size=_PAGE, page_token=token, after_notice_id=notice_id)
            reply = await self._services.notifications.inbox.ListNotices(request)
            found.extend(reply.notices)
            token = reply.next_page_token
            if not token:
                break
        return found[::-1]


class _Stream:
    """The state of one connection."""

    def __init__(
        self, exchange: Exchange, visitor: Visitor, listener: Listener, streams: NoticeStreams
    ) -> None:
        self._exchange = exchange
        self._visitor = visitor
        self._listener = listener
        self._streams = streams
        # The notice from which the inbox is asked: None as long as it is not known what the reader has seen.
        self._since: str | None = _notice_id(exchange.headers.get(b"last-event-id", b""))
        self._sent: OrderedDict[str, float] = OrderedDict()

    async def run(self) -> None:
        await self._exchange.start(
            200,
            [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"x-accel-buffering", b"no"),
                *self._exchange.defaults,
            ],
        )
        # Readers cut off together should not all come back in the same instant.
        pause = random.randint(1000, 3000)  # noqa: S311 - spreads load, guards nothing
        await self._send(b"retry: %d\n\n" % pause)
        behind = True
        beat = time.monotonic() + _HEARTBEAT_S
        while (left := self._left()) > 0:
            if behind:
                behind = not await self._catch_up()
            wait = min(left, max(beat - time.monotonic(), 0.0), _ASK_AGAIN_S if behind else left)
            heard = await self._listener.next(wait)
            if isinstance(heard, End):
                return
            if isinstance(heard, Notice):
                await self._pass_on(heard)
            elif isinstance(heard, Gap):
                self._step_back()
                behind = True
            if time.monotonic() >= beat:
                await self._send(b":\n\n")
                beat = time.monotonic() + _HEARTBEAT_S

    def _left(self) -> float:
        """Seconds until the access token ends; a session that was revoked is not renewed after that."""
        return (self._visitor.expires_at - datetime.now(UTC)).total_seconds()

    async def _catch_up(self) -> bool:
        """Send what the inbox has and the reader has not; whether that succeeded."""
        deadline = time.monotonic() + _INBOX_PATIENCE_S
        set_context(Context(self._exchange.request_id, deadline, self._visitor.token))
        try:
            if self._since is None:
                self._since = await self._streams.newest()
                if self._since:
                    # No event, only an id: from now on a lost connection knows where it was.
                    await self._send(b"id: %s\n\n" % self._since.encode("ascii"))
                return True
            for notice in await self._streams.after(self._since):
                await self._pass_on(notice)
        except Refused as refused:
            if refused.problem.status == _UNAUTHENTICATED:
                self._listener.end()
            _logger.warning("stream is behind", reason=refused.reason)
            return False
        return True

    def _step_back(self) -> None:
        """Ask the inbox from a little before the last notice that was sent."""
        horizon = time.monotonic() - _OVERLAP_S
        for notice_id, sent_at in reversed(self._sent.items()):
            if sent_at < horizon:
                self._since = notice_id
                return

    async def _pass_on(self, notice: Notice) -> None:
        if notice.notice_id in self._sent:
            return
        self._sent[notice.notice_id] = time.monotonic()
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        await self._send(self._streams.event(notice))

    async def _send(self, chunk: bytes) -> None:
        async with asyncio.timeout(_SEND_PATIENCE_S):
            await self._exchange.more(chunk)


async def _end_when_gone(exchange: Exchange, listener: Listener) -> None:
    await exchange.gone()
    listener.end()


async def _finish(exchange: Exchange) -> None:
    try:
        async with asyncio.timeout(_SEND_PATIENCE_S):
            await exchange.end()
    except TimeoutError:
        exchange.abort()


def _notice_id(header: bytes) -> str | None:
    """The id in ``Last-Event-ID``; what is no id of ours is as if it were not there."""
    try:
        return str(UUID(header.decode("ascii")))
    except ValueError:
        return None
