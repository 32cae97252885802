"""What could not be told is told once its cause is mended, by an operator beside the running service."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from school.diary.v1.events_pb2 import MarkSet
from services.kit.dead_letters import commands
from services.kit.ids import new_id
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import dead_letters
from services.notifications.access.storage import copies
from services.notifications.app import effects_of, run
from tests.conftest import DatabaseUrl
from tests.integration.notifications.town import Mark, Town, words
from tests.support.completeness import complete_for_ever
from tests.support.keys import REGION
from tests.support.waiting import eventually


async def redrive(town: Town) -> int:
    """``dead-letters redrive --all`` with the settings of the running service; its exit status."""
    wish = commands.parse("notifications", ["redrive", "--all"])
    return await commands.redrive(
        town.settings.database_url, wish, lambda database: effects_of(town.settings, database)
    )


async def give_up(town: Town, pupil: UUID) -> None:
    """A mark could not be told of."""
    mark = new_id()
    told = MarkSet(
        mark_id=str(mark),
        school_id=str(new_id()),
        pupil_id=str(pupil),
        subject_title="Алгебра",
        lesson_date="2025-10-15",
        text="5",
        version=1,
    )
    told.set_at.FromDatetime(town.clock.now())
    meta = EventMeta(
        event_id=new_id(),
        type=MarkSet.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/diary",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(mark),
        aggregate_version=1,
    )
    [effects] = [
        one
        for one in effects_of(town.settings, town.notifications.database)
        if one.durable == "notifications-inbox"
    ]
    await effects.bury(meta, told.SerializeToString(), 8, ValueError())


async def test_a_mark_that_could_not_be_told_is_told_once_the_cause_is_mended(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil, [parent] = await town.family()

    async def broken(*_: object, **__: object) -> None:
        raise ValueError

    for consumer in town.notifications.consumers:
        consumer._attempts = 1
    with monkeypatch.context() as release:
        release.setattr("services.notifications.inbox.events.tell_of_mark", broken)
        await town.set_mark(Mark(pupil), "5")
        await town.settled()
    assert not (await town.inbox(parent)).notices

    assert await redrive(town) == 0
    assert words((await town.inbox(parent)).notices) == [("SET", "", "5")]
    assert words((await town.inbox(pupil)).notices) == [("SET", "", "5")]
    assert await redrive(town) == 0
    assert len((await town.inbox(parent)).notices) == 1


async def test_nobody_is_told_by_a_copy_that_may_be_out_of_date(town: Town) -> None:
    """A30: the letter waits like any event, and that is no attempt that failed."""
    pupil, [parent] = await town.family()
    await give_up(town, pupil)
    database = town.notifications.database
    async with database.transaction() as tx:
        await tx.execute(update(copies).values(complete_as_of=func.make_timestamptz(2025, 1, 1, 0, 0, 0)))

    assert await redrive(town) == 1
    async with database.read() as connection:
        assert list(await connection.scalars(select(dead_letters.c.attempts))) == [8]

    async with database.transaction() as tx:
        await tx.execute(copies.delete())
    await complete_for_ever(town.settings.database_url)
    assert await redrive(town) == 0
    assert words((await town.inbox(parent)).notices) == [("SET", "", "5")]


async def test_a_replica_that_starts_says_that_letters_wait(town: Town) -> None:
    await give_up(town, new_id())
    with capture_logs() as lines:

        async def it_is_said() -> bool:
            return any(line["event"] == "dead_letters_open" and line["count"] == 1 for line in lines)

        async with run(town.settings, clock=town.clock):
            await eventually(it_is_said)


async def test_looking_needs_the_database_alone(database_url: DatabaseUrl) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.notifications", "dead-letters"),
        env={"MESH_DATABASE_URL": await database_url("notifications"), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    assert (process.returncode, said) == (0, b"none\n")
