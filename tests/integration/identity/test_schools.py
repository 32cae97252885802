"""What the diary tells of schools and classes becomes identity's copy, in whatever order it comes."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from google.protobuf.message import Message
from sqlalchemy import select

from school.diary.v1.events_pb2 import ClassDescribed, ClassMembershipSet, SchoolDescribed
from services.identity.app import _SCHOOLS
from services.identity.schools import storage
from services.identity.schools.events import HANDLERS
from services.identity.schools.rules import UnknownSchool
from services.identity.schools.usecases import Schools
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.messaging.bus import Bus
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Effects, Hearing
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.relay import Relay
from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.keys import REGION
from tests.support.miniature import prepare
from tests.support.waiting import eventually

TODAY = date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one class with one pupil."""

    school_id: UUID
    class_id: UUID
    membership_id: UUID
    pupil_id: UUID
    teacher_id: UUID

    def school(self, title: str = "Школа № 12", version: int = 1) -> SchoolDescribed:
        return SchoolDescribed(
            school_id=str(self.school_id), title=title, zone="Asia/Kamchatka", version=version
        )

    def described(self, teacher: UUID | None, version: int = 1) -> ClassDescribed:
        return ClassDescribed(
            class_id=str(self.class_id),
            school_id=str(self.school_id),
            title="7Б",
            grade=7,
            homeroom_teacher_id=str(teacher or ""),
            version=version,
        )

    def membership(self, until: str = "", version: int = 1) -> ClassMembershipSet:
        return ClassMembershipSet(
            membership_id=str(self.membership_id),
            class_id=str(self.class_id),
            school_id=str(self.school_id),
            pupil_id=str(self.pupil_id),
            valid_from="2026-09-01",
            valid_until=until,
            version=version,
        )


@pytest.fixture
def facts() -> Facts:
    return Facts(new_id(), new_id(), new_id(), new_id(), new_id())


@pytest.fixture
async def database(database_url: DatabaseUrl) -> AsyncIterator[Database]:
    async with Database(await database_url("identity")) as opened:
        yield opened


async def hear(database: Database, *facts: Message) -> None:
    """Handle facts in this order, each as an event of its own."""
    for fact in facts:
        meta = EventMeta(new_id(), fact.DESCRIPTOR.full_name, "/regions/77/diary", datetime.now(UTC), "", 1)
        async with database.transaction() as tx:
            await HANDLERS[type(fact)](tx, fact, meta)


async def test_a_pupil_is_found_in_the_class_of_a_homeroom_teacher(database: Database, facts: Facts) -> None:
    """R29: the class of a teacher, and who studies in it."""
    await hear(database, facts.school(), facts.described(facts.teacher_id), facts.membership())

    async with database.read() as connection:
        [own] = await storage.classes_of_homeroom_teacher(
            connection, facts.school_id, facts.teacher_id, today=TODAY
        )
        assert own.id == facts.class_id
        assert await storage.members(connection, own.id, today=TODAY) == [facts.pupil_id]
        places = await storage.classes_of_pupils(connection, facts.school_id, [facts.pupil_id], today=TODAY)
        assert [place.title for place in places[facts.pupil_id]] == ["7Б"]
        school = await storage.school(connection, facts.school_id)
        assert school is not None
        assert school.zone.key == "Asia/Kamchatka"


async def test_facts_in_any_order_lead_to_the_newest(database: Database) -> None:
    """A28: told late or twice, an older fact never replaces a newer one."""
    told = Facts(new_id(), new_id(), new_id(), new_id(), new_id())
    history = (
        told.described(told.teacher_id),
        told.described(None, version=2),
        told.membership(),
        told.membership(until="2026-10-31", version=2),
    )
    for order in itertools.permutations(history):
        await hear(database, *order, *order)
        async with database.read() as connection:
            row = (await connection.execute(select(storage.classes))).one()
            member = (await connection.execute(select(storage.memberships))).one()
        assert (row.homeroom_teacher_id, row.version) == (None, 2)
        assert (member.valid_until, member.version) == (date(2026, 10, 31), 2)


async def lose(database: Database, kind: type[Message], aggregate: UUID, *, version: int) -> None:
    """An event of this kind becomes a dead letter of the service."""
    meta = EventMeta(
        new_id(),
        kind.DESCRIPTOR.full_name,
        f"/regions/{REGION}/diary",
        datetime.now(UTC),
        str(aggregate),
        version,
    )
    await Effects(database, REGION, _SCHOOLS).bury(meta, b"", 1, ValueError())


async def issues_for(database: Database, facts: Facts) -> list[UUID]:
    """The pupils of the teacher's own classes."""
    async with database.read() as connection:
        own = await storage.classes_of_homeroom_teacher(
            connection, facts.school_id, facts.teacher_id, today=TODAY
        )
        return [one for each in own for one in await storage.members(connection, each.id, today=TODAY)]


