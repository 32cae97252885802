"""A stream that lost its end: an older state of its files comes back, as after a power cut without sync."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.backbone import OwnNats
from tests.support.miniature import Listener, Publisher, relay_of
from tests.support.waiting import eventually


def _messages(nats: OwnNats) -> Path:
    return next((nats._server.home / "store").rglob("streams/DIARY/msgs"))


async def _keep_messages(nats: OwnNats) -> None:
    """Put the stream's present state aside."""
    await nats.stop()
    shutil.copytree(_messages(nats), nats._server.home / "kept")
    await nats.start()


async def _lose_what_came_since(nats: OwnNats) -> None:
    """Give the stream the state that was put aside; its consumers keep theirs."""
    await nats.stop()
    messages = _messages(nats)
    shutil.rmtree(messages)
    shutil.copytree(nats._server.home / "kept", messages)
    await nats.start()


async def test_what_was_lost_is_published_again(
    diary: Publisher, notifications: Listener, nats: OwnNats
) -> None:
    async with relay_of(diary):
        events = await diary.state(5)
        await eventually(diary.everything_is_published)
        await _keep_messages(nats)
        events += await diary.state(5)
        await eventually(diary.everything_is_published)
        await _lose_what_came_since(nats)
        async with notifications.consumer():
            await notifications.has_seen(events)
    assert set((await notifications.counted()).values()) == {1}


async def test_a_consumer_that_is_ahead_of_its_stream_passes_over_nothing(
    diary: Publisher, notifications: Listener, nats: OwnNats
) -> None:
    """The consumer has seen more than the stream now holds; what is published next has the same places."""
    async with relay_of(diary), notifications.consumer():
        events = await diary.state(5)
        await notifications.has_seen(events)
        await eventually(diary.everything_is_published)
        await _keep_messages(nats)
        events += await diary.state(5)
        await notifications.has_seen(events)
        await eventually(diary.everything_is_published)
        await _lose_what_came_since(nats)
        events += await diary.state(10)
        await notifications.has_seen(events)
    assert set((await notifications.counted()).values()) == {1}
