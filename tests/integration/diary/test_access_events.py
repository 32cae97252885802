"""Identity's facts become the diary's copy, in whatever order and however often they come."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL
from school.access.v1.scope_pb2 import SCOPE_MARKS
from school.identity.v1.events_pb2 import (
    DelegationEnded,
    DelegationGranted,
    PersonRegistered,
    RelationEnded,
    RelationRegistered,
)
from services.diary import tables
from services.diary.access.events import HANDLERS, on_dead
from services.diary.app import Diary, run
from services.kit.database import Database
from services.kit.errors import BadDate
from services.kit.ids import new_id
from services.kit.messaging.bus import Bus
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.relay import Relay
from services.kit.rpc.channel import channel
from services.kit.tables import outbox
from tests.conftest import DatabaseUrl
from tests.integration.diary.calls import Calls, Person, refused
from tests.integration.diary.conftest import settings
from tests.integration.diary.school import School
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.keys import REGION, Keys
from tests.support.miniature import prepare
from tests.support.waiting import eventually


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells facts of persons and relations, through an outbox and a relay of its own."""

    database: Database

    async def tell(self, *facts: Message) -> None:
        """Publish facts in this order."""
        for fact in facts:
            async with self.database.transaction() as tx:
                tx.publish(fact, aggregate=new_id(), version=1)


@pytest.fixture
async def identity(database_url: DatabaseUrl, nats: OwnNats) -> AsyncIterator[Identity]:
    async with (
        Database(await database_url("kit", prepare)) as database,
        Bus(nats.url("identity"), region=REGION, service="identity") as bus,
        Relay(bus, database),
    ):
        yield Identity(database)


@asynccontextmanager
async def listening(url: str, nats: OwnNats, keys: Keys, clock: MovableClock) -> AsyncIterator[Diary]:
    """A diary that hears identity, with the rights it has in a region."""
    async with run(settings(url, nats.url("diary"), keys), clock=clock) as running:
        yield running


def relation(version: int, relation_id: UUID, guardian: UUID, pupil: UUID, until: str = "") -> Message:
    return RelationRegistered(
        relation_id=str(relation_id),
        guardian_id=str(guardian),
        pupil_id=str(pupil),
        valid_from="2025-09-01",
        valid_until=until,
        version=version,
    )


def ended(version: int, relation_id: UUID, guardian: UUID, pupil: UUID) -> Message:
    event = RelationEnded(
        relation_id=str(relation_id), guardian_id=str(guardian), pupil_id=str(pupil), version=version
    )
    event.ended_at.FromDatetime(datetime(2025, 10, 15, 9, 30, tzinfo=UTC))
    return event


async def test_access_comes_with_the_relation_and_ends_with_it(
    identity: Identity,
    nats: OwnNats,
    database_url: DatabaseUrl,
    diary_keys: Keys,
    clock: MovableClock,
) -> None:
    pupil, guardian, relation_id = new_id(), new_id(), new_id()
    url = await complete_for_ever(await database_url("diary"))
    async with (
        listening(url, nats, diary_keys, clock) as diary,
        channel(diary.address) as open_channel,
    ):
        school = School(diary.database)
        await school.found()
        await school.join(pupil)
        caller = Calls(open_channel, diary_keys, clock).guardian(guardian)
        with refused("NOT_THEIR_PUPIL"):
            await caller.week(pupil)

        await identity.tell(
            relation(1, relation_id, guardian, pupil),
            PersonRegistered(person_id=str(pupil), display_name="Ёлкин Пётр", roles=[ROLE_PUPIL], version=1),
        )

        async def is_named() -> bool:
            return [found.display_name for found in await caller.pupils()] == ["Ёлкин Пётр"]

        await eventually(is_named)
        assert (await caller.week(pupil)).pupil.class_title == "7Б"

        await identity.tell(ended(2, relation_id, guardian, pupil))

        async def is_shut() -> bool:
            return await caller.pupils() == []

        await eventually(is_shut)
        with refused("NOT_THEIR_PUPIL"):
            await caller.week(pupil)


def granted(version: int, delegation_id: UUID, trusted: UUID, pupil: UUID, relation_id: str = "") -> Message:
    return DelegationGranted(
        delegation_id=str(delegation_id),
        trusted_id=str(trusted),
        pupil_id=str(pupil),
        relation_id=relation_id,
        scopes=[SCOPE_MARKS],
        valid_from="2025-09-01",
        valid_until="2025-12-31",
        version=version,
    )


def over(version: int, delegation_id: UUID, trusted: UUID, pupil: UUID) -> Message:
    event = DelegationEnded(
        delegation_id=str(delegation_id), trusted_id=str(trusted), pupil_id=str(pupil), version=version
    )
    event.ended_at.FromDatetime(datetime(2025, 10, 15, 9, 30, tzinfo=UTC))
    return event


