"""From another service's stream into our own transaction: each event has its effect exactly once.

Invariants:
- An event's inbox row and its effect are committed together; the acknowledgement follows the commit.
- A failing event delays itself only: it comes again later and later, in the end it lies among the dead
  letters.
- What its publisher said of when all is told counts once everything before it in the stream is settled.
- The durable consumer in the broker is a convenience: wiped, it is made again from the beginning of the
  stream, and the inbox knows what was handled.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import nats.errors
from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from services.kit.background import Background
from services.kit.database import Database, Transaction
from services.kit.errors import DomainError, Unavailable
from services.kit.log import kind_and_place
from services.kit.messaging import envelope, inbox
from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.envelope import EventMeta, MalformedEvent
from services.kit.messaging.pull import Pull, PullLost

Handler = Callable[[Transaction, Any, EventMeta], Awaitable[None]]
"""``async (tx, event, meta)``: one event's effect, in the given transaction, guarded by the version."""
OnDead = Callable[[Transaction, EventMeta], Awaitable[None]]
"""``async (tx, meta)``: what is done, in the same transaction, when an event becomes a dead letter."""

_BATCH: Final = 100
_ATTEMPTS: Final = 8
_FIRST_DELAY_S: Final = 0.5  # doubled each time: eight attempts take about a minute
_LONGEST_DELAY_S: Final = 30.0
_ACK_WAIT_S: Final = 10  # how long the events of a killed replica wait for another one
_IN_PROGRESS_EVERY_S: Final = 3
_UNLIMITED: Final = -1  # the broker would drop an event silently; the dead letters are ours
_MAX_ACK_PENDING: Final = 2_000  # for all replicas together
_AGAIN_S: Final = 0.25  # while something that work stands on is away


