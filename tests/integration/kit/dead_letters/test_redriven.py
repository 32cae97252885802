"""Letters that are driven again: each has its effect once, in order, and what is said of it is true."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from school.diary.v1.events_pb2 import HomeworkSet, MarkRemoved, MarkSet
from services.kit.database import Transaction
from services.kit.dead_letters.mending import NoLetter
from services.kit.errors import Unavailable
from services.kit.ids import new_id
from services.kit.messaging import inbox
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import uuid_of
from services.kit.tables import audit
from tests.integration.kit.dead_letters.conftest import CONSUMER, TRIED, Desk, refuse_twos, somebody_waits
from tests.support.miniature import COUNTING, REGION, Listener, Publisher, count_effect, relay_of
from tests.support.waiting import eventually


def meta_of(event_id: UUID) -> EventMeta:
    """The event as the stream brings it once more."""
    kind = MarkSet.DESCRIPTOR.full_name
    return EventMeta(event_id, kind, f"/regions/{REGION}/diary", datetime.now(UTC), str(new_id()), 1)


class Held:
    """An effect that waits for the test in the middle of its transaction."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def effect(self, tx: Transaction, event: Any, meta: EventMeta) -> None:
        await count_effect(tx, event, meta)
        self.begun.set()
        await self.go.wait()


async def test_a_letter_is_applied_once_its_cause_is_mended(desk: Desk) -> None:
    event = await desk.bury()

    assert await desk.redrive("--all") == (
        0,
        [f"applied  school.diary.v1.MarkSet  {event}  {CONSUMER}", "applied 1"],
    )
    assert await desk.done() == [(str(event), 1)]
    assert await desk.shows() == (0, ["none"])


async def test_who_drove_it_again_is_in_the_audit(desk: Desk) -> None:
    event = await desk.bury()
    await desk.redrive("--all")

    async with desk.database.read() as connection:
        entries = await connection.execute(select(audit.c.actor, audit.c.action, audit.c.object_id))
    assert [tuple(entry) for entry in entries] == [("command", "redrive_event", str(event))]


async def test_a_letter_that_fails_again_stays_with_its_new_reason(desk: Desk) -> None:
    bad, good = await desk.bury(MarkSet(text="2"), error=ValueError()), await desk.bury()
    [died] = [letter.died_at for letter in await desk.letters() if letter.event_id == bad]

    status, lines = await desk.redrive("--all", handlers={MarkSet: refuse_twos})

    assert status == 1
    assert sorted(lines) == [
        f"applied  school.diary.v1.MarkSet  {good}  {CONSUMER}",
        "applied 1, still failing 1",
        f"still failing  school.diary.v1.MarkSet  {bad}  {CONSUMER}  NOT_YET",
    ]
    [letter] = await desk.letters()
    assert (letter.event_id, letter.reason, letter.attempts) == (bad, "NOT_YET", TRIED + 1)
    assert letter.died_at == died
    assert await desk.done() == [(str(good), 1)]


async def test_letters_of_one_thing_are_applied_in_the_order_of_its_versions(desk: Desk) -> None:
    """Whatever the order in which they died, and however often a page of them is read."""
    one, other = new_id(), new_id()
    for version in (3, 10, 1, 2):
        await desk.bury(aggregate=one, version=version)
    await desk.bury(aggregate=other, version=5)
    await desk.bury(MarkRemoved(), aggregate=other, version=4)

    await desk.redrive("--all")

    assert [version for _, version in await desk.done()] == [1, 2, 3, 10, 4, 5]


