"""Services in miniature: one that publishes facts, one whose effects can be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, func, insert, select

from school.diary.v1.events_pb2 import MarkRemoved, MarkSet
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Handler, Hearing
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.relay import Relay
from services.kit.migrations import upgrade
from services.kit.tables import dead_letters, outbox
from tests.support.waiting import eventually

REGION = "77"
MIGRATIONS = Path(__file__).parents[1] / "integration" / "kit" / "migrations"

miniature_metadata = MetaData()
effects = Table(
    "effects",
    miniature_metadata,
    Column("id", BigInteger, primary_key=True),
    Column("what", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)


async def prepare(url: str) -> None:
    """A database with the kit's tables and `effects`; for ``database_url("…", prepare)``."""
    await upgrade(url, MIGRATIONS)


class Publisher:
    """A service that states facts of marks."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self.bus = bus

    async def state(self, count: int = 1) -> list[UUID]:
        """Publish ``count`` facts, each in a transaction of its own; returns the ids of the events."""
        return [await self._one() for _ in range(count)]

    async def state_at_once(self, count: int) -> list[UUID]:
        """Publish ``count`` facts in one transaction."""
        async with self.database.transaction() as tx:
            return [self._publish(tx) for _ in range(count)]

    async def state_event(self, event: Message, *, aggregate: UUID | None = None, version: int = 1) -> UUID:
        """Publish a given fact."""
        async with self.database.transaction() as tx:
            return tx.publish(event, aggregate=aggregate or new_id(), version=version)

    async def _one(self) -> UUID:
        async with self.database.transaction() as tx:
            return self._publish(tx)

    @staticmethod
    def _publish(tx: Transaction) -> UUID:
        mark = new_id()
        return tx.publish(MarkSet(mark_id=str(mark), version=1, text="5"), aggregate=mark, version=1)

    async def unpublished(self) -> int:
        """How many events are without an ack."""
        async with self.database.read() as connection:
            count = await connection.scalar(
                select(func.count()).select_from(outbox).where(outbox.c.stream_seq.is_(None))
            )
        return count or 0

    async def everything_is_published(self) -> bool:
        """Whether every event has its ack."""
        return await self.unpublished() == 0


class Listener:
    """A service that counts the effects which events have on it."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self.bus = bus

    def consumer(
        self,
        handlers: Mapping[type[Message], Handler] | None = None,
        *,
        durable: str = "listener-marks",
        attempts: int = 3,
        batch: int = 100,
    ) -> Consumer:
        """A consumer of the diary's stream, by default one that counts every mark that was set."""
        return Consumer(
            self.bus,
            self.database,
            Hearing("DIARY", durable, handlers or COUNTING),
            attempts=attempts,
            first_delay=0.05,
            batch=batch,
        )

    async def counted(self) -> Counter[str]:
        """How often each event has had its effect."""
        async with self.database.read() as connection:
            return Counter((await connection.scalars(select(effects.c.what))).all())

    async def dead(self) -> dict[str, str]:
        """The reason of each dead letter, by event."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(dead_letters.c.event_id, dead_letters.c.reason))
            return {str(row.event_id): row.reason for row in rows}

    async def has_seen(self, events: list[UUID], *, within: float = 20) -> None:
        """Wait until each of ``events`` has had an effect."""
        wanted = {str(event) for event in events}

        async def all_have_an_effect() -> bool:
            return wanted <= set(await self.counted())

        await eventually(all_have_an_effect, within=within)


async def count_effect(tx: Transaction, event: Message, meta: EventMeta) -> None:
    """The effect of an event: one row."""
    del event
    await tx.execute(insert(effects).values(what=str(meta.event_id), version=meta.aggregate_version))


COUNTING: Final[Mapping[type[Message], Handler]] = {MarkSet: count_effect, MarkRemoved: count_effect}
"""What the listener does: it counts every mark that was set or removed."""


@asynccontextmanager
async def publisher(
    database_url: str, nats_url: str, *, region: str = REGION, service: str = "diary"
) -> AsyncIterator[Publisher]:
    """A service in miniature that publishes, without its relay."""
    async with Database(database_url) as database, Bus(nats_url, region=region, service=service) as bus:
        yield Publisher(database, bus)


@asynccontextmanager
async def listener(database_url: str, nats_url: str) -> AsyncIterator[Listener]:
    """Notifications in miniature, without its consumer."""
    async with (
        Database(database_url) as database,
        Bus(nats_url, region=REGION, service="notifications") as bus,
    ):
        yield Listener(database, bus)


def relay_of(service: Publisher) -> Relay:
    """The publisher's relay."""
    return Relay(service.bus, service.database)
