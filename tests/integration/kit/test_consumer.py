"""The consumer: what fails delays itself alone, what cannot be handled is kept with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from nats.aio.msg import Msg
from nats.js.api import StreamConfig
from sqlalchemy import select, text

from school.diary.v1.events_pb2 import HomeworkSet, MarkSet
from services.kit.database import Transaction
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.messaging import envelope
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import inbox
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.miniature import Listener, Publisher, count_effect, prepare, publisher, relay_of
from tests.support.waiting import eventually


class NotYet(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "NOT_YET"
    title = "Not yet"


async def _refuse_twos(tx: Transaction, event: Any, meta: EventMeta) -> None:
    await count_effect(tx, event, meta)
    if event.text == "2":
        raise NotYet


async def test_a_failing_event_becomes_a_dead_letter_and_the_others_flow(
    diary: Publisher, notifications: Listener
) -> None:
    async with relay_of(diary), notifications.consumer({MarkSet: _refuse_twos}):
        good = await diary.state(3)
        bad = await diary.state_event(MarkSet(text="2"))
        good += await diary.state(3)
        await notifications.has_seen(good, within=5)

        async def it_is_dead() -> bool:
            return await notifications.dead() == {str(bad): "NOT_YET"}

        await eventually(it_is_dead)
    assert await notifications.counted() == {str(event): 1 for event in good}


async def test_an_event_that_fails_for_a_while_is_handled_in_the_end(
    diary: Publisher, notifications: Listener
) -> None:
    failures = iter([True, True])

    async def fail_twice(tx: Transaction, event: Any, meta: EventMeta) -> None:
        if next(failures, False):
            raise NotYet
        await count_effect(tx, event, meta)

    async with relay_of(diary), notifications.consumer({MarkSet: fail_twice}):
        events = await diary.state()
        await notifications.has_seen(events)
    assert not await notifications.dead()


async def test_a_dead_letter_keeps_no_text_of_an_error(diary: Publisher, notifications: Listener) -> None:
    """An error's text may quote a name; its class and place are enough."""

    async def fail(_tx: Transaction, _event: Any, _meta: EventMeta) -> None:
        raise ValueError("Иванова Анна")

    async with relay_of(diary), notifications.consumer({MarkSet: fail}):
        await diary.state()

        async def it_is_dead() -> bool:
            return bool(await notifications.dead())

        await eventually(it_is_dead)
    (reason,) = (await notifications.dead()).values()
    assert reason.startswith("ValueError at test_consumer.py:")
    assert "Иванова" not in reason


async def test_an_event_of_another_region_has_no_effect(
    notifications: Listener, nats: OwnNats, database_url: DatabaseUrl
) -> None:
    """A31: even if a foreign event found its way into the stream."""
    url = await database_url("kit", prepare)
    async with (
        publisher(url, nats.url("diary"), region="50") as foreign,
        relay_of(foreign),
        notifications.consumer(),
    ):
        (event,) = await foreign.state()

        async def it_is_refused() -> bool:
            return await notifications.dead() == {str(event): "FOREIGN_REGION"}

        await eventually(it_is_refused)
    assert not await notifications.counted()


async def test_what_is_no_event_is_put_aside(diary: Publisher, notifications: Listener) -> None:
    """No headers, or a payload that cannot be read: neither stops the consumer."""
    async with relay_of(diary), notifications.consumer():
        await notifications.has_seen(await diary.state())
        jetstream = diary.bus.jetstream
        await jetstream.publish("school.diary.v1.MarkSet", b"no headers")
        meta = EventMeta(
            new_id(), "school.diary.v1.MarkSet", "/regions/77/diary", datetime.now(UTC), str(new_id()), 1
        )
        await jetstream.publish(meta.type, b"\xff\xff", headers=envelope.write(meta))
        await notifications.has_seen(await diary.state())

        async def the_unreadable_is_dead() -> bool:
            return await notifications.dead() == {str(meta.event_id): "UNREADABLE"}

        await eventually(the_unreadable_is_dead)


async def test_an_event_that_is_twice_in_one_batch_has_one_effect(
    diary: Publisher, notifications: Listener
) -> None:
    """The broker knows a repetition by `Nats-Msg-Id` for minutes; after that both may arrive together."""
    async with relay_of(diary):
        await diary.state()
        await eventually(diary.everything_is_published)  # the stream is there
        meta = EventMeta(
            new_id(), "school.diary.v1.MarkSet", "/regions/77/diary", datetime.now(UTC), str(new_id()), 1
        )
        for known_to_the_broker_as in ("first", "again"):
            headers = envelope.write(meta) | {envelope.MSG_ID: known_to_the_broker_as}
            await diary.bus.jetstream.publish(meta.type, b"", headers=headers)
        async with notifications.consumer():
            await notifications.has_seen(await diary.state())
    assert (await notifications.counted())[str(meta.event_id)] == 1