async def test_more_letters_than_a_page_has_are_all_driven_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when some stay where they are."""
    monkeypatch.setattr("services.kit.dead_letters.mending._PAGE", 2)
    for _ in range(3):
        await desk.bury(MarkSet(text="2"))
        await desk.bury()

    status, lines = await desk.redrive("--all", handlers={MarkSet: refuse_twos})

    assert (status, lines[-1]) == (1, "applied 3, still failing 3")


async def test_one_event_or_one_kind_is_driven_again_alone(desk: Desk) -> None:
    first, second, third = await desk.bury(), await desk.bury(MarkRemoved()), await desk.bury(MarkRemoved())

    assert (await desk.redrive("--event", str(third)))[0] == 0
    assert [event for event, _ in await desk.done()] == [str(third)]
    assert (await desk.redrive("--name", "MarkRemoved"))[0] == 0
    assert [event for event, _ in await desk.done()] == [str(third), str(second)]
    assert [letter.event_id for letter in await desk.letters()] == [first]


async def test_what_nobody_knows_is_not_driven_again(desk: Desk) -> None:
    await desk.bury()
    for typed in (["--event", str(new_id())], ["--name", "MarkSett"]):
        with pytest.raises(NoLetter):
            await desk.redrive(*typed)
    assert await desk.redrive("--name", "MarkRemoved") == (0, ["none"])


async def test_an_event_that_was_driven_again_already_is_said_to_be_closed(desk: Desk) -> None:
    event = await desk.bury()
    await desk.redrive("--event", str(event))

    assert await desk.redrive("--event", str(event)) == (0, [f"closed  {event}", "closed 1"])
    assert len(await desk.done()) == 1


async def test_a_letter_of_a_consumer_that_is_no_more_stays(desk: Desk) -> None:
    event = await desk.bury(consumer="listener-of-old")

    status, lines = await desk.redrive("--all")

    assert status == 1
    assert lines[0].endswith(f"{event}  listener-of-old  UNKNOWN_CONSUMER")


async def test_a_letter_that_was_applied_meanwhile_is_just_closed(desk: Desk) -> None:
    event = await desk.bury()
    async with desk.database.transaction() as tx:
        await inbox.claim(tx, CONSUMER, [event])

    assert (await desk.redrive("--all"))[1][-1] == "closed 1"
    assert not await desk.done()
    assert not await desk.letters()


async def test_an_event_that_arrives_while_it_is_driven_again_has_one_effect(desk: Desk) -> None:
    event, held = await desk.bury(), Held()
    redriven = asyncio.create_task(desk.redrive("--all", handlers={MarkSet: held.effect}))
    await held.begun.wait()
    arrived = asyncio.create_task(desk.effects().apply([(meta_of(event), b"")]))
    await somebody_waits(desk)
    held.go.set()
    await arrived

    assert (await redriven)[1][-1] == "applied 1"
    assert await desk.done() == [(str(event), 1)]
    assert not await desk.letters()


async def test_a_letter_that_is_driven_again_while_its_event_arrives_has_one_effect(desk: Desk) -> None:
    """And neither waits for the other for ever."""
    event, held = await desk.bury(), Held()
    arrived = asyncio.create_task(desk.effects({MarkSet: held.effect}).apply([(meta_of(event), b"")]))
    await held.begun.wait()
    redriven = asyncio.create_task(desk.redrive("--all"))
    await somebody_waits(desk)
    held.go.set()
    await arrived

    assert (await redriven)[1][-1] == "closed 1"
    assert await desk.done() == [(str(event), 1)]
    assert not await desk.letters()


async def test_an_event_that_another_replica_applies_just_then_does_not_become_a_letter(desk: Desk) -> None:
    event, held = new_id(), Held()
    arrived = asyncio.create_task(desk.effects({MarkSet: held.effect}).apply([(meta_of(event), b"")]))
    await held.begun.wait()
    buried = asyncio.create_task(desk.bury(event_id=event))
    await somebody_waits(desk)
    held.go.set()
    await asyncio.gather(arrived, buried)

    assert not await desk.letters()


async def test_two_who_drive_all_again_at_once_do_nothing_twice(desk: Desk) -> None:
    events = [await desk.bury(aggregate=new_id()) for _ in range(20)]

    (one, _), (other, _) = await asyncio.gather(desk.redrive("--all"), desk.redrive("--all"))

    assert (one, other) == (0, 0)
    assert sorted(event for event, _ in await desk.done()) == sorted(map(str, events))
    assert not await desk.letters()


async def test_a_letter_that_somebody_drives_again_just_now_is_waited_for(desk: Desk) -> None:
    """What the second says of it is what became of it, not that somebody is at it."""
    event, held = await desk.bury(), Held()
    first = asyncio.create_task(desk.effects({MarkSet: held.effect}).redrive(event, by="test"))
    await held.begun.wait()
    second = asyncio.create_task(desk.redrive("--all"))
    await somebody_waits(desk)
    held.go.set()

    assert (await first)[0] == "applied"
    assert (await second)[1][-1] == "closed 1"


async def test_a_moment_without_the_database_is_nobodys_failed_attempt(desk: Desk) -> None:
    await desk.bury()
    away = [Unavailable()]

    async def once_away(tx: Transaction, event: Any, meta: EventMeta) -> None:
        if away:
            raise away.pop()
        await count_effect(tx, event, meta)

    assert (await desk.redrive("--all", handlers={MarkSet: once_away}))[1][-1] == "applied 1"


async def test_what_a_letter_may_have_taken_away_is_taken_back_at_each_failure(desk: Desk) -> None:
    """A letter may be older than the release that knows what it means for the copy."""
    event = await desk.bury()
    told: list[UUID] = []

    async def on_dead(_tx: Transaction, meta: EventMeta) -> None:
        told.append(meta.event_id)

    effects = desk.effects({HomeworkSet: count_effect}, on_dead=on_dead)
    assert await effects.redrive(event, by="test") == ("still failing", "UNKNOWN_TYPE")
    assert told == [event]


async def test_what_another_region_says_takes_nothing_away_here(desk: Desk) -> None:
    """A31: nobody else's event shuts out our guardians."""
    told: list[UUID] = []

    async def on_dead(_tx: Transaction, meta: EventMeta) -> None:
        told.append(meta.event_id)

    kind = MarkSet.DESCRIPTOR.full_name
    foreign = EventMeta(new_id(), kind, "/regions/50/diary", datetime.now(UTC), str(new_id()), 1)
    await desk.effects(on_dead=on_dead).bury(foreign, b"", 1, ValueError())

    assert [letter.event_id for letter in await desk.letters()] == [foreign.event_id]
    assert not told


