"""A service in miniature with dead letters, and what an operator types about them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
import structlog
from google.protobuf.message import Message
from sqlalchemy import select, text

from school.diary.v1.events_pb2 import MarkSet
from services.kit.database import Database, Transaction
from services.kit.dead_letters import commands
from services.kit.errors import DomainError, StatusCode
from services.kit.ids import new_id
from services.kit.messaging.effects import Effects, Handler, Hearing, OnDead
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import dead_letters
from tests.support.miniature import COUNTING, REGION, count_effect, effects
from tests.support.waiting import eventually

CONSUMER: Final = "listener-marks"
TRIED: Final = 8


class NotYet(DomainError):
    """Why letters lie here."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "NOT_YET"
    title = "Not yet"


async def refuse_twos(tx: Transaction, event: Any, meta: EventMeta) -> None:
    """The effect of a mark, unless it is a 2."""
    await count_effect(tx, event, meta)
    if event.text == "2":
        raise NotYet


@dataclass(slots=True)
class Desk:
    """The operator's console of the service."""

    url: str
    database: Database
    said: pytest.CaptureFixture[str]

    def effects(
        self,
        handlers: Mapping[type[Message], Handler] = COUNTING,
        *,
        consumer: str = CONSUMER,
        database: Database | None = None,
        on_dead: OnDead | None = None,
    ) -> Effects:
        """What events do; by default every mark that was set counts once."""
        return Effects(database or self.database, REGION, Hearing("DIARY", consumer, handlers, on_dead))

    async def bury(
        self,
        event: Message | None = None,
        *,
        aggregate: UUID | None = None,
        version: int = 1,
        error: Exception | None = None,
        consumer: str = CONSUMER,
        event_id: UUID | None = None,
    ) -> UUID:
        """A consumer gives an event up; returns its id."""
        event = event or MarkSet(text="5")
        meta = EventMeta(
            event_id=event_id or new_id(),
            type=event.DESCRIPTOR.full_name,
            source=f"/regions/{REGION}/diary",
            occurred_at=datetime.now(UTC),
            aggregate_id=str(aggregate or new_id()),
            aggregate_version=version,
        )
        effects = self.effects(consumer=consumer)
        await effects.bury(meta, event.SerializeToString(), TRIED, error or NotYet())
        return meta.event_id

    async def shows(self, *arguments: str) -> tuple[int, list[str]]:
        """``dead-letters`` with these arguments: its exit status, and the lines that it prints."""
        status = await commands.show(self.url, commands.parse("diary", arguments))
        return status, self.said.readouterr().out.splitlines()

    async def redrive(
        self, *arguments: str, handlers: Mapping[type[Message], Handler] = COUNTING
    ) -> tuple[int, list[str]]:
        """``dead-letters redrive`` with these arguments."""
        wish = commands.parse("diary", ["redrive", *arguments])
        status = await commands.redrive(
            self.url, wish, lambda database: [self.effects(handlers, database=database)]
        )
        return status, self.said.readouterr().out.splitlines()

    async def discard(self, event: UUID, *, by: str = "Оператор 2", why: str = "too late") -> list[str]:
        """``dead-letters discard`` of an event."""
        typed = ["discard", "--event", str(event), "--by", by, "--why", why]
        assert await commands.put_aside(self.url, commands.parse("diary", typed)) == 0
        return self.said.readouterr().out.splitlines()

    async def done(self) -> list[tuple[str, int]]:
        """What events have had an effect, in the order in which they had it, with their versions."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(effects.c.what, effects.c.version).order_by(effects.c.id))
            return [(row.what, row.version) for row in rows]

    async def letters(self) -> list[Any]:
        """The rows of the table."""
        async with self.database.read() as connection:
            return list(await connection.execute(select(dead_letters).order_by(dead_letters.c.event_id)))


async def somebody_waits(desk: Desk) -> None:
    """Return once a transaction waits for another one."""

    async def one_waits() -> bool:
        async with desk.database.read() as connection:
            return bool(
                await connection.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    )
                )
            )

    await eventually(one_waits)


@pytest.fixture
def log_aside(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """What is logged meanwhile, also by what other tests keep running, is not among what a command says."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    yield
    structlog.reset_defaults()


@pytest.fixture
async def desk(kit_url: str, capsys: pytest.CaptureFixture[str], log_aside: None) -> AsyncIterator[Desk]:
    """A console of a service without any dead letter."""
    async with Database(kit_url) as database:
        yield Desk(kit_url, database, capsys)