async def test_an_event_whose_handling_was_cut_off_goes_to_the_next_consumer(
    diary: Publisher, notifications: Listener
) -> None:
    """An acknowledgement before the commit would lose it."""
    begun = asyncio.Event()

    async def hang(tx: Transaction, event: Any, meta: EventMeta) -> None:
        await count_effect(tx, event, meta)
        begun.set()
        await asyncio.Event().wait()

    async with relay_of(diary):
        async with notifications.consumer({MarkSet: hang}):
            events = await diary.state(3)
            await begun.wait()
        assert not await notifications.counted()
        async with notifications.consumer():
            await notifications.has_seen(events, within=5)


async def test_acknowledged_before_the_commit_it_would_be_lost(
    diary: Publisher, notifications: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calibration of the test above."""
    settle = Consumer._settle

    async def acknowledge_first(self: Consumer, deliveries: Sequence[Any]) -> None:
        for one in deliveries:
            await one.message.ack()
        await settle(self, deliveries)

    begun = asyncio.Event()

    async def hang(_tx: Transaction, _event: Any, _meta: EventMeta) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with relay_of(diary):
        with monkeypatch.context() as patch:
            patch.setattr(Consumer, "_settle", acknowledge_first)
            async with notifications.consumer({MarkSet: hang}):
                lost = await diary.state()
                await begun.wait()
        async with notifications.consumer():
            kept = await diary.state()
            await notifications.has_seen(kept, within=5)
    assert await notifications.counted() == {str(event): 1 for event in kept}
    assert lost


async def test_a_consumer_cut_off_between_commit_and_acknowledgement_repeats_nothing(
    diary: Publisher, notifications: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = asyncio.Event()

    async def hang(_message: Msg) -> None:
        committed.set()
        await asyncio.Event().wait()

    async with relay_of(diary):
        with monkeypatch.context() as patch:
            patch.setattr(Msg, "ack", hang)
            async with notifications.consumer():
                events = await diary.state(3)
                await committed.wait()
        async with notifications.consumer():
            events += await diary.state()
            await notifications.has_seen(events, within=5)

            async def all_are_acknowledged() -> bool:
                info = await notifications.bus.jetstream.consumer_info("DIARY", "listener-marks")
                return bool(info.num_ack_pending == 0)

            await eventually(all_are_acknowledged)
    assert await notifications.counted() == {str(event): 1 for event in events}


async def test_events_without_a_handler_are_not_delivered(diary: Publisher, notifications: Listener) -> None:
    async with relay_of(diary), notifications.consumer():
        await diary.state_event(HomeworkSet(text="§ 5"))
        events = await diary.state()
        await notifications.has_seen(events)
    async with notifications.database.read() as connection:
        assert list(await connection.scalars(select(inbox.c.event_id))) == events


async def test_a_database_that_is_away_costs_no_attempt(diary: Publisher, notifications: Listener) -> None:
    """The only attempt allowed is not used up by an outage."""
    await notifications.database.close()
    outage = asyncio.Event()
    go_on = asyncio.Event()

    async def cut_the_connection_once(tx: Transaction, event: Any, meta: EventMeta) -> None:
        if not outage.is_set():
            outage.set()
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        await go_on.wait()
        await count_effect(tx, event, meta)

    async with relay_of(diary), notifications.consumer({MarkSet: cut_the_connection_once}, attempts=1):
        events = await diary.state()
        await outage.wait()
        go_on.set()
        await notifications.has_seen(events)
    assert not await notifications.dead()


async def test_an_empty_stream_of_an_older_configuration_is_no_obstacle(
    diary: Publisher, notifications: Listener, nats: OwnNats
) -> None:
    """An operator, or an older release, made the stream with other limits."""
    async with publisher(str(diary.database._engine.url), nats.url()) as operator:
        await operator.bus.wait_connected()
        await operator.bus.jetstream.add_stream(
            StreamConfig(name="DIARY", subjects=["school.diary.v1.>"], max_bytes=1_000_000)
        )
    async with relay_of(diary), notifications.consumer():
        await notifications.has_seen(await diary.state())
        assert (await diary.bus.jetstream.stream_info("DIARY")).config.max_bytes == 512 * 1024**2
