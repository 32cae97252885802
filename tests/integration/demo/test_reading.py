"""A loaded region as its people find it: identity tells, the diary learns, the week can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.load import load
from deploy.local.demo.world import World
from services.diary import tables as diary_tables
from services.diary.app import run
from services.diary.config import DiarySettings
from services.identity.keyring import new_keys
from services.kit.database import Database
from services.kit.messaging.bus import Bus
from services.kit.messaging.relay import Relay
from services.kit.rpc.channel import channel
from tests.integration.diary.calls import Calls, refused
from tests.support.backbone import Databases, own_nats
from tests.support.clock import MovableClock
from tests.support.keys import REGION, make_keys
from tests.support.waiting import eventually

TODAY = date(2026, 11, 23)
# In both zones the school day is in its middle.
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Open:
    """A region whose diary has heard everything that identity had to tell."""

    world: World
    calls: Calls


@pytest.fixture(scope="module")
async def region(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    folder = tmp_path_factory.mktemp("region")
    urls = {name: await databases.fresh(name) for name in ("identity", "diary")}
    (folder / "snils.json").write_text(new_keys())
    await load(urls, snils_keys=folder / "snils.json", people=folder / "people.json", now=NOW)
    keys, clock = make_keys(folder), MovableClock(NOW)
    world = build_world(DEFAULT_SEED, TODAY)
    async with AsyncExitStack() as stack:
        nats = await stack.enter_async_context(own_nats())
        identity = Database(urls["identity"], pool_size=2)
        stack.push_async_callback(identity.close)
        bus = await stack.enter_async_context(Bus(nats.url("identity"), region=REGION, service="identity"))
        await stack.enter_async_context(Relay(bus, identity))
        settings = DiarySettings(
            region=REGION, database_url=urls["diary"], nats_url=nats.url("diary"), jwks_file=keys.public
        )
        diary = await stack.enter_async_context(run(settings, clock=clock))
        connection = await stack.enter_async_context(channel(diary.address))

        async def everything_is_known() -> bool:
            async with diary.database.read() as reading:
                persons = await reading.scalar(select(func.count()).select_from(diary_tables.persons))
                relations = await reading.scalar(select(func.count()).select_from(diary_tables.relations))
            return persons == len(world.people) and relations == len(world.relations)

        await eventually(everything_is_known, within=60)
        yield Open(world, Calls(connection, keys, clock))
    for url in urls.values():
        await databases.drop(url)


async def test_parent_a_reads_the_week_of_her_child(region: Open) -> None:
    parent = region.calls.guardian(_person(region, "parent_a"))

    week = await parent.week(region.world.showcase.pupil_id, "2026-11-18")

    assert week.pupil.display_name == "Журавлёв Фёдор Андреевич"
    assert week.pupil.class_title == "7А"
    lessons = [lesson for day in week.days for lesson in day.lessons]
    assert len(lessons) > 30
    assert all(lesson.topic and lesson.teacher_name for lesson in lessons)
    assert sum(bool(lesson.homework) for lesson in lessons) > 10
    assert sum(len(lesson.marks) for lesson in lessons) > 8


async def test_parent_a_sees_both_children_and_their_schools(region: Open) -> None:
    pupils = await region.calls.guardian(_person(region, "parent_a")).pupils()

    assert [(pupil.display_name, pupil.class_title, pupil.school_title) for pupil in pupils] == [
        ("Журавлёв Фёдор Андреевич", "7А", "Гимназия № 4"),
        ("Журавлёва Варвара Андреевна", "3А", "Школа № 17"),
    ]


async def test_holidays_are_named(region: Open) -> None:
    week = await region.calls.guardian(_person(region, "parent_a")).week(
        region.world.showcase.pupil_id, "2026-10-28"
    )
    assert {day.holiday for day in week.days} == {"Осенние каникулы"}


async def test_another_parent_is_refused_the_week(region: Open) -> None:
    with refused("NOT_THEIR_PUPIL"):
        await region.calls.guardian(_person(region, "namesake_one")).week(region.world.showcase.pupil_id)


async def test_the_teacher_puts_a_mark_on_the_showcase(region: Open) -> None:
    teacher = region.calls.teacher(_person(region, "teacher"))
    showcase = region.world.showcase

    mark = await teacher.set_mark(showcase.lesson_id, showcase.pupil_id, "5")

    assert (mark.text, mark.version) == ("5", 1)


async def test_the_teacher_finds_her_lessons_and_a_full_journal(region: Open) -> None:
    teacher = region.calls.teacher(_person(region, "teacher"))

    lessons = (await teacher.lessons("2026-11-19")).lessons

    assert len(lessons) >= 2
    rows = (await teacher.lesson(lessons[0].lesson_id)).rows
    assert 18 <= len(rows) <= 26


def _person(region: Open, role: str) -> UUID:
    person_id = region.world.cast(role).person_id
    assert person_id is not None
    return person_id
