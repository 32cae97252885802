"""From a committed transaction to its effect in another service, once, whatever happens to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

import pytest

from services.kit.database import Transaction
from services.kit.messaging import inbox, outbox, relay
from tests.support.backbone import OwnNats
from tests.support.miniature import Listener, Publisher, relay_of
from tests.support.waiting import eventually


def _once(events: Collection[UUID]) -> dict[str, int]:
    return {str(event): 1 for event in events}


async def test_an_event_has_its_effect_once(diary: Publisher, notifications: Listener) -> None:
    async with relay_of(diary), notifications.consumer():
        events = await diary.state(20)
        await notifications.has_seen(events)
    assert await notifications.counted() == _once(events)


async def test_a_broken_off_transaction_publishes_nothing(diary: Publisher, notifications: Listener) -> None:
    async def fail() -> None:
        async with diary.database.transaction() as tx:
            diary._publish(tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with relay_of(diary), notifications.consumer():
        events = await diary.state()
        await notifications.has_seen(events)
    assert await notifications.counted() == _once(events)


async def test_commits_succeed_without_a_broker_and_events_follow(
    diary: Publisher, notifications: Listener, nats: OwnNats
) -> None:
    async with relay_of(diary), notifications.consumer():
        before = await diary.state(5)
        await notifications.has_seen(before)
        await nats.stop()
        without = await diary.state(20)
        await nats.start()
        await notifications.has_seen(without)
        await eventually(diary.everything_is_published)
    assert await notifications.counted() == _once(before + without)


async def _wipe_while_running(diary: Publisher, notifications: Listener, nats: OwnNats) -> list[UUID]:
    async with relay_of(diary), notifications.consumer():
        events = await diary.state(50)
        await notifications.has_seen(events[:20])
        await nats.stop()
        events += await diary.state(10)
        await nats.wipe()
        events += await diary.state(50)
        await notifications.has_seen(events)
        await eventually(diary.everything_is_published)
        # All was published again; wait until the consumer has been through all of it.
        last = await diary.state()
        await notifications.has_seen(last)
    return events + last


async def test_a_wiped_broker_loses_nothing_and_repeats_nothing(
    diary: Publisher, notifications: Listener, nats: OwnNats
) -> None:
    events = await _wipe_while_running(diary, notifications, nats)
    assert await notifications.counted() == _once(events)


async def test_without_an_inbox_a_wiped_broker_repeats_effects(
    diary: Publisher, notifications: Listener, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calibration of the test above: it is able to fail."""

    async def claim_blindly(_tx: Transaction, _consumer: str, event_ids: Collection[UUID]) -> set[UUID]:
        return set(event_ids)

    monkeypatch.setattr(inbox, "claim", claim_blindly)
    await _wipe_while_running(diary, notifications, nats)
    assert max((await notifications.counted()).values()) > 1


async def test_a_wiped_broker_would_lose_what_is_not_published_again(
    diary: Publisher, notifications: Listener, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calibration of "loses nothing": were old acks believed, what nobody had read would be gone."""

    async def believe(*_: object) -> int:
        return 0

    monkeypatch.setattr(outbox, "forget_chunk", believe)
    monkeypatch.setattr(outbox, "forget_above", believe)
    async with relay_of(diary):
        lost = await diary.state(10)
        await eventually(diary.everything_is_published)
        await nats.wipe()
        async with notifications.consumer():
            kept = await diary.state()
            await notifications.has_seen(kept)
    assert await notifications.counted() == _once(kept)
    assert lost


async def test_a_loss_that_every_look_missed_shows_at_the_next_ack(
    diary: Publisher, notifications: Listener, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second event acknowledged at a place that is taken: the stream went back, and nobody saw it."""

    async def see_nothing(*_: object) -> None:
        return

    async with relay_of(diary):
        events = await diary.state(10)
        await eventually(diary.everything_is_published)
        monkeypatch.setattr(relay.Relay, "_compare", see_nothing)
        await nats.wipe()
        async with notifications.consumer():
            events += await diary.state()
            await notifications.has_seen(events)
    assert await notifications.counted() == _once(events)


async def test_a_relay_killed_between_publishing_and_storing_the_ack(
    diary: Publisher, notifications: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next relay publishes the same again, and the effect is there once."""
    published = asyncio.Event()
    store = outbox.store_acks

    async def die(_connection: object, _acks: object) -> None:
        published.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(outbox, "store_acks", die)
    async with notifications.consumer():
        async with relay_of(diary):
            events = await diary.state(5)
            await published.wait()
        assert await diary.unpublished() == 5
        monkeypatch.setattr(outbox, "store_acks", store)
        async with relay_of(diary):
            await eventually(diary.everything_is_published)
            events += await diary.state()
            await notifications.has_seen(events)
    assert await notifications.counted() == _once(events)


async def test_a_consumer_waits_for_a_stream_that_does_not_exist_yet(
    diary: Publisher, notifications: Listener
) -> None:
    events = await diary.state(3)
    async with notifications.consumer() as consumer:

        async def it_waits() -> bool:
            return consumer._waiting_for_stream

        await eventually(it_waits)
        async with relay_of(diary):
            await notifications.has_seen(events)


async def test_two_replicas_share_the_work(diary: Publisher, notifications: Listener) -> None:
    async with relay_of(diary), notifications.consumer(batch=10), notifications.consumer(batch=10):
        events = await diary.state_at_once(300)
        await notifications.has_seen(events)
    assert await notifications.counted() == _once(events)


async def test_two_consumers_of_one_service_each_have_their_effect(
    diary: Publisher, notifications: Listener
) -> None:
    async with relay_of(diary), notifications.consumer(durable="a"), notifications.consumer(durable="b"):
        events = await diary.state(3)

        async def twice() -> bool:
            return await notifications.counted() == {str(event): 2 for event in events}

        await eventually(twice)


async def test_a_restarted_consumer_goes_on_where_it_was(diary: Publisher, notifications: Listener) -> None:
    async with relay_of(diary):
        async with notifications.consumer():
            first = await diary.state(3)
            await notifications.has_seen(first)
        second = await diary.state(3)
        async with notifications.consumer():
            await notifications.has_seen(second)
    assert await notifications.counted() == _once(first + second)
