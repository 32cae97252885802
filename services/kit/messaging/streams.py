"""The stream of a publishing service: what it holds, how long, and that nobody empties it by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

# Repeats within this window cost a consumer nothing; later ones are caught by its inbox.
_DUPLICATE_WINDOW: Final = timedelta(minutes=10)
KEEP: Final = timedelta(days=7)
"""How long events stay in outbox and stream: the longest absence a consumer recovers from by itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a stream holds right now."""

    created: datetime
    """When the broker created it: its identity, a new one has another date."""
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Filling:
    """How full a stream is."""

    held: int
    """Bytes."""
    most: int
    """Bytes that it may hold; -1 for no bound."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as its owner wants it."""

    name: str
    subjects: tuple[str, ...]
    keep: timedelta = KEEP
    max_bytes: int = 512 * 1024**2
    """Beyond it publishing is refused and events wait in the outbox: a full disk would be worse to recover
    from. An operator's size is `StoringSettings.stream_max_bytes`."""
    replicas: int = 1

    @classmethod
    def of(cls, service: str, *, max_bytes: int = max_bytes, replicas: int = replicas) -> Stream:
        """The stream that ``service`` publishes into: ``DIARY`` takes ``school.diary.v1.>``."""
        return cls(service.upper(), (f"school.{service}.v1.>",), max_bytes=max_bytes, replicas=replicas)

    def config(self) -> StreamConfig:
        """The stream in JetStream's words."""
        return StreamConfig(
            name=self.name,
            subjects=list(self.subjects),
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            # Refuses cleanly and recovers; dropping the oldest would lose what a slow consumer has not seen.
            discard=DiscardPolicy.NEW,
            max_bytes=self.max_bytes,
            max_age=self.keep.total_seconds(),
            duplicate_window=_DUPLICATE_WINDOW.total_seconds(),
            num_replicas=self.replicas,
            deny_delete=True,
            deny_purge=True,
        )


async def ensure(jetstream: JetStreamContext, stream: Stream) -> Held:
    """What the stream holds; creates it when it is missing, updates it when it is configured otherwise."""
    wanted = stream.config()
    try:
        info = await jetstream.stream_info(stream.name)
    except NotFoundError:
        return _held(await jetstream.add_stream(wanted))
    present = info.config
    same = all(
        getattr(present, field) == getattr(wanted, field)
        for field in ("subjects", "max_bytes", "max_age", "duplicate_window", "num_replicas")
    )
    return _held(info if same else await jetstream.update_stream(wanted))


async def filling(jetstream: JetStreamContext, stream: str) -> Filling:
    """How full a stream is, as the broker counts it. Raises `NotFoundError`."""
    info = await jetstream.stream_info(stream)
    return Filling(info.state.bytes, info.config.max_bytes or -1)


async def slowest_reader(jetstream: JetStreamContext, stream: str) -> int:
    """How many events the durable consumer that is furthest behind has still to settle; 0 without any."""
    readers: list[ConsumerInfo] = []
    while page := await jetstream.consumers_info(stream, len(readers)):
        readers += page
    return max(
        (
            (reader.num_pending or 0) + (reader.num_ack_pending or 0)
            for reader in readers
            if reader.config.durable_name
        ),
        default=0,
    )


def _held(info: StreamInfo) -> Held:
    if info.created is None:
        raise nats.errors.Error("the server does not say when the stream was created")
    return Held(info.created, info.state.first_seq, info.state.last_seq)
