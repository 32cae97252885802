"""The connection never stands in the way of serving, and always comes back."""

from __future__ import annotations

import asyncio

import pytest

from services.kit.messaging.bus import Bus, BusDown
from tests.support.backbone import OwnNats
from tests.support.waiting import eventually


async def test_a_service_starts_and_ends_without_a_broker() -> None:
    async with asyncio.timeout(3):
        async with Bus("nats://127.0.0.1:1", region="77", service="diary") as bus:
            assert not bus.connected
            with pytest.raises(BusDown):
                _ = bus.jetstream


async def test_a_broker_that_comes_later_is_found(nats: OwnNats) -> None:
    await nats.stop()
    async with Bus(nats.url("diary"), region="77", service="diary") as bus:
        await nats.start()
        await asyncio.wait_for(bus.wait_connected(), 5)


async def test_each_connection_is_told(nats: OwnNats) -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    bus = Bus(nats.url("diary"), region="77", service="diary")

    async def tell() -> None:
        told.put_nowait(bus.connected)

    bus.on_connect(tell)
    async with bus:
        assert await asyncio.wait_for(told.get(), 5)
        await nats.stop()
        await nats.start()
        assert await asyncio.wait_for(told.get(), 5)


# nats-py drops the socket of a refused attempt without closing it; the collector does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_refused_credentials_are_tried_again(nats: OwnNats) -> None:
    """The client library takes a refusal for final; here an operator mends the server's configuration."""
    configuration = nats._server.home / "nats.conf"
    right = configuration.read_text()
    secret = nats._server.address.passwords["diary"]
    async with Bus(nats.url("diary"), region="77", service="diary") as bus:
        await asyncio.wait_for(bus.wait_connected(), 5)
        await nats.stop()
        configuration.write_text(right.replace(secret, "another"))
        await nats.start()

        async def it_is_refused() -> bool:
            return "Authorization" in bus._last_error[0]

        await eventually(it_is_refused)
        await nats.stop()
        configuration.write_text(right)
        await nats.start()
        await asyncio.wait_for(bus.wait_connected(), 10)
        await bus.client.flush()
