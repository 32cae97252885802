"""A copy is complete as of an instant if, and only if, all that its owner committed before is applied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import nats.errors as nats_errors
import pytest
from sqlalchemy import MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import EverythingTold, RelationEnded
from services.kit.clock import SystemClock
from services.kit.database import Transaction
from services.kit.ids import new_id
from services.kit.messaging import relay as relays
from services.kit.messaging.bus import BusDown
from services.kit.messaging.completeness import Completeness, completeness_table
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Hearing
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.freshness import Freshness
from services.kit.messaging.relay import Relay
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.miniature import Listener, Publisher, count_effect, listener, prepare, publisher
from tests.support.waiting import eventually

OFTEN_S = 0.2
LIMIT = timedelta(seconds=4)

tables = MetaData()
copies = completeness_table(tables)


@dataclass(slots=True)
class Copying:
    """An owner of facts, and a service that keeps a copy of them."""

    owner: Publisher
    keeper: Listener
    completeness: Completeness
    shut: bool = False
    """Events fail while it is."""
    dead: list[str] = field(default_factory=list)

    async def apply(self, tx: Transaction, event: RelationEnded, meta: EventMeta) -> None:
        """The effect of a fact."""
        if self.shut:
            raise RuntimeError
        await count_effect(tx, event, meta)

    async def on_dead(self, _tx: Transaction, meta: EventMeta) -> None:
        """A fact will not be applied."""
        self.dead.append(meta.aggregate_id)

    @asynccontextmanager
    async def consuming(self, *, attempts: int = 1_000) -> AsyncIterator[None]:
        """The keeper's part runs."""
        consumer = Consumer(
            self.keeper.bus,
            self.keeper.database,
            Hearing("IDENTITY", "notifications-copy", {RelationEnded: self.apply}, self.on_dead),
            attempts=attempts,
            first_delay=0.05,
            completeness=self.completeness,
        )
        async with consumer, Freshness(self.completeness, consumer, self.keeper.database):
            yield

    def telling(self) -> Relay:
        """The owner's part."""
        return Relay(self.owner.bus, self.owner.database, all_told=EverythingTold, all_told_every=OFTEN_S)

    async def end_relation(self) -> UUID:
        """State a fact; returns its event's id."""
        return await self.owner.state_event(RelationEnded())

    async def now(self) -> datetime:
        """The owner's clock."""
        async with self.owner.database.read() as connection:
            return await _now(connection)

    async def complete_since(self, instant: datetime, *, within: float = 20) -> None:
        """Wait until the copy is complete as of ``instant``."""

        async def complete() -> bool:
            return self.completeness.as_of is not None and self.completeness.as_of >= instant

        await eventually(complete, within=within)


async def _now(connection: AsyncConnection) -> datetime:
    found: datetime | None = await connection.scalar(select(func.clock_timestamp()))
    assert found is not None
    return found


@pytest.fixture
async def copying(database_url: DatabaseUrl, nats: OwnNats) -> AsyncIterator[Copying]:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(
            publisher(await database_url("kit", prepare), nats.url("identity"), service="identity")
        )
        keeper = await stack.enter_async_context(
            listener(await database_url("kit", prepare), nats.url("notifications"))
        )
        async with keeper.database.transaction() as tx:
            await tx.connection.run_sync(tables.create_all)
        known = Completeness(EverythingTold, "IDENTITY", copies, limit=LIMIT, clock=SystemClock())
        yield Copying(owner, keeper, known)


async def test_complete_means_that_what_was_committed_before_is_applied(copying: Copying) -> None:
    async with copying.telling(), copying.consuming():
        for _ in range(10):
            event = await copying.end_relation()
            await copying.complete_since(await copying.now())
            assert str(event) in await copying.keeper.counted()


async def test_a_fact_that_cannot_be_applied_yet_keeps_the_copy_from_being_complete(
    copying: Copying,
) -> None:
    """Later facts are applied, later sayings are heard: what is missing is missing."""
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
        copying.shut = True
        event = await copying.end_relation()
        committed = await copying.now()
        await asyncio.sleep(10 * OFTEN_S)
        assert copying.completeness.as_of is not None
        assert copying.completeness.as_of < committed
        copying.shut = False
        await copying.complete_since(committed)
        assert str(event) in await copying.keeper.counted()