async def test_letters_are_driven_again_beside_the_running_consumer(
    diary: Publisher, notifications: Listener, desk: Desk
) -> None:
    """With real events from a real stream, which go on meanwhile."""
    desk.url = notifications.database._engine.url.render_as_string(hide_password=False)
    desk.database = notifications.database
    async with relay_of(diary), notifications.consumer({MarkSet: refuse_twos}, attempts=1):
        dead = [await diary.state_event(MarkSet(text="2")) for _ in range(5)]

        async def all_are_dead() -> bool:
            return len(await notifications.dead()) == len(dead)

        await eventually(all_are_dead)
        good, (status, lines) = await asyncio.gather(
            diary.state(20), desk.redrive("--all", handlers=COUNTING)
        )
        await notifications.has_seen(good)
    assert (status, lines[-1]) == (0, "applied 5")
    assert await notifications.counted() == {str(event): 1 for event in (*dead, *good)}


async def test_an_event_about_what_is_no_id_is_buried_all_the_same(desk: Desk) -> None:
    """Else it would come again for ever, and nothing behind it would be handled."""

    async def on_dead(_tx: Transaction, meta: EventMeta) -> None:
        uuid_of(meta.aggregate_id, "relation_id")

    meta = replace(meta_of(new_id()), aggregate_id="somebody")
    await desk.effects(on_dead=on_dead).bury(meta, b"", TRIED, ValueError())

    assert [letter.event_id for letter in await desk.letters()] == [meta.event_id]
