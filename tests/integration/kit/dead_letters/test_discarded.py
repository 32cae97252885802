"""An event that can never be applied is put aside by somebody, for a reason, and can be brought back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from school.diary.v1.events_pb2 import MarkSet
from services.kit.dead_letters import storage
from services.kit.dead_letters.mending import NoLetter
from services.kit.ids import new_id
from services.kit.messaging import inbox
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import audit
from tests.integration.kit.dead_letters.conftest import CONSUMER, TRIED, Desk, refuse_twos, somebody_waits
from tests.support.miniature import REGION


async def test_a_discarded_letter_is_open_no_more(desk: Desk) -> None:
    event = await desk.bury()

    assert await desk.discard(event) == ["discarded 1"]

    assert await desk.shows() == (
        0,
        ["open none, discarded 1", "  school.diary.v1.MarkSet  open 0, discarded 1"],
    )
    _, lines = await desk.shows("--discarded")
    assert lines[-1].split()[1:3] == ["school.diary.v1.MarkSet", str(event)]
    assert await desk.redrive("--all") == (0, ["none"])
    assert await desk.redrive("--name", "MarkSet") == (0, ["none"])


async def test_who_discarded_it_and_why_is_in_the_audit(desk: Desk) -> None:
    event = await desk.bury()
    await desk.discard(event, by="Дежурный 2", why="the school is closed")
    await desk.discard(event, by="Somebody else", why="again")

    async with desk.database.read() as connection:
        entries = await connection.execute(
            select(audit.c.actor, audit.c.action, audit.c.object_id, audit.c.why)
        )
    assert [tuple(entry) for entry in entries] == [
        ("command", "discard_event", str(event), "Дежурный 2: the school is closed")
    ]


async def test_a_discarded_event_that_comes_again_has_no_effect(desk: Desk) -> None:
    """A wiped broker brings everything once more."""
    event = await desk.bury()
    await desk.discard(event)
    kind = MarkSet.DESCRIPTOR.full_name
    again = EventMeta(event, kind, f"/regions/{REGION}/diary", datetime.now(UTC), str(new_id()), 1)

    await desk.effects().apply([(again, b"")])

    assert not await desk.done()
    assert (await desk.shows())[1][0] == "open none, discarded 1"


async def test_a_discarded_letter_is_brought_back_by_driving_it_again(desk: Desk) -> None:
    event = await desk.bury()
    await desk.discard(event)

    assert (await desk.redrive("--event", str(event)))[1][-1] == "applied 1"

    assert await desk.done() == [(str(event), 1)]
    assert await desk.shows() == (0, ["none"])
    assert (await desk.redrive("--event", str(event)))[1][-1] == "closed 1"
    assert len(await desk.done()) == 1


async def test_a_discarded_letter_that_fails_again_stays_discarded(desk: Desk) -> None:
    event = await desk.bury(MarkSet(text="2"))
    await desk.discard(event)

    status, lines = await desk.redrive("--event", str(event), handlers={MarkSet: refuse_twos})

    assert (status, lines[-1]) == (1, "still failing 1")
    [letter] = await desk.letters()
    assert letter.discarded_at is not None
    assert letter.attempts == TRIED + 1
    assert (await desk.redrive("--event", str(event)))[1][-1] == "applied 1"


async def test_an_event_that_two_consumers_gave_up_is_discarded_for_both(desk: Desk) -> None:
    event = await desk.bury()
    await desk.bury(event_id=event, consumer="listener-other")

    assert await desk.discard(event) == ["discarded 2"]
    assert await desk.discard(event) == ["discarded already 2"]


async def test_what_is_no_dead_letter_is_not_discarded(desk: Desk) -> None:
    with pytest.raises(NoLetter):
        await desk.discard(new_id())


async def test_a_letter_that_is_just_being_discarded_is_waited_for_and_brought_back(desk: Desk) -> None:
    """Who drives it again does not take it for handled, and it is not lost between the two."""
    event = await desk.bury()
    async with desk.database.transaction() as tx:
        assert await inbox.exhume(tx, CONSUMER, event)
        await inbox.claim(tx, CONSUMER, [event])
        await storage.discard(tx, CONSUMER, event)
        redriven = asyncio.create_task(desk.redrive("--event", str(event)))
        await somebody_waits(desk)

    assert (await redriven)[1][-1] == "applied 1"
    assert await desk.done() == [(str(event), 1)]
    assert not await desk.letters()
