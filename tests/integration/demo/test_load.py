"""The demo region in real databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.load import facts_of, load
from deploy.local.demo.neighbours import neighbours
from school.diary.v1 import events_pb2 as diary_events
from school.identity.v1 import events_pb2
from services.diary import tables as diary
from services.identity.accounts.storage import account_by_login
from services.identity.families.storage import relations
from services.identity.keyring import Keyring, new_keys
from services.identity.passwords import Passwords
from services.identity.people.rules import Snils
from services.identity.people.storage import people, snils_digests
from services.kit.database import Database
from services.kit.tables import audit, outbox
from tests.conftest import DatabaseUrl
from tests.support.backbone import Databases

TODAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


class Loaded:
    """A region's two databases and the files beside them."""

    def __init__(self, identity: str, diary: str, folder: Path) -> None:
        self.urls = {"identity": identity, "diary": diary}
        self.snils_keys = folder / "snils.json"
        self.snils_keys.write_text(new_keys())
        self.people = folder / "people.json"
        self.world = build_world(DEFAULT_SEED, TODAY)

    async def load(self, now: datetime = EVENING) -> dict[str, Any]:
        """Load, as the local region does."""
        return await load(self.urls, snils_keys=self.snils_keys, people=self.people, now=now)

    async def fetch(self, service: str, statement: Any) -> list[Any]:
        """Rows of a service's database."""
        async with Database(self.urls[service], pool_size=1) as database, database.read() as connection:
            return list(await connection.execute(statement))

    async def count(self, service: str, table: Table) -> int:
        """How many rows a table has."""
        [[count]] = await self.fetch(service, select(func.count()).select_from(table))
        return int(count)


@pytest.fixture
async def region(database_url: DatabaseUrl, tmp_path: Path) -> Loaded:
    """Two migrated, empty databases."""
    return Loaded(await database_url("identity"), await database_url("diary"), tmp_path)


@pytest.fixture(scope="module")
async def loaded(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Loaded]:
    """A loaded region for the tests that only read it."""
    folder = tmp_path_factory.mktemp("loaded")
    region = Loaded(await databases.fresh("identity"), await databases.fresh("diary"), folder)
    await region.load()
    yield region
    for url in region.urls.values():
        await databases.drop(url)


async def test_everything_of_the_world_lies_in_the_tables(loaded: Loaded) -> None:
    world = loaded.world
    assert await loaded.count("identity", people) == len(world.people)
    assert await loaded.count("identity", relations) == len(world.relations)
    assert await loaded.count("diary", diary.classes) == len(world.classes)
    assert await loaded.count("diary", diary.lessons) == len(world.lessons)
    assert await loaded.count("diary", diary.homework) == len(world.homework)
    assert await loaded.count("diary", diary.marks) == len(world.marks)
    assert await loaded.count("diary", diary.mark_versions) == len(world.marks)
    assert await loaded.count("diary", diary.remarks) == len(world.remarks)


async def test_persons_relations_and_classes_are_told_and_old_marks_are_not(loaded: Loaded) -> None:
    """Nothing is copied into the diary's own copy: it comes by the events that wait in the outbox."""
    types = await loaded.fetch("identity", select(outbox.c.type, func.count()).group_by(outbox.c.type))
    assert {row[0]: row[1] for row in types} == {
        "school.identity.v1.PersonRegistered": len(loaded.world.people),
        "school.identity.v1.RelationRegistered": len(loaded.world.relations),
    }
    types = await loaded.fetch("diary", select(outbox.c.type, func.count()).group_by(outbox.c.type))
    assert {row[0]: row[1] for row in types} == {
        "school.diary.v1.SchoolDescribed": len(loaded.world.schools) + len(list(neighbours(loaded.world))),
        "school.diary.v1.ClassDescribed": len(loaded.world.classes),
        "school.diary.v1.ClassMembershipSet": len(loaded.world.memberships),
    }
    assert await loaded.count("diary", diary.persons) == 0
    assert await loaded.count("diary", diary.relations) == 0


async def test_a_waiting_event_says_what_registering_would_have_said(loaded: Loaded) -> None:
    teacher = loaded.world.cast("teacher")
    [[payload]] = await loaded.fetch(
        "identity", select(outbox.c.payload).where(outbox.c.aggregate_id == teacher.person_id)
    )
    event = events_pb2.PersonRegistered.FromString(payload)
    assert event.display_name == "Белозёрова Марина Викторовна"
    assert event.version == 1


