"""What passes by reaches who listens, and a gap is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from school.diary.v1.events_pb2 import MarkSet
from services.kit.messaging.bus import Bus
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.live import Live
from tests.support.backbone import OwnNats
from tests.support.miniature import REGION, Publisher, relay_of


@pytest.fixture
async def gateway(nats: OwnNats) -> AsyncIterator[Bus]:
    """The connection of who listens."""
    async with Bus(nats.url("gateway"), region=REGION, service="gateway") as bus:
        yield bus


class _Screen:
    """What a page shows."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[UUID] = asyncio.Queue()
        self.gaps: asyncio.Queue[None] = asyncio.Queue()

    async def show(self, _event: MarkSet, meta: EventMeta) -> None:
        self.seen.put_nowait(meta.event_id)

    async def catch_up(self) -> None:
        self.gaps.put_nowait(None)


async def test_an_event_reaches_who_listens(diary: Publisher, gateway: Bus) -> None:
    screen = _Screen()
    async with relay_of(diary), Live(gateway, {MarkSet: screen.show}, on_gap=screen.catch_up):
        await screen.gaps.get()
        (event,) = await diary.state()
        assert await asyncio.wait_for(screen.seen.get(), 5) == event


async def test_after_an_outage_the_gap_is_told_and_listening_goes_on(
    diary: Publisher, gateway: Bus, nats: OwnNats
) -> None:
    screen = _Screen()
    async with relay_of(diary), Live(gateway, {MarkSet: screen.show}, on_gap=screen.catch_up):
        await screen.gaps.get()
        await nats.wipe()
        await asyncio.wait_for(screen.gaps.get(), 10)
        (event,) = await diary.state()
        assert await asyncio.wait_for(screen.seen.get(), 10) == event


async def test_a_listener_that_fails_hears_the_next_event(diary: Publisher, gateway: Bus) -> None:
    screen = _Screen()
    failures = iter([True])

    async def fail_once(event: MarkSet, meta: EventMeta) -> None:
        if next(failures, False):
            raise RuntimeError
        await screen.show(event, meta)

    async with relay_of(diary), Live(gateway, {MarkSet: fail_once}, on_gap=screen.catch_up):
        await screen.gaps.get()
        _, second = await diary.state(2)
        assert await asyncio.wait_for(screen.seen.get(), 5) == second
