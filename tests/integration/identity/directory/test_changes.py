"""What has changed since a cursor: nothing is missed, nothing comes twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text

from school.identity.v1 import events_pb2, sessions_pb2
from school.identity.v1.directory_pb2 import (
    AccessChangeKind,
)
from services.identity.directory.rules import Cursor, read_cursor
from services.identity.directory.storage import access_changes
from services.kit.database import Transaction
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.integration.identity.directory.desk import Desk, Family
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason


async def state(tx: Transaction, relation_id: UUID) -> None:
    """A fact, of which only that it is listed matters here."""
    event = events_pb2.RelationEnded(
        relation_id=str(relation_id), guardian_id=str(relation_id), pupil_id=str(relation_id)
    )
    tx.publish(event, aggregate=relation_id, version=1)


async def test_facts_are_listed_with_those_they_concern(family: Family, here: Town, desk: Desk) -> None:
    cursor = await desk.end()
    event = events_pb2.RelationEnded(
        relation_id=str(family.relation_id),
        guardian_id=str(family.parent.person_id),
        pupil_id=str(family.pupil.person_id),
    )
    async with here.database.transaction() as tx:
        tx.publish(event, aggregate=family.relation_id, version=2)

    [change] = [one for one in await desk.all_since(cursor) if one.object_id == str(family.relation_id)]

    assert change.kind == AccessChangeKind.ACCESS_CHANGE_KIND_RELATION
    assert change.person_id == str(family.parent.person_id)
    assert change.pupil_id == str(family.pupil.person_id)


async def test_a_binding_and_an_ended_session_are_listed(here: Town, doors: Doors, desk: Desk) -> None:
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
    cursor = await desk.end()
    await doors.enter(citizen)
    signed_in = await doors.enter(citizen)
    await doors.sessions.EndSession(
        sessions_pb2.EndSessionRequest(), timeout=DEADLINE, metadata=bearer(signed_in.session)
    )

    told = [one.kind for one in await desk.all_since(cursor) if one.person_id == str(person.person_id)]

    assert told[0] == AccessChangeKind.ACCESS_CHANGE_KIND_BINDING
    assert AccessChangeKind.ACCESS_CHANGE_KIND_SESSION in told


async def test_messages_to_people_are_no_changes(here: Town, desk: Desk) -> None:
    cursor, message = await desk.end(), new_id()
    async with here.database.transaction() as tx:
        tx.publish(events_pb2.MessageWithdrawn(message_id=str(message)), aggregate=message, version=1)
    assert str(message) not in [one.object_id for one in await desk.all_since(cursor)]


async def test_what_commits_late_is_not_missed(here: Town, desk: Desk) -> None:
    """The slow one wrote first; the quick one committed first, and a reader came in between."""
    cursor, slow, quick = await desk.end(), new_id(), new_id()
    async with here.database.transaction() as held:
        await state(held, slow)
        await held.flush()
        held._events.clear()  # written already
        async with here.database.transaction() as tx:
            await state(tx, quick)
        between = await desk.changes(cursor)
        # Neither: the quick one would be behind the reader once the slow one commits.
        assert {one.object_id for one in between.changes}.isdisjoint({str(slow), str(quick)})
    after = [one.object_id for one in await desk.all_since(between.next_cursor)]
    assert [one for one in after if one in {str(slow), str(quick)}] == [str(slow), str(quick)]


async def test_what_is_rolled_back_is_never_listed(here: Town, desk: Desk) -> None:
    cursor, gone = await desk.end(), new_id()

    async def fail() -> None:
        async with here.database.transaction() as tx:
            await state(tx, gone)
            await tx.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert str(gone) not in [one.object_id for one in await desk.all_since(cursor)]


async def test_many_writers_and_a_reader_at_once_lose_nothing_and_repeat_nothing(
    here: Town, desk: Desk
) -> None:
    cursor, written = await desk.end(), [new_id() for _ in range(120)]
    done = asyncio.Event()

    async def write(mine: list[UUID]) -> None:
        for one in mine:
            async with here.database.transaction() as tx:
                await state(tx, one)
                await tx.flush()
                tx._events.clear()
                await asyncio.sleep(0.002 * (one.int % 7))

    async def read() -> list[str]:
        found: list[str] = []
        where = cursor
        while True:
            last_round = done.is_set()
            page = await desk.changes(where, 5)
            found += [one.object_id for one in page.changes]
            where = page.next_cursor
            if last_round and not page.more:
                return found

    async def write_all() -> None:
        await asyncio.gather(*(write(written[start::4]) for start in range(4)))
        done.set()

    found, _ = await asyncio.gather(read(), write_all())
    ours = {str(one) for one in written}
    assert sorted(one for one in found if one in ours) == sorted(ours)


async def test_pages_of_one_transaction_have_cursors_of_their_own(here: Town, desk: Desk) -> None:
    cursor, written = await desk.end(), [new_id() for _ in range(7)]
    async with here.database.transaction() as tx:
        for one in written:
            await state(tx, one)
    found = [one.object_id for one in await desk.all_since(cursor, size=2)]
    assert [one for one in found if UUID(one) in written] == [str(one) for one in written]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "=", "é", Cursor().text + "A", Cursor(2**63).text])
async def test_a_cursor_that_is_none_is_refused(desk: Desk, cursor: str) -> None:
    assert await reason(desk.changes(cursor)) == "BAD_CURSOR"


async def test_a_cursor_older_than_what_is_kept_is_refused(desk: Desk, clock: MovableClock) -> None:
    cursor = await desk.end()
    clock.move(seconds=timedelta(days=6, hours=23).total_seconds())
    assert (await desk.changes(cursor)).next_cursor
    clock.move(seconds=timedelta(hours=2).total_seconds())
    assert await reason(desk.changes(cursor)) == "CURSOR_TOO_OLD"
    assert await desk.end()


async def test_the_order_of_what_the_outbox_has_forgotten_is_forgotten(
    here: Town, clock: MovableClock
) -> None:
    kept, gone = new_id(), new_id()
    async with here.database.transaction() as tx:
        await state(tx, kept)
        await state(tx, gone)
    async with here.database.transaction() as tx:
        ids = {
            row.aggregate_id: row.id
            for row in await tx.execute(
                select(outbox.c.id, outbox.c.aggregate_id).where(outbox.c.aggregate_id.in_([kept, gone]))
            )
        }
        await tx.execute(delete(outbox).where(outbox.c.id == ids[gone]))
    clock.move(seconds=timedelta(days=8).total_seconds())
    await here.sweep()
    left = {row.event_id for row in await here.rows(access_changes)}
    assert ids[kept] in left
    assert ids[gone] not in left


def test_a_cursor_is_read_as_it_was_written() -> None:
    at = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
    cursor = Cursor(2**62, uuid4(), at)
    assert read_cursor(cursor.text) == cursor


async def test_the_directory_is_asked_by_an_index(here: Town) -> None:
    """Changes are read in their order; no sort of a week's facts for each page."""
    async with here.database.read() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        plan = await connection.execute(
            text(
                "EXPLAIN SELECT * FROM access_changes WHERE (transaction, event_id) > (1, gen_random_uuid())"
                " ORDER BY transaction, event_id LIMIT 50"
            )
        )
        lines = "\n".join(row[0] for row in plan)
        await connection.execute(text("RESET enable_seqscan"))
    assert "Index" in lines
    assert "Sort" not in lines
