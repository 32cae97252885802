"""Identity in a town, and the two services that keep copies of its facts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, func, select, text

from services.diary.access import events as diary_events
from services.diary.access import storage as diary
from services.identity.copies.jetstream import OwnStream
from services.identity.copies.rules import Wish
from services.identity.copies.usecases import Pace, TellingAgain
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer, Progress
from services.kit.messaging.effects import Hearing
from services.kit.tables import outbox
from services.notifications.access import storage as notifications
from services.notifications.access.events import AccessEvents
from services.notifications.inbox.usecases import forget, tell_newcomer
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.identity import Town
from tests.support.keys import REGION
from tests.support.waiting import eventually

MOSCOW = ZoneInfo("Europe/Moscow")
TABLES = ("relations", "delegations", "persons")
QUICK = Pace(batch=2)


@dataclass(frozen=True, slots=True)
class Reader:
    """A service's copy, and its consumer."""

    database: Database
    consumer: Consumer
    tables: dict[str, Table]

    async def copy(self, *, sources: bool = False) -> dict[str, set[tuple[Any, ...]]]:
        """Every row of the copy, but for the events that told it; of what is over its days do not count."""
        found: dict[str, set[tuple[Any, ...]]] = {}
        for name, table in self.tables.items():
            async with self.database.read() as connection:
                rows = (await connection.execute(select(table))).mappings().all()
            found[name] = {
                tuple(
                    str(value)
                    for column, value in row.items()
                    if (sources or column != "source_event")
                    and not (row.get("ended_at") and column in {"valid_from", "valid_until", "scopes"})
                    and not (row.get("ended_at") and column == "relation_id" and name == "delegations")
                )
                for row in rows
            }
        return found

    async def spoil(self, *statements: str) -> None:
        """Change the copy by hand."""
        async with self.database.transaction() as tx:
            for statement in statements:
                await tx.execute(text(statement))


@dataclass(frozen=True, slots=True)
class Region:
    """Who tells, and who copies."""

    here: Town
    bus: Bus
    """Identity's own rights."""
    readers: tuple[Reader, Reader]

    async def tell(self, wish: str = "everything") -> int:
        """The command's work, in batches of two."""
        told = await TellingAgain(
            self.here.database, MOSCOW, broker=OwnStream(self.bus), say=lambda _: None, pace=QUICK
        ).tell(Wish.read(wish))
        await self.settled()
        return told

    async def settled(self) -> None:
        """Wait until everything that was committed is applied."""

        async def is_settled() -> bool:
            async with self.here.database.read() as connection:
                waits = await connection.scalar(
                    select(func.count()).select_from(outbox).where(outbox.c.stream_seq.is_(None))
                )
            return not waits and all([await it.consumer.progress() == Progress(0, 0) for it in self.readers])

        await eventually(is_settled)


@asynccontextmanager
async def reading(
    here: Town, nats: OwnNats, database_url: DatabaseUrl, clock: Clock
) -> AsyncIterator[Region]:
    """The copies of the diary and of notifications, kept by their own handlers with their own rights."""
    theirs = AccessEvents(clock, tell_newcomer=tell_newcomer, forget=forget)
    async with AsyncExitStack() as stack:
        readers = []
        for service, storage, handlers in (
            ("diary", diary, diary_events.HANDLERS),
            ("notifications", notifications, theirs.handlers),
        ):
            database = await stack.enter_async_context(Database(await database_url(service)))
            bus = await stack.enter_async_context(Bus(nats.url(service), region=REGION, service=service))
            consumer = Consumer(bus, database, Hearing("IDENTITY", f"{service}-access", handlers))
            await stack.enter_async_context(consumer)
            tables = {name: getattr(storage, name) for name in TABLES}
            readers.append(Reader(database, consumer, tables))
        own = await stack.enter_async_context(Bus(nats.url("identity"), region=REGION, service="identity"))
        yield Region(here, own, (readers[0], readers[1]))
