"""The relay: one of several leads, and what it believes of the stream is true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from nats.js.errors import APIError
from sqlalchemy import func, insert, select, text, update

from school.diary.v1.events_pb2 import MarkSet
from services.kit.ids import new_id
from services.kit.messaging import envelope, relay
from services.kit.messaging.bus import Bus
from services.kit.messaging.outbox import sweep
from services.kit.messaging.relay import Relay
from services.kit.messaging.streams import Stream
from services.kit.tables import inbox, outbox, requests
from tests.support.backbone import OwnNats
from tests.support.miniature import Publisher, publisher, relay_of
from tests.support.waiting import eventually


async def _end_session_of_the_leader(service: Publisher) -> None:
    async with service.database.transaction() as tx:
        await tx.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )


async def test_the_message_carries_the_event_as_cloudevents_say(diary: Publisher) -> None:
    async with relay_of(diary):
        event = await diary.state_event(MarkSet(text="4+"))
        await eventually(diary.everything_is_published)
        message = await diary.bus.jetstream.get_msg("DIARY", 1)
    headers = message.headers or {}
    meta = envelope.read(headers, "school.diary.v1.MarkSet")
    assert (meta.event_id, meta.source, meta.aggregate_version) == (event, "/regions/77/diary", 1)
    assert headers["Nats-Msg-Id"] == str(event)
    assert MarkSet.FromString(message.data or b"").text == "4+"


async def test_the_sequence_of_each_ack_is_stored(diary: Publisher) -> None:
    async with relay_of(diary):
        events = await diary.state(3)
        await eventually(diary.everything_is_published)
    async with diary.database.read() as connection:
        rows = (await connection.execute(select(outbox.c.id, outbox.c.stream_seq).order_by("id"))).all()
    assert [tuple(row) for row in rows] == list(zip(events, (1, 2, 3), strict=True))


async def test_of_two_relays_one_leads_and_the_other_takes_over(diary: Publisher) -> None:
    first, second = relay_of(diary), relay_of(diary)

    async def the_first_leads() -> bool:
        return first.leading

    async def the_second_leads() -> bool:
        return second.leading

    async with first:
        await eventually(the_first_leads)
        async with second:
            await diary.state(20)
            await eventually(diary.everything_is_published)
            assert not second.leading
            await first.__aexit__(None, None, None)
            await eventually(the_second_leads, within=3)
            await diary.state(20)
            await eventually(diary.everything_is_published)


async def test_a_relay_that_lost_its_lock_stops_and_one_of_the_two_goes_on(diary: Publisher) -> None:
    first, second = relay_of(diary), relay_of(diary)

    async def one_leads() -> bool:
        return first.leading != second.leading

    async with first, second:
        await eventually(one_leads)
        for _ in range(3):
            await _end_session_of_the_leader(diary)
            await diary.state(5)
            await eventually(diary.everything_is_published)
            assert not (first.leading and second.leading)


async def test_what_another_replica_commits_is_published_at_once(
    diary: Publisher, nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_POLL_S", 3600)
    leader = relay_of(diary)

    async def it_leads() -> bool:
        return leader.leading

    url = diary.database._engine.url.render_as_string(hide_password=False)
    async with leader, publisher(url, nats.url()) as replica:
        await eventually(it_leads)
        async with relay_of(replica) as follower:
            await eventually(diary.everything_is_published)
            await replica.state(5)
            await eventually(diary.everything_is_published, within=5)
            assert not follower.leading


async def test_another_message_at_the_highest_place_is_found_out(diary: Publisher) -> None:
    """The stream went back and was filled up again by somebody else, exactly as far as before."""
    async with relay_of(diary):
        await diary.state(3)
        await eventually(diary.everything_is_published)
    async with diary.database.transaction() as tx:
        strangers = [row.id for row in await tx.execute(select(outbox.c.id).order_by("id"))]
        await tx.execute(update(outbox).where(outbox.c.id == strangers[-1]).values(id=new_id()))
    async with relay_of(diary):

        async def the_fourth_place_is_taken() -> bool:
            return (await diary.bus.jetstream.stream_info("DIARY")).state.last_seq == 4

        await eventually(the_fourth_place_is_taken)
        await eventually(diary.everything_is_published)


async def test_nobody_empties_the_stream_by_mistake(diary: Publisher, nats: OwnNats) -> None:
    async with publisher(str(diary.database._engine.url), nats.url()) as operator, relay_of(diary):
        await diary.state()
        await eventually(diary.everything_is_published)
        await operator.bus.wait_connected()
        for erase in (
            operator.bus.jetstream.purge_stream("DIARY"),
            operator.bus.jetstream.delete_msg("DIARY", 1),
        ):
            with pytest.raises(APIError):
                await erase


async def test_events_wait_while_the_stream_is_full(diary: Publisher) -> None:
    small = Stream("DIARY", ("school.diary.v1.>",), max_bytes=4_000)
    async with Relay(diary.bus, diary.database, small):
        await diary.state(40)

        async def the_stream_is_full() -> bool:
            return 0 < await diary.unpublished() < 40

        await eventually(the_stream_is_full)
    async with relay_of(diary):  # the operator has given it more room
        await eventually(diary.everything_is_published)


async def test_a_service_may_publish_its_own_facts_only(nats: OwnNats) -> None:
    """The caller sees a timeout; why, only the error callback hears."""
    async with Bus(nats.url("gateway"), region="77", service="gateway") as stranger:
        await stranger.wait_connected()
        with pytest.raises(TimeoutError):
            await stranger.jetstream.publish("school.diary.v1.MarkSet", b"", timeout=0.5)
        text, _ = stranger._last_error
        assert 'permissions violation for publish to "school.diary.v1.markset"' in text.lower()


async def test_rows_are_kept_for_days_and_then_swept(diary: Publisher) -> None:
    keep = timedelta(days=7)
    async with diary.database.transaction() as tx:
        for table, column, days in (
            (outbox, outbox.c.published_at, (1, 8)),
            (inbox, inbox.c.handled_at, (8, 16)),
            (requests, requests.c.received_at, (1, 8)),
        ):
            for age in days:
                when = func.now() - timedelta(days=age)
                await tx.execute(insert(table).values({**_row(table.name, age), column.name: when}))
        kept_anyway = _row("outbox", 100) | {"stream_seq": None}
        await tx.execute(insert(outbox).values(**kept_anyway, published_at=func.now() - timedelta(days=100)))
        assert await sweep(tx.connection, keep) == 3
        assert await sweep(tx.connection, keep) == 0
        assert await tx.connection.scalar(select(func.count()).select_from(outbox)) == 2


def _row(table: str, number: int) -> dict[str, object]:
    """A row of a kit table, whose number makes it different from others."""
    if table == "inbox":
        return {"consumer": "c", "event_id": new_id()}
    if table == "requests":
        return {"method": "m", "actor": "a", "request_id": str(number), "fingerprint": b"", "reply": b""}
    return {
        "id": new_id(),
        "type": "school.diary.v1.MarkSet",
        "aggregate_id": new_id(),
        "aggregate_version": 1,
        "payload": b"",
        "occurred_at": func.now(),
        "stream_seq": number,
    }