async def test_trust_comes_and_is_refused_within_five_seconds_of_its_end(
    identity: Identity,
    nats: OwnNats,
    database_url: DatabaseUrl,
    diary_keys: Keys,
    clock: MovableClock,
) -> None:
    """A30: by its own end, and by that of the relation it was granted by."""
    url = await complete_for_ever(await database_url("diary"))
    async with (
        listening(url, nats, diary_keys, clock) as diary,
        channel(diary.address) as open_channel,
    ):
        school = School(diary.database)
        await school.found()
        for ends_with_relation in (False, True):
            pupil, guardian, granny = await school.pupil(), new_id(), new_id()
            relation_id, delegation_id = new_id(), new_id()
            caller = Calls(open_channel, diary_keys, clock).guardian(granny)
            # The delegation first: it shows nothing until the relation behind it is known.
            await identity.tell(
                granted(1, delegation_id, granny, pupil, str(relation_id)),
                relation(1, relation_id, guardian, pupil),
            )

            async def sees(caller: Person = caller, wanted: bool = True) -> bool:
                return bool(await caller.pupils()) is wanted

            await eventually(sees)
            assert list((await caller.week(pupil)).trusted_with.scopes) == [SCOPE_MARKS]

            told = time.monotonic()
            await identity.tell(
                ended(2, relation_id, guardian, pupil)
                if ends_with_relation
                else over(2, delegation_id, granny, pupil)
            )
            await eventually(partial(sees, wanted=False))
            assert time.monotonic() - told < 5
            with refused("NOT_THEIR_PUPIL"):
                await caller.week(pupil)


async def test_a_mark_goes_out_once_nats_is_back(
    nats: OwnNats, database_url: DatabaseUrl, diary_keys: Keys, clock: MovableClock
) -> None:
    await nats.stop()
    async with (
        listening(await database_url("diary"), nats, diary_keys, clock) as diary,
        channel(diary.address) as open_channel,
    ):
        school = School(diary.database)
        await school.found()
        lesson, pupil = await school.lesson(), await school.pupil()
        teacher = Calls(open_channel, diary_keys, clock).teacher(school.teacher_id)

        assert (await teacher.set_mark(lesson, pupil, "5")).version == 1
        await nats.start()

        async def is_acknowledged() -> bool:
            return [row.stream_seq for row in await school.rows(outbox)] == [1]

        await eventually(is_acknowledged)


async def handle(database: Database, event: Message) -> None:
    """What the consumer does with an event, in a transaction of its own."""
    meta = EventMeta(
        event_id=new_id(),
        type=event.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id="",
        aggregate_version=1,
    )
    async with database.transaction() as tx:
        await HANDLERS[type(event)](tx, event, meta)


async def test_in_any_order_and_twice_the_newest_relation_stays(diary: Diary) -> None:
    guardian, pupil = new_id(), new_id()
    for order in itertools.permutations(range(3)):
        relation_id = new_id()
        facts = [
            relation(1, relation_id, guardian, pupil),
            relation(2, relation_id, guardian, pupil, until="2025-12-31"),
            ended(3, relation_id, guardian, pupil),
        ]
        for number in (*order, *order):
            await handle(diary.database, facts[number])

        [row] = await School(diary.database).rows(tables.relations, relation_id=relation_id)
        assert (row.version, row.ended_at is not None) == (3, True)
        assert (row.guardian_id, row.pupil_id) == (guardian, pupil)


async def test_in_any_order_and_twice_the_newest_name_stays(diary: Diary) -> None:
    for order in itertools.permutations((1, 2, 3)):
        person = new_id()
        for version in (*order, *order):
            await handle(
                diary.database,
                PersonRegistered(
                    person_id=str(person),
                    display_name=f"Имя {version}",
                    roles=[ROLE_GUARDIAN],
                    version=version,
                ),
            )

        [row] = await School(diary.database).rows(tables.persons, person_id=person)
        assert (row.display_name, row.version, row.roles) == ("Имя 3", 3, [ROLE_GUARDIAN])


async def test_a_relation_registered_after_its_end_holds_again(diary: Diary) -> None:
    relation_id, guardian, pupil = new_id(), new_id(), new_id()
    await handle(diary.database, ended(2, relation_id, guardian, pupil))
    await handle(diary.database, relation(3, relation_id, guardian, pupil))

    [row] = await School(diary.database).rows(tables.relations, relation_id=relation_id)
    assert (row.version, row.ended_at) == (3, None)


async def test_in_any_order_and_twice_the_newest_delegation_stays(diary: Diary) -> None:
    """Also when its end is told before its beginning."""
    trusted, pupil = new_id(), new_id()
    for order in itertools.permutations(range(3)):
        delegation_id = new_id()
        facts = [
            granted(1, delegation_id, trusted, pupil),
            granted(2, delegation_id, trusted, pupil),
            over(3, delegation_id, trusted, pupil),
        ]
        for number in (*order, *order):
            await handle(diary.database, facts[number])

        [row] = await School(diary.database).rows(tables.delegations, delegation_id=delegation_id)
        assert (row.version, row.ended_at is not None) == (3, True)
        assert (row.trusted_id, row.pupil_id) == (trusted, pupil)


async def test_a_delegation_without_its_days_is_no_news(diary: Diary) -> None:
    """A newer identity that lets it open-ended is not followed: access never fails open."""
    event = granted(1, new_id(), new_id(), new_id())
    event.ClearField("valid_until")

    with pytest.raises(BadDate):
        await handle(diary.database, event)


async def test_a_delegation_of_which_something_cannot_be_read_shows_nothing(diary: Diary) -> None:
    """Until a newer version can be: what could not be read may have been its end."""
    trusted, pupil, delegation_id = new_id(), new_id(), new_id()
    await handle(diary.database, granted(1, delegation_id, trusted, pupil))
    meta = EventMeta(
        event_id=new_id(),
        type=DelegationEnded.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(delegation_id),
        aggregate_version=2,
    )

    async with diary.database.transaction() as tx:
        await on_dead(tx, meta)

    [row] = await School(diary.database).rows(tables.delegations, delegation_id=delegation_id)
    assert row.ended_at is not None
    await handle(diary.database, granted(3, delegation_id, trusted, pupil))
    [row] = await School(diary.database).rows(tables.delegations, delegation_id=delegation_id)
    assert row.ended_at is None