async def test_a_dead_letter_is_told_to_the_copy_before_it_counts_as_complete(copying: Copying) -> None:
    copying.shut = True
    relation = new_id()
    async with copying.telling(), copying.consuming(attempts=2):
        await copying.owner.state_event(RelationEnded(), aggregate=relation)
        await copying.complete_since(await copying.now())
        assert copying.dead == [str(relation)]


async def test_a_fact_that_its_owner_could_not_publish_keeps_all_told_from_being_said(
    copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fact cannot be published though the connection is good, as when it is too large for the broker."""
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
        monkeypatch.setattr(relays, "_ACK_WITHIN_S", 0.0)
        await copying.end_relation()
        committed = await copying.now()
        await asyncio.sleep(10 * OFTEN_S)
        assert copying.completeness.as_of is not None
        assert copying.completeness.as_of < committed
        monkeypatch.undo()
        await copying.complete_since(committed)


async def test_without_a_broker_a_copy_grows_stale_and_is_fresh_again_by_itself(
    copying: Copying, nats: OwnNats
) -> None:
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
        assert not copying.completeness.stale
        await nats.stop()

        async def stale() -> bool:
            return copying.completeness.stale

        await eventually(stale)
        await nats.start()

        async def fresh() -> bool:
            return not copying.completeness.stale

        await eventually(fresh, within=30)


async def test_a_wiped_broker_shows_nothing_until_all_is_applied_again(
    copying: Copying, nats: OwnNats
) -> None:
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
        await nats.wipe()
        event = await copying.end_relation()
        await copying.complete_since(await copying.now(), within=30)
        assert str(event) in await copying.keeper.counted()


async def test_the_stream_refuses_the_saying_once_it_is_not_what_it_was(copying: Copying) -> None:
    """Somebody else has written into the stream: the relay looks again before it says anything."""
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
        await copying.owner.bus.jetstream.publish("school.identity.v1.RelationEnded", b"")
        await copying.complete_since(await copying.now())


async def test_what_one_replica_has_shown_another_knows(copying: Copying) -> None:
    async with copying.telling(), copying.consuming():
        await copying.complete_since(await copying.now())
    other = Completeness(EverythingTold, "IDENTITY", copies, limit=LIMIT, clock=SystemClock())
    await other.look(copying.keeper.database)
    assert other.as_of == copying.completeness.as_of


async def test_nothing_is_complete_that_nobody_has_told(copying: Copying) -> None:
    async with copying.consuming():
        await asyncio.sleep(OFTEN_S)
        assert copying.completeness.stale


async def test_an_older_saying_that_is_heard_again_takes_nothing_back(copying: Copying) -> None:
    keeper, known = copying.keeper.database, copying.completeness
    newer, older = EverythingTold(), EverythingTold()
    newer.as_of.FromDatetime(datetime(2026, 3, 2, tzinfo=UTC))
    older.as_of.FromDatetime(datetime(2026, 3, 1, tzinfo=UTC))

    async def all_is_settled() -> int:
        return 10

    known.heard(1, newer.SerializeToString())
    await known.prove(keeper, all_is_settled)
    known.heard(2, older.SerializeToString())
    await known.prove(keeper, all_is_settled)
    assert known.as_of == datetime(2026, 3, 2, tzinfo=UTC)


async def test_what_is_settled_of_another_stream_shows_nothing(copying: Copying) -> None:
    """The connection broke while the broker was asked."""
    known = copying.completeness
    event = EverythingTold()
    event.as_of.FromDatetime(datetime(2026, 3, 2, tzinfo=UTC))
    known.heard(1, event.SerializeToString())

    async def settled() -> int:
        known.forget_unproven()
        return 10

    await known.prove(copying.keeper.database, settled)
    assert known.as_of is None


async def test_what_another_region_says_of_itself_shows_nothing(
    copying: Copying, database_url: DatabaseUrl, nats: OwnNats
) -> None:
    """A31: even if its saying found its way into the stream."""
    async with (
        publisher(
            await database_url("kit", prepare), nats.url("identity"), region="50", service="identity"
        ) as foreign,
        Relay(foreign.bus, foreign.database, all_told=EverythingTold, all_told_every=OFTEN_S),
        copying.consuming(),
    ):

        async def it_was_said() -> bool:
            try:
                return (await foreign.bus.jetstream.stream_info("IDENTITY")).state.last_seq > 1
            except (BusDown, nats_errors.Error):
                return False

        await eventually(it_was_said)
        await asyncio.sleep(2)
        assert copying.completeness.as_of is None
