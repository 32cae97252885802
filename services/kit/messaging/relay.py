"""From the outbox to the stream, and there again whenever the stream has lost it.

Invariants:
- An event is published at least once after its transaction committed, and never before.
- One relay per service publishes: it holds an advisory lock on the very connection it works with, so a relay
  that has lost the lock can no longer read or store anything. Those of the other replicas tell it of what
  their own services have committed.
- A stored sequence is true, or is found out: another date of creation, a last sequence below it, another
  event at its place, or a second event acknowledged there — each has everything published again that may be
  gone.
- Where a service says up to when all is told, that is true: whatever was committed before that instant lies
  in the stream before the saying, or the stream refuses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import nats.errors
from google.protobuf.message import Message
from nats.js.errors import NoStreamResponseError, NotFoundError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Database, driver_of
from services.kit.ids import new_id
from services.kit.leading import Leader
from services.kit.messaging import envelope, outbox, streams
from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.outbox import Mark, Pending, PlaceTaken
from services.kit.messaging.streams import Held, Stream

_BATCH: Final = 256  # read and stored at once
_IN_FLIGHT: Final = 64  # published and not yet acknowledged: where a stream that syncs each write is fastest
_ACK_WITHIN_S: Final = 5
_POLL_S: Final = 1.0  # for what nobody told of, because whoever committed it was killed just then
_TAKE_OVER_S: Final = 0.5  # how often a relay that does not lead asks for the lock
_TELL_EVERY_S: Final = 0.05  # the commits of a busy replica are told of together
_CHECK_EVERY_S: Final = 60
_AFTER_REFUSAL_S: Final = 0.5
# A copy refuses after minutes of silence; the week that a stream keeps holds some ten megabytes of these.
_ALL_TOLD_EVERY_S: Final = 15.0
_EXPECTED_END: Final = "Nats-Expected-Last-Sequence"


class Relay(Leader):
    """Publishes what this service's transactions have committed. ``async with`` runs it.

    Args:
        bus: the service's connection.
        database: whose outbox is read.
        stream: where to, and how large; by default the stream named after the service.
        all_told: an event with ``as_of``, by which copies know up to when they are complete; none without.
        all_told_every: seconds between two of them.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        stream: Stream | None = None,
        *,
        all_told: type[Message] | None = None,
        all_told_every: float = _ALL_TOLD_EVERY_S,
    ) -> None:
        super().__init__("relay", database, outbox.SEAT, take_over_s=_TAKE_OVER_S, tell_every_s=_TELL_EVERY_S)
        self._bus = bus
        self._stream = stream or Stream.of(bus.service)
        self._suspicious = True
        self._checked_at = 0.0
        self._all_told = all_told
        self._all_told_every = all_told_every
        self._mark: Mark | None = None
        self._mark_at = 0.0
        self._end = 0  # the last sequence of the stream, as far as we were told
        database.on_publish(self._work.set)
        bus.on_connect(self._suspect)

    async def _lead(self, connection: AsyncConnection) -> None:
        """Publish, for as long as nobody else may."""
        self._suspicious = True
        self._log.info("relay_leads", stream=self._stream.name)
        while True:
            await self._step(connection)

    async def _suspect(self) -> None:
        """The connection was interrupted: the stream may not be what it was."""
        self._suspicious = True
        self._work.set()

    async def _step(self, connection: AsyncConnection) -> None:
        self._work.clear()
        try:
            if self._suspicious or time.monotonic() - self._checked_at > _CHECK_EVERY_S:
                await self._check(connection)
                await self._sweep(connection)
            more = await self._publish_batch(connection)
            await self._say_all_told(connection)
            if not more:
                await self._work_within(_POLL_S)
        except (BusDown, nats.errors.Error, TimeoutError, OSError) as error:
            if self._bus.connected:
                self._log.warning("relay_refused", stream=self._stream.name, error=f"{error!r}")
            await asyncio.sleep(_AFTER_REFUSAL_S)  # not until the next commit: that does not heal the stream

    async def _publish_batch(self, connection: AsyncConnection) -> bool:
        """Publish the oldest events; true when there may be more to do at once."""
        # No transaction around it: the lock that this connection holds keeps two from publishing the same,
        # and what was published and not stored is published again.
        driver = driver_of(connection)
        events = await outbox.next_batch(driver, _BATCH)
        if not events:
            return False
        outcomes = await self._publish(events)
        acks = {
            event.id: outcome
            for event, outcome in zip(events, outcomes, strict=True)
            if isinstance(outcome, int)
        }
        if acks:
            self._end = max(self._end, *acks.values())
            try:
                await outbox.store_acks(driver, acks)
            except PlaceTaken:
                await self._went_back(connection, acks)
        self._require_acks(outcomes)
        return len(events) == _BATCH

    async def _publish(self, events: Sequence[Pending]) -> list[int | BaseException]:
        """The sequence of each event's ack, or why there is none."""
        jetstream = self._bus.jetstream
        places = asyncio.Semaphore(_IN_FLIGHT)

        async def publish(event: Pending) -> int:
            async with places:
                ack = await jetstream.publish(
                    event.type,
                    event.payload,
                    timeout=_ACK_WITHIN_S,
                    stream=self._stream.name,
                    headers=self._headers(event),
                )
                return ack.seq

        return await asyncio.gather(*map(publish, events), return_exceptions=True)

    async def _say_all_told(self, connection: AsyncConnection) -> None:
        """Say up to when everything is in the stream, when it is time to and once it is true."""
        if self._all_told is None:
            return
        if self._mark is None:
            if time.monotonic() < self._mark_at:
                return
            async with connection.begin():
                self._mark = await outbox.mark(connection)
        async with connection.begin():
            published = await outbox.published_up_to(connection, self._mark.last_id)
        if published:
            await self._publish_all_told(self._all_told, self._mark)
            self._mark = None
            self._mark_at = time.monotonic() + self._all_told_every

    async def _publish_all_told(self, kind: type[Message], mark: Mark) -> None:
        event: Any = kind()
        event.as_of.FromDatetime(mark.at)
        meta = EventMeta(
            event_id=new_id(),
            type=kind.DESCRIPTOR.full_name,
            source=self._bus.source,
            occurred_at=mark.at,
            aggregate_id=self._stream.name,
            aggregate_version=0,
        )
        try:
            ack = await self._bus.jetstream.publish(
                meta.type,
                event.SerializeToString(),
                timeout=_ACK_WITHIN_S,
                stream=self._stream.name,
                # The stream may have gone back since we looked: then it is not true.
                headers=envelope.write(meta) | {_EXPECTED_END: str(self._end)},
            )
        except (nats.errors.Error, TimeoutError):
            self._suspicious = True
            raise
        self._end = ack.seq

    def _headers(self, event: Pending) -> dict[str, str]:
        return envelope.write(
            EventMeta(
                event_id=event.id,
                type=event.type,
                source=self._bus.source,
                occurred_at=event.occurred_at,
                aggregate_id=str(event.aggregate_id),
                aggregate_version=event.aggregate_version,
            )
        )

    def _require_acks(self, outcomes: Sequence[int | BaseException]) -> None:
        """Raise the first failure, if there is one; it is tried again, with the same id."""
        for outcome in outcomes:
            if isinstance(outcome, NoStreamResponseError):
                self._suspicious = True  # the stream is gone, the connection is not
            if isinstance(outcome, BaseException):
                raise outcome

    async def _went_back(self, connection: AsyncConnection, acks: dict[UUID, int]) -> None:
        """Two events at one place: the stream lost its end, and was written on before we saw it."""
        async with connection.begin():
            conflict = await outbox.lowest_conflict(connection, acks)
            if conflict is not None:
                count = await outbox.forget_above(connection, conflict - 1)
                self._report_loss("two events at one place", count)
            # On the connection under this transaction, so a part of it.
            await outbox.store_acks(driver_of(connection), acks)

    async def _check(self, connection: AsyncConnection) -> None:
        """Make sure that the stream is there and holds what was acknowledged."""
        self._suspicious = False
        try:
            state = await streams.ensure(self._bus.jetstream, self._stream)
            await self._compare(connection, state)
            self._end = state.last_seq
        except BaseException:
            self._suspicious = True
            raise
        self._checked_at = time.monotonic()

    async def _compare(self, connection: AsyncConnection, state: Held) -> None:
        async with connection.begin():
            known = await outbox.stream_created(connection, self._stream.name)
        if known != state.created:
            await self._forget_all(connection, "another stream" if known else None)
            async with connection.begin():
                await outbox.remember_stream(connection, self._stream.name, state.created)
            return
        async with connection.begin():
            highest = await outbox.highest_ack(connection)
            if highest is not None and highest.stream_seq > state.last_seq:
                count = await outbox.forget_above(connection, state.last_seq)
                self._report_loss("its end is missing", count)
                highest = await outbox.highest_ack(connection)
        if highest is None or highest.stream_seq < state.first_seq:  # too old to be there still
            return
        if await self._event_at(highest.stream_seq) != str(highest.id):
            await self._forget_all(connection, "another event at the highest place")

    async def _event_at(self, sequence: int) -> str | None:
        try:
            message = await self._bus.jetstream.get_msg(self._stream.name, sequence)
        except NotFoundError:
            return None
        return (message.headers or {}).get(envelope.MSG_ID)

    async def _forget_all(self, connection: AsyncConnection, why: str | None) -> None:
        total = 0
        while True:
            async with connection.begin():
                count = await outbox.forget_chunk(connection)
            total += count
            if count == 0:
                break
        if why and total:
            self._report_loss(why, total)

    def _report_loss(self, why: str, count: int) -> None:
        self._log.warning("relay_publishes_again", stream=self._stream.name, reason=why, count=count)

    async def _sweep(self, connection: AsyncConnection) -> None:
        count = 1
        while count:
            async with connection.begin():
                count = await outbox.sweep(connection, self._stream.keep)
