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
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from services.kit.background import Background
from services.kit.database import Database
from services.kit.errors import Unavailable
from services.kit.messaging import envelope
from services.kit.messaging.bus import Bus, BusDown
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.effects import Effects, Hearing, Refused, reason_of
from services.kit.messaging.envelope import EventMeta, MalformedEvent
from services.kit.messaging.pull import Pull, PullLost

_BATCH: Final = 100
_ATTEMPTS: Final = 8
_FIRST_DELAY_S: Final = 0.5  # doubled each time: eight attempts take about a minute
_LONGEST_DELAY_S: Final = 30.0
_ACK_WAIT_S: Final = 10  # how long the events of a killed replica wait for another one
_IN_PROGRESS_EVERY_S: Final = 3
_UNLIMITED: Final = -1  # the broker would drop an event silently; the dead letters are ours
_MAX_ACK_PENDING: Final = 2_000  # for all replicas together
_AGAIN_S: Final = 0.25  # while something that work stands on is away


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
        hearing: what it hears, and what it does about it.
        batch: how many events are handled in one transaction at most.
        attempts: how often an event is tried before it becomes a dead letter.
        first_delay: seconds before the second attempt; doubled for each further one.
        completeness: hears up to when the publisher has told all; None where nothing depends on it.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        hearing: Hearing,
        *,
        batch: int = _BATCH,
        attempts: int = _ATTEMPTS,
        first_delay: float = _FIRST_DELAY_S,
        completeness: Completeness | None = None,
    ) -> None:
        super().__init__("consumer")
        self._log = self._log.bind(consumer=hearing.durable, stream=hearing.stream)
        self._bus = bus
        self._stream = hearing.stream
        self._durable = hearing.durable
        self._effects = Effects(database, bus.region, hearing)
        self._batch = batch
        self._attempts = attempts
        self._first_delay = first_delay
        self._completeness = completeness
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
        heard = self._effects.types
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
            await self._patiently(
                lambda: self._effects.apply([(one.meta, one.message.data) for one in deliveries])
            )
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way
            if len(deliveries) == 1:
                await self._failed(deliveries[0], error)
                return
            for one in deliveries:
                await self._settle([one])
            return
        for one in deliveries:
            await one.message.ack()

    async def _failed(self, delivery: _Delivery, error: Exception) -> None:
        attempt = delivery.message.metadata.num_delivered
        log = self._log.bind(event_id=str(delivery.meta.event_id), event_type=delivery.meta.type)
        if isinstance(error, Refused) or attempt >= self._attempts:
            log.error("event_is_dead", attempt=attempt, reason=reason_of(error))
            await self._patiently(
                lambda: self._effects.bury(delivery.meta, delivery.message.data, attempt, error)
            )
            await delivery.message.term()
            return
        delay = min(self._first_delay * 2 ** (attempt - 1), _LONGEST_DELAY_S)
        delay *= random.uniform(0.5, 1.5)  # noqa: S311 - jitter, so that what failed together does not return together
        log.warning("event_failed", attempt=attempt, reason=reason_of(error), delay_s=round(delay, 2))
        await delivery.message.nak(delay=delay)

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
