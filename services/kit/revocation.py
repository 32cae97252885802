"""Sessions that ended lately: their access tokens are refused, though they have not expired yet.

An access token lives for minutes and is verified without asking anybody. So that the end of a session counts
within seconds, every process that verifies tokens hears of ended sessions and remembers them for as long as a
token of theirs could be good. What ended while a process was away it reads again from the stream when it is
back. Without the broker nothing is heard, and tokens end by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

import nats.errors
from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from services.kit.background import Background
from services.kit.clock import Clock
from services.kit.ids import new_id
from services.kit.messaging import envelope
from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.envelope import MalformedEvent
from services.kit.messaging.pull import Pull, PullLost

LONGEST_ACCESS: Final = timedelta(minutes=10)
"""No access token lives longer; what ended longer ago need not be remembered."""
# Clocks of two machines and the way of an event; far more than both are allowed to take.
_SLACK: Final = timedelta(minutes=1)
_REMEMBERED_FOR: Final = LONGEST_ACCESS + _SLACK
# 250 bytes each. A large region signs out some hundred persons a second at its worst moment.
_MOST: Final = 200_000
_FORGET_EVERY: Final = timedelta(seconds=10)
_BATCH: Final = 500
_INACTIVE_S: Final = 60  # a consumer that nobody pulls from any more is forgotten by the broker
_PATIENCE_AT_START_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class End:
    """How a session ended."""

    at: datetime
    replaced: bool
    """Another session of the same person took its place."""


class EndedSessions:
    """The sessions that ended lately; asking costs one look into a dictionary.

    Bounded: above ``most`` the oldest are forgotten, and every token that is older than that moment counts as
    expired instead, so that its session must be refreshed, which an ended one cannot be.
    """

    def __init__(self, clock: Clock, *, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._ends: dict[UUID, End] = {}
        self._forget_at = clock.now()
        self._listeners: list[Callable[[UUID], None]] = []
        self.distrusted_before: datetime | None = None
        """Tokens issued before this instant are not trusted, whatever their session."""

    def __contains__(self, session_id: UUID) -> bool:
        return session_id in self._ends

    def get(self, session_id: UUID) -> End | None:
        """How the session ended, if it did lately."""
        return self._ends.get(session_id)

    def __len__(self) -> int:
        return len(self._ends)

    def on_end(self, tell: Callable[[UUID], None]) -> None:
        """Have ``tell`` called for every session that ends from now on; it must not block."""
        self._listeners.append(tell)

    def add(self, session_id: UUID, ended_at: datetime, *, replaced: bool) -> None:
        """Remember that a session has ended, unless that is too long ago to matter."""
        now = self._clock.now()
        if now >= self._forget_at:
            self._forget(now)
        if session_id in self._ends or ended_at < now - _REMEMBERED_FOR:
            return
        if len(self._ends) >= self._most:
            self._make_room(now)
        self._ends[session_id] = End(ended_at, replaced)
        for tell in self._listeners:
            tell(session_id)

    def _forget(self, now: datetime) -> None:
        self._forget_at = now + _FORGET_EVERY
        horizon = now - _REMEMBERED_FOR
        for session_id in [one for one, end in self._ends.items() if end.at < horizon]:
            del self._ends[session_id]

    def _make_room(self, now: datetime) -> None:
        oldest = sorted(self._ends, key=lambda one: self._ends[one].at)[: max(self._most // 2, 1)]
        for session_id in oldest:
            del self._ends[session_id]
        self.distrusted_before = now


class Revocation(Background):
    """Follows the events by which sessions end; ``async with`` runs it.

    Every process follows by itself, through a consumer of its own that the broker forgets with it: each must
    hear of each end. It begins with what ended within the life of a token.

    Args:
        bus: the connection.
        stream: where the events are, such as ``IDENTITY``.
        kind: the event; it has ``session_id``, ``ended_at`` and ``replaced``.
        ended: who is told.
        clock: the time.
    """

    def __init__(
        self, bus: Bus, stream: str, kind: type[Message], ended: EndedSessions, clock: Clock
    ) -> None:
        super().__init__("revocation")
        self._bus = bus
        self._stream = stream
        self._kind = kind
        self._ended = ended
        self._clock = clock
        self._pull: Pull | None = None
        self._caught_up = asyncio.Event()
        self._waiting_for_stream = False
        bus.on_connect(self._begin_anew)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            # Whoever starts should not trust for a moment what was ended before. Without a broker it must.
            async with asyncio.timeout(_PATIENCE_AT_START_S):
                await self._caught_up.wait()
        except TimeoutError:
            self._log.info("revocation_not_heard_yet")
        return self

    async def run(self) -> None:
        """Follow over one connection."""
        await self._bus.wait_connected()
        try:
            name, waiting = await self._consumer()
            if not waiting:
                self._caught_up.set()
            async with Pull(self._bus.client, self._stream, name, size=_BATCH) as pull:
                self._pull = pull
                while True:
                    for message in await pull.next_batch():
                        self._hear(message)
        except NotFoundError:
            # Nobody has published yet, so nobody has ended a session.
            self._caught_up.set()
            if not self._waiting_for_stream:
                self._log.info("revocation_waits_for_stream", stream=self._stream)
            self._waiting_for_stream = True
        except (PullLost, BusDown, nats.errors.Error, TimeoutError, OSError) as error:
            self._log.info("revocation_begins_anew", reason=repr(error))
        finally:
            self._pull = None

    async def _begin_anew(self) -> None:
        if self._pull is not None:
            self._pull.give_up()

    async def _consumer(self) -> tuple[str, int]:
        """A consumer for this connection, and how many events wait in it."""
        name = f"{self._bus.service}-revocation-{new_id().hex}"
        info = await self._bus.jetstream.add_consumer(
            self._stream,
            ConsumerConfig(
                name=name,
                deliver_policy=DeliverPolicy.BY_START_TIME,
                opt_start_time=self._clock.now() - _REMEMBERED_FOR,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=_INACTIVE_S,
                mem_storage=True,
                filter_subject=self._kind.DESCRIPTOR.full_name,
            ),
        )
        self._waiting_for_stream = False
        return name, info.num_pending or 0

    def _hear(self, message: Msg) -> None:
        try:
            meta = envelope.read(message.headers, message.subject)
            event: Any = self._kind.FromString(message.data)
            session_id = UUID(event.session_id)
        except (MalformedEvent, DecodeError, ValueError) as error:
            self._log.error("event_is_malformed", event_type=message.subject, reason=type(error).__name__)
            return
        if meta.region != self._bus.region:
            self._log.error("event_is_foreign", event_type=meta.type, event_id=str(meta.event_id))
            return
        ended_at = event.ended_at.ToDatetime(tzinfo=self._clock.now().tzinfo)
        self._ended.add(session_id, ended_at, replaced=event.replaced)
        if not message.metadata.num_pending:
            self._caught_up.set()
