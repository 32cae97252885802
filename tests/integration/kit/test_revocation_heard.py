"""Ends of sessions reach every process that verifies tokens, also one that was away (I12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from school.identity.v1.events_pb2 import SessionEnded
from services.kit.clock import SystemClock
from services.kit.messaging.bus import Bus
from services.kit.revocation import EndedSessions, Revocation
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.miniature import REGION, Publisher, prepare, publisher, relay_of
from tests.support.waiting import eventually


@pytest.fixture
async def identity(database_url: DatabaseUrl, nats: OwnNats) -> AsyncIterator[Publisher]:
    """An identity in miniature that publishes what it is told to."""
    url = await database_url("kit", prepare)
    async with publisher(url, nats.url("identity"), service="identity") as running, relay_of(running):
        yield running


class Listener:
    """A process that verifies tokens, as far as it hears of ended sessions."""

    def __init__(self, nats: OwnNats, service: str) -> None:
        self.ended = EndedSessions(SystemClock())
        self.bus = Bus(nats.url(service), region=REGION, service=service)
        self.following = Revocation(self.bus, "IDENTITY", SessionEnded, self.ended, SystemClock())

    async def knows(self, session: UUID) -> None:
        """Wait until it refuses the session."""

        async def the_end_is_heard() -> bool:
            return session in self.ended

        await eventually(the_end_is_heard, within=5)


async def end(identity: Publisher, *, ago: timedelta = timedelta(0), replaced: bool = False) -> UUID:
    """A session ends."""
    session = uuid4()
    event = SessionEnded(session_id=str(session), person_id=str(uuid4()), replaced=replaced)
    event.ended_at.FromDatetime(datetime.now(UTC) - ago)
    await identity.state_event(event, aggregate=session)
    return session


async def test_an_end_is_heard_by_every_replica_of_every_service(identity: Publisher, nats: OwnNats) -> None:
    """With the rights that the broker gives to each of them; two replicas do not share the work."""
    first = await end(identity)
    listeners = [Listener(nats, name) for name in ("identity", "diary", "diary", "notifications", "gateway")]
    async with AsyncExitStack() as stack:
        for listener in listeners:
            await stack.enter_async_context(listener.bus)
            await stack.enter_async_context(listener.following)
        second = await end(identity, replaced=True)
        for listener in listeners:
            await listener.knows(first)
            await listener.knows(second)
            known = listener.ended.get(second)
            assert known is not None
            assert known.replaced


async def test_whoever_starts_knows_at_once_what_ended_before(identity: Publisher, nats: OwnNats) -> None:
    """Entering the context waits for it: no request is served before."""
    first = Listener(nats, "gateway")
    async with first.bus, first.following:
        session = await end(identity)
        await first.knows(session)

    late = Listener(nats, "diary")
    async with late.bus, late.following:
        assert session in late.ended


async def test_what_ended_while_the_broker_was_away_is_heard_when_it_is_back(
    identity: Publisher, nats: OwnNats
) -> None:
    listener = Listener(nats, "diary")
    async with listener.bus, listener.following:
        await listener.knows(await end(identity))
        await nats.stop()
        missed = await end(identity)
        await nats.start()
        await listener.knows(missed)


async def test_a_wiped_broker_loses_no_end(identity: Publisher, nats: OwnNats) -> None:
    """What ended long ago is published again as well, and not remembered."""
    listener = Listener(nats, "diary")
    async with listener.bus, listener.following:
        old = await end(identity, ago=timedelta(hours=1))
        await listener.knows(await end(identity))
        await nats.wipe()
        await listener.knows(await end(identity))
        assert old not in listener.ended


async def test_a_service_starts_without_a_broker(nats: OwnNats) -> None:
    """Tokens end by themselves then."""
    await nats.stop()
    listener = Listener(nats, "gateway")
    async with listener.bus, listener.following:
        assert len(listener.ended) == 0


async def test_an_end_of_another_region_is_not_believed(
    database_url: DatabaseUrl, nats: OwnNats, identity: Publisher
) -> None:
    """A31; what comes after it is heard all the same."""
    url = await database_url("kit", prepare)
    listener = Listener(nats, "diary")
    async with (
        publisher(url, nats.url("identity"), service="identity", region="50") as foreign,
        relay_of(foreign),
        listener.bus,
        listener.following,
    ):
        strange = await end(foreign)
        await eventually(foreign.everything_is_published, within=10)
        await listener.knows(await end(identity))
        assert strange not in listener.ended