@pytest.mark.parametrize("known_before", [True, False])
async def test_a_teacher_loses_a_class_of_which_the_last_word_cannot_be_read(
    database: Database, facts: Facts, known_before: bool
) -> None:
    """R29, I5: it may have said who is homeroom teacher now; the same version, or a newer one, mends it."""
    class_id, first = facts.class_id, facts.described(facts.teacher_id)
    await hear(database, facts.school(), facts.membership(), *([first] if known_before else []))
    await lose(database, ClassDescribed, class_id, version=2)
    assert await issues_for(database, facts) == []
    async with database.read() as connection:
        shown = await storage.classes_of_school(connection, facts.school_id, today=TODAY)
        places = await storage.classes_of_pupils(connection, facts.school_id, [facts.pupil_id], today=TODAY)
    assert [each.id for each in shown] == ([class_id] if known_before else [])
    assert list(places) == ([facts.pupil_id] if known_before else [])

    await hear(database, first)
    assert await issues_for(database, facts) == []

    await hear(database, facts.described(facts.teacher_id, version=2))
    assert await issues_for(database, facts) == [facts.pupil_id]


@pytest.mark.parametrize("known_before", [True, False])
async def test_a_teacher_loses_a_pupil_of_whom_the_last_word_cannot_be_read(
    database: Database, facts: Facts, known_before: bool
) -> None:
    """R29, I5: it may have said that the pupil has left the class."""
    first = facts.membership()
    described = facts.described(facts.teacher_id)
    await hear(database, facts.school(), described, *([first] if known_before else []))
    await lose(database, ClassMembershipSet, facts.membership_id, version=2)
    assert await issues_for(database, facts) == []

    await hear(database, first)
    assert await issues_for(database, facts) == []

    await hear(database, facts.membership(version=2))
    assert await issues_for(database, facts) == [facts.pupil_id]


async def test_an_old_word_that_cannot_be_read_takes_nothing_away(database: Database, facts: Facts) -> None:
    await hear(
        database, facts.school(), facts.described(facts.teacher_id, version=3), facts.membership(version=3)
    )
    await lose(database, ClassDescribed, facts.class_id, version=2)
    await lose(database, ClassMembershipSet, facts.membership_id, version=2)

    assert await issues_for(database, facts) == [facts.pupil_id]


async def test_a_class_without_pupils_today_is_nobodys(database: Database, facts: Facts) -> None:
    """The classes of past years rest, and their teachers' right to issue for them with them."""
    left = facts.membership(until="2026-11-22")
    await hear(database, facts.school(), facts.described(facts.teacher_id), left)

    async with database.read() as connection:
        assert not await storage.classes_of_school(connection, facts.school_id, today=TODAY)
        assert not await storage.classes_of_homeroom_teacher(
            connection, facts.school_id, facts.teacher_id, today=TODAY
        )


async def school(database: Database, title: str) -> UUID:
    """A school that the diary has told of."""
    school_id = new_id()
    await hear(database, Facts(school_id, *(new_id() for _ in range(4))).school(title))
    return school_id


@pytest.mark.parametrize(
    "query", ["берёзки", "БЕРЕЗКИ гимназия", "«березки»  № 4", "мназ", "Гимназия № 4 «Берёзки»"]
)
async def test_a_school_is_found_by_words_of_its_title(database: Database, query: str) -> None:
    wanted = await school(database, "Гимназия № 4 «Берёзки»")
    await school(database, "Школа № 17")

    found, more = await Schools(database).search(query)

    assert [each.id for each in found] == [wanted]
    assert not more


@pytest.mark.parametrize("query", ["%", "_", "\\", "школа гимназия", "'; DROP TABLE schools; --"])
async def test_what_means_something_to_sql_means_itself(database: Database, query: str) -> None:
    await school(database, "Школа № 17")

    assert await Schools(database).search(query) == ([], False)


async def test_at_most_twenty_schools_are_told_and_that_there_are_more(database: Database) -> None:
    for number in range(21):
        await school(database, f"Школа № {number:02}")

    found, more = await Schools(database).search("")

    assert [each.title for each in found] == [f"Школа № {number:02}" for number in range(20)]
    assert more
    _, more = await Schools(database).search("школа 1")
    assert not more


async def test_a_school_nobody_told_of_is_unknown(database: Database) -> None:
    known = await school(database, "Школа № 17")

    assert (await Schools(database).get(known)).title == "Школа № 17"
    with pytest.raises(UnknownSchool):
        await Schools(database).get(new_id())


async def test_what_the_diary_tells_arrives(
    database: Database, database_url: DatabaseUrl, nats: OwnNats, facts: Facts
) -> None:
    """With the rights that both have in a region."""
    async with (
        Database(await database_url("kit", prepare)) as diary,
        Bus(nats.url("diary"), region=REGION, service="diary") as told,
        Relay(told, diary),
        Bus(nats.url("identity"), region=REGION, service="identity") as heard,
        Consumer(heard, database, Hearing("DIARY", "identity-schools", HANDLERS)),
    ):
        async with diary.transaction() as tx:
            for fact in (facts.school(), facts.described(facts.teacher_id), facts.membership()):
                tx.publish(fact, aggregate=new_id(), version=1)

        async def known() -> bool:
            async with database.read() as connection:
                return bool(await storage.members(connection, facts.class_id, today=TODAY))

        await eventually(known)