async def test_a_waiting_event_of_a_class_names_its_homeroom_teacher(loaded: Loaded) -> None:
    first = loaded.world.classes[0]
    [[payload]] = await loaded.fetch(
        "diary", select(outbox.c.payload).where(outbox.c.aggregate_id == first.id)
    )
    event = diary_events.ClassDescribed.FromString(payload)
    assert (event.title, event.homeroom_teacher_id) == (first.title, str(first.homeroom_teacher_id))


async def test_a_membership_is_told_by_the_id_of_its_row(loaded: Loaded) -> None:
    kind = "school.diary.v1.ClassMembershipSet"
    told = await loaded.fetch("diary", select(outbox.c.aggregate_id).where(outbox.c.type == kind))
    kept = await loaded.fetch("diary", select(diary.memberships.c.membership_id))
    assert {row[0] for row in told} == {row[0] for row in kept}


async def test_a_region_that_is_loaded_is_left_alone_also_on_a_later_day(region: Loaded) -> None:
    first = await region.load()
    marks = await region.count("diary", diary.marks)

    again = await region.load(LATER)

    assert again == first == facts_of(region.world)
    assert await region.count("diary", diary.marks) == marks
    assert await region.count("identity", people) == len(region.world.people)


async def test_a_load_that_ended_half_way_is_finished_on_the_day_it_began(
    region: Loaded, database_url: DatabaseUrl
) -> None:
    """Identity was filled, the diary was not: the missing half belongs to the same region."""
    await region.load()
    region.urls["diary"] = await database_url("diary")

    facts = await region.load(LATER)

    assert facts["today"] == TODAY.isoformat()
    assert await region.count("diary", diary.lessons) == len(region.world.lessons)


async def test_a_region_is_known_by_its_audit_entry(loaded: Loaded) -> None:
    for service in ("identity", "diary"):
        entries = await loaded.fetch(service, select(audit.c.action, audit.c.object_id))
        assert [tuple(entry) for entry in entries] == [("load_demo_region", f"{DEFAULT_SEED} 2026-11-23")]


async def test_a_snils_is_found_by_its_index_and_nowhere_in_clear(loaded: Loaded) -> None:
    keyring = Keyring.read(loaded.snils_keys)
    person = next(each for each in loaded.world.people if each.snils)
    assert person.snils is not None
    digests = snils_digests(keyring, Snils(person.snils))
    found = await loaded.fetch("identity", select(people.c.id).where(people.c.snils_index.in_(digests)))
    assert [row.id for row in found] == [person.id]
    [[box]] = await loaded.fetch("identity", select(people.c.snils_box).where(people.c.id == person.id))
    assert person.snils.encode() not in bytes(box)


async def test_the_password_of_parent_b_opens_her_account(region: Loaded) -> None:
    facts = await region.load()

    given = facts["credentials"]["parent_b_without_snils"]
    async with (
        Database(region.urls["identity"], pool_size=1) as database,
        database.read() as connection,
        Passwords() as passwords,
    ):
        account = await account_by_login(connection, given["login"])
        assert account is not None
        assert await passwords.verify(given["password"], account.password_hash)


async def test_in_the_morning_nothing_is_written_on_the_days_lessons(region: Loaded) -> None:
    await region.load(MORNING)

    [[latest]] = await region.fetch("diary", select(func.max(diary.marks.c.lesson_date)))
    assert latest == date(2026, 11, 21)
    [[latest]] = await region.fetch("diary", select(func.max(diary.homework.c.set_at)))
    assert latest < MORNING


async def test_the_cast_is_told_of_before_everybody_else(loaded: Loaded) -> None:
    """Who tries the region at once need not wait until thousands of others are known everywhere."""
    rows = await loaded.fetch("identity", select(outbox.c.aggregate_id).order_by(outbox.c.id).limit(150))
    first = {row.aggregate_id for row in rows}
    cast = {member.person_id for member in loaded.world.featured if member.person_id}
    assert cast <= first
    assert {each.id for each in loaded.world.relations if each.guardian_id in cast} <= first