class _Refused(Exception):
    """An event that will never be handled; the text is a machine reason."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One message as it came, once its headers are read."""

    message: Msg
    meta: EventMeta


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer has come; both numbers return to 0 when the publisher rests."""

    waiting: int
    """Events of the stream that were not delivered yet."""
    unacknowledged: int
    """Events that were delivered and are not settled yet."""


class Consumer(Background):
    """Handles the events of one stream. ``async with`` runs it; replicas of a service share the work.

    Args:
        bus: the service's connection.
        database: where the effects and the inbox are.
        stream: the publisher's stream, such as ``DIARY``; it may not exist yet.
        durable: ``<service>-<name>``; the inbox is kept by this name.
        handlers: what to do, by the type of the event; other events of the stream are not delivered.
        batch: how many events are handled in one transaction at most.
        attempts: how often an event is tried before it becomes a dead letter.
        first_delay: seconds before the second attempt; doubled for each further one.
        completeness: hears up to when the publisher has told all; None where nothing depends on it.
        on_dead: what a dead letter means for a copy that must not be trusted too far.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        stream: str,
        durable: str,
        handlers: Mapping[type[Message], Handler],
        *,
        batch: int = _BATCH,
        attempts: int = _ATTEMPTS,
        first_delay: float = _FIRST_DELAY_S,
        completeness: Completeness | None = None,
        on_dead: OnDead | None = None,
    ) -> None:
        super().__init__("consumer")
        self._log = self._log.bind(consumer=durable, stream=stream)
        self._bus = bus
        self._database = database
        self._stream = stream
        self._durable = durable
        self._handlers = {kind.DESCRIPTOR.full_name: (kind, handler) for kind, handler in handlers.items()}
        self._batch = batch
        self._attempts = attempts
        self._first_delay = first_delay
        self._completeness = completeness
        self._on_dead = on_dead
        self._pull: Pull | None = None
        self._waiting_for_stream = False
        bus.on_connect(self._begin_anew)

    async def run(self) -> None:
        """Handle what comes over one connection."""
        await self._bus.wait_connected()
        try:
            await self._make_durable()
            async with Pull(self._bus.client, self._stream, self._durable, size=self._batch) as pull:
                self._pull = pull
                while True:
                    await self._handle(await pull.next_batch())
        except NotFoundError:
            if not self._waiting_for_stream:
                self._log.info("consumer_waits_for_stream")
            self._waiting_for_stream = True
        except (PullLost, BusDown, nats.errors.Error, TimeoutError, OSError) as error:
            self._log.info("consumer_begins_anew", reason=repr(error))
        finally:
            self._pull = None

    async def progress(self) -> Progress | None:
        """How much is left to do, as the broker counts it; None while it cannot be asked."""
        try:
            info = await self._bus.jetstream.consumer_info(self._stream, self._durable)
        except (BusDown, nats.errors.Error, TimeoutError, OSError):
            return None
        return Progress(info.num_pending or 0, info.num_ack_pending or 0)

    async def settled_up_to(self) -> int | None:
        """The sequence of the stream up to which all is settled; None while the broker cannot be asked."""
        try:
            info = await self._bus.jetstream.consumer_info(self._stream, self._durable)
        except (BusDown, nats.errors.Error, TimeoutError, OSError):
            return None
        return info.ack_floor.stream_seq if info.ack_floor is not None else 0

    async def redrive(self, limit: int = 1_000) -> int:
        """Try the dead letters again, the oldest first; returns how many were handled."""
        async with self._database.read() as connection:
            letters = await inbox.buried(connection, self._durable, limit)
        handled = 0
        for letter in letters:
            try:
                await self._apply([(letter.meta, letter.payload)])
                handled += 1
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - a handler may fail in any way
                await self._bury(letter.meta, letter.payload, letter.attempts + 1, _reason(error))
        return handled

    async def _begin_anew(self) -> None:
        if self._completeness is not None:
            # Behind a new connection may stand another stream, with other sequences.
            self._completeness.forget_unproven()
        if self._pull is not None:
            self._pull.give_up()

    async def _make_durable(self) -> None:
        jetstream = self._bus.jetstream
        held = (await jetstream.stream_info(self._stream)).state
        wanted = ConsumerConfig(
            name=self._durable,
            durable_name=self._durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_S,
            max_deliver=_UNLIMITED,
            max_ack_pending=_MAX_ACK_PENDING,
            filter_subjects=self._subjects(),
        )
        info = await jetstream.add_consumer(self._stream, wanted)
        if info.delivered is not None and info.delivered.stream_seq > held.last_seq:
            # The stream lost its end and the consumer did not: it would pass over what is published again.
            self._log.warning("consumer_is_ahead_of_its_stream", sequence=info.delivered.stream_seq)
            await jetstream.delete_consumer(self._stream, self._durable)
            await jetstream.add_consumer(self._stream, wanted)
        self._waiting_for_stream = False

    def _subjects(self) -> list[str]:
        heard = set(self._handlers)
        if self._completeness is not None:
            heard.add(self._completeness.type)
        return sorted(heard)

    async def _handle(self, messages: Sequence[Msg]) -> None:
        deliveries: list[_Delivery] = []
        for message in messages:
            sequence = message.metadata.sequence.stream
            try:
                meta = envelope.read(message.headers, message.subject)
            except MalformedEvent as error:
                self._log.error("event_is_malformed", sequence=sequence, reason=str(error))
                await message.term()
                continue
            if self._completeness is not None and meta.type == self._completeness.type:
                if meta.region == self._bus.region:
                    self._completeness.heard(sequence, message.data)
                await message.ack()
            else:
                deliveries.append(_Delivery(message, meta))
        try:
            async with _in_progress(deliveries):
                await self._settle(deliveries)
        except asyncio.CancelledError:
            await _give_back(deliveries)
            raise

    async def _settle(self, deliveries: Sequence[_Delivery]) -> None:
        """Handle all in one transaction; when that fails, each in its own."""
        if not deliveries:
            return
        try:
            await self._patiently(lambda: self._apply([(one.meta, one.message.data) for one in deliveries]))
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way
            if len(deliveries) == 1:
                await self._failed(deliveries[0], error)
                return
            for one in deliveries:
                await self._settle([one])
            return
        for one in deliveries:
            await one.message.ack()

    async def _apply(self, events: Sequence[tuple[EventMeta, bytes]]) -> None:
        async with self._database.transaction() as tx:
            fresh = await inbox.claim(tx, self._durable, [meta.event_id for meta, _ in events])
            handled = list(fresh)
            for meta, payload in events:
                if meta.event_id in fresh:
                    fresh.discard(meta.event_id)  # the same event may be in a batch twice
                    handler, event = self._open(meta, payload)
                    await handler(tx, event, meta)
            if handled:
                await inbox.unbury(tx, self._durable, handled)

    def _open(self, meta: EventMeta, payload: bytes) -> tuple[Handler, Message]:
        if meta.region != self._bus.region:
            raise _Refused("FOREIGN_REGION")
        if meta.type not in self._handlers:
            raise _Refused("UNKNOWN_TYPE")
        kind, handler = self._handlers[meta.type]
        try:
            return handler, kind.FromString(payload)
        except DecodeError:
            raise _Refused("UNREADABLE") from None

    async def _failed(self, delivery: _Delivery, error: Exception) -> None:
        attempt = delivery.message.metadata.num_delivered
        log = self._log.bind(event_id=str(delivery.meta.event_id), event_type=delivery.meta.type)
        if isinstance(error, _Refused) or attempt >= self._attempts:
            log.error("event_is_dead", attempt=attempt, reason=_reason(error))
            await self._patiently(
                lambda: self._bury(delivery.meta, delivery.message.data, attempt, _reason(error))
            )
            await delivery.message.term()
            return
        delay = min(self._first_delay * 2 ** (attempt - 1), _LONGEST_DELAY_S)
        delay *= random.uniform(0.5, 1.5)  # noqa: S311 - jitter, so that what failed together does not return together
        log.warning("event_failed", attempt=attempt, reason=_reason(error), delay_s=round(delay, 2))
        await delivery.message.nak(delay=delay)

    async def _bury(self, meta: EventMeta, payload: bytes, attempts: int, reason: str) -> None:
        async with self._database.transaction() as tx:
            await inbox.bury(tx, self._durable, meta, payload, attempts=attempts, reason=reason)
            if self._on_dead is not None:
                await self._on_dead(tx, meta)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work``, and again while something it stands on is away: that is nobody's failed attempt."""
        waits_for = ""
        while True:
            try:
                return await work()
            except Unavailable as error:
                if waits_for != (waits_for := type(error.__cause__ or error).__name__):
                    self._log.warning("consumer_waits", error=waits_for)
                await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def _in_progress(deliveries: Sequence[_Delivery]) -> AsyncIterator[None]:
    """Tell the broker from time to time that these are being worked on."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(_IN_PROGRESS_EVERY_S)
            for one in deliveries:
                await one.message.in_progress()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


async def _give_back(deliveries: Sequence[_Delivery]) -> None:
    """Let another replica have these at once, not only after the acknowledgement's time is over."""
    for one in deliveries:
        # Some may be acknowledged already; and without a connection there is nobody to tell.
        with contextlib.suppress(nats.errors.Error, OSError):
            await one.message.nak()


def _reason(error: Exception) -> str:
    """What went wrong, without the error's text: texts may quote personal data."""
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, DomainError):
        return error.reason
    return kind_and_place(error)
