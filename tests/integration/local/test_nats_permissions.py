"""What the broker lets each service say and hear (A28)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import nats as client
import pytest
from nats.aio.client import Client

from services.kit.messaging.streams import Stream, ensure
from tests.support.backbone import OwnNats


@dataclass
class Connection:
    """A connection as one service, and what the server refused it."""

    client: Client
    refused: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def refusal(self) -> str:
        """The server's next refusal, which reaches a client beside its calls."""
        return await asyncio.wait_for(self.refused.get(), 5)


@asynccontextmanager
async def _connected(nats: OwnNats, service: str) -> AsyncIterator[Connection]:
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def on_error(error: Exception) -> None:
        await refused.put(str(error))

    connection = await client.connect(
        nats.url(service), inbox_prefix=f"_INBOX.{service}", error_cb=on_error, name=service
    )
    try:
        yield Connection(connection, refused)
    finally:
        await connection.close()


@dataclass
class Party:
    """The owner of a stream, and one who reads it."""

    diary: Connection
    notifications: Connection


@pytest.fixture
async def party(nats: OwnNats) -> AsyncIterator[Party]:
    async with AsyncExitStack() as stack:
        diary = await stack.enter_async_context(_connected(nats, "diary"))
        await ensure(diary.client.jetstream(), Stream.of("diary"))
        yield Party(diary, await stack.enter_async_context(_connected(nats, "notifications")))


async def test_a_service_publishes_and_another_reads_and_acknowledges(party: Party) -> None:
    await party.diary.client.jetstream().publish("school.diary.v1.MarkSet", b"a mark")

    reader = await party.notifications.client.jetstream().pull_subscribe(
        "school.diary.v1.>", durable="notifications-marks", stream="DIARY"
    )
    (message,) = await reader.fetch(1, timeout=5)
    await message.ack_sync()

    assert message.data == b"a mark"
    assert (await reader.consumer_info()).num_ack_pending == 0
    assert party.diary.refused.empty()
    assert party.notifications.refused.empty()


async def test_a_service_cannot_publish_in_anothers_name(party: Party) -> None:
    await party.notifications.client.publish("school.diary.v1.MarkSet", b"forged")
    assert "school.diary.v1.markset" in (await party.notifications.refusal()).lower()


async def test_a_service_cannot_change_anothers_stream(party: Party) -> None:
    subject = "$JS.API.STREAM.DELETE.DIARY"
    await party.notifications.client.publish(subject, b"")
    assert subject.lower() in (await party.notifications.refusal()).lower()


async def test_nobody_deletes_or_purges_a_stream(party: Party) -> None:
    """Not even its owner."""
    for subject in ("$JS.API.STREAM.DELETE.DIARY", "$JS.API.STREAM.PURGE.DIARY"):
        await party.diary.client.publish(subject, b"")
        assert subject.lower() in (await party.diary.refusal()).lower()


async def test_a_service_cannot_listen_to_anothers_answers(party: Party) -> None:
    await party.notifications.client.subscribe("_INBOX.diary.>")
    assert "_inbox.diary" in (await party.notifications.refusal()).lower()


async def test_a_wrong_password_does_not_connect(nats: OwnNats) -> None:
    async def quiet(_: Exception) -> None:
        """The refusal is what the test is about."""

    url = nats.url("diary").replace("diary:", "diary:x")
    connection = Client()
    with pytest.raises(client.errors.Error):
        await connection.connect(url, allow_reconnect=False, connect_timeout=2, error_cb=quiet)
    await connection.close()
