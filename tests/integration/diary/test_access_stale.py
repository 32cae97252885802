"""Guardians see by a copy of relations: when it may be out of date, they see nothing until it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message

from school.access.v1.scope_pb2 import SCOPE_MARKS
from school.identity.v1.events_pb2 import (
    DelegationEnded,
    DelegationGranted,
    EverythingTold,
    RelationEnded,
    RelationRegistered,
)
from services.diary import tables
from services.diary.access.events import HANDLERS, on_dead
from services.diary.app import Diary, run
from services.kit.clock import SystemClock
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.messaging.bus import Bus
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.relay import Relay
from services.kit.rpc.channel import channel
from tests.conftest import DatabaseUrl
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.conftest import settings
from tests.integration.diary.school import MONDAY, School
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.keys import REGION, Keys
from tests.support.miniature import prepare
from tests.support.waiting import eventually

STALENESS = timedelta(seconds=3)
TODAY = datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class Family:
    """A diary with a short patience, and one family in it."""

    diary: Diary
    school: School
    calls: Calls
    pupil: UUID
    guardian: UUID
    nats: OwnNats

    async def is_shut(self) -> bool:
        """Whether the guardian is refused because the copy is stale."""
        try:
            await self.calls.guardian(self.guardian).week(self.pupil)
        except grpc.aio.AioRpcError as refusal:
            return refusal.code() == grpc.StatusCode.UNAVAILABLE
        return False

    async def is_open(self) -> bool:
        """Whether the guardian reads the week."""
        return not await self.is_shut()


@pytest.fixture
async def family(database_url: DatabaseUrl, nats: OwnNats, diary_keys: Keys) -> AsyncIterator[Family]:
    """Identity tells from time to time that all is told; the day is the real one."""
    now = MovableClock(datetime.now(UTC))
    patience = {"access_staleness": STALENESS}
    async with AsyncExitStack() as stack:
        own = settings(await database_url("diary"), nats.url("diary"), diary_keys)
        diary = await stack.enter_async_context(run(own.model_copy(update=patience), clock=SystemClock()))
        identity = await stack.enter_async_context(Database(await database_url("kit", prepare)))
        bus = await stack.enter_async_context(Bus(nats.url("identity"), region=REGION, service="identity"))
        await stack.enter_async_context(Relay(bus, identity, all_told=EverythingTold, all_told_every=0.2))
        connection = await stack.enter_async_context(channel(diary.address))
        school = School(diary.database)
        await school.found()
        pupil = await school.pupil()
        guardian = await school.guardian_of(pupil)
        yield Family(diary, school, Calls(connection, diary_keys, now), pupil, guardian, nats)


async def test_a_guardian_is_refused_while_nats_is_away_and_reads_again_by_itself(family: Family) -> None:
    await eventually(family.is_open)
    await family.nats.stop()
    await eventually(family.is_shut, within=20)

    with refused("ACCESS_STALE") as answer:
        await family.calls.guardian(family.guardian).week(family.pupil)
    assert answer.code == grpc.StatusCode.UNAVAILABLE
    with refused("ACCESS_STALE"):
        await family.calls.guardian(family.guardian).pupils()
    granny = new_id()
    days = {"valid_from": TODAY, "valid_until": TODAY + timedelta(days=30)}
    await family.school.trust(granny, family.pupil, SCOPE_MARKS, **days)
    with refused("ACCESS_STALE"):
        await family.calls.guardian(granny).week(family.pupil)
    with refused("ACCESS_STALE"):
        await family.calls.guardian(granny).pupils()
    # A stranger learns nothing new, a pupil's own diary needs no relation, neither does a teacher's lesson.
    with refused("NOT_THEIR_PUPIL"):
        await family.calls.guardian(new_id()).week(family.pupil)
    assert (await family.calls.pupil(family.pupil).week(family.pupil)).pupil.pupil_id == str(family.pupil)
    assert [one.pupil_id for one in await family.calls.pupil(family.pupil).pupils()] == [str(family.pupil)]
    lesson = await family.school.lesson(MONDAY)
    await family.calls.teacher(family.school.teacher_id).lesson(lesson)

    await family.nats.start()
    await eventually(family.is_open, within=30)


async def test_an_end_that_cannot_be_read_ends_the_relation_all_the_same(school: School) -> None:
    """The event lies among the dead letters; until somebody looks at it, the guardian sees nothing."""
    pupil, guardian = await school.pupil(), new_id()
    relation_id = await school.relate(guardian, pupil)
    other_id = await school.relate(new_id(), pupil)
    meta = EventMeta(
        event_id=new_id(),
        type=RelationEnded.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(relation_id),
        aggregate_version=2,
    )
    async with school.database.transaction() as tx:
        await on_dead(tx, meta)

    [ended] = await school.rows(tables.relations, relation_id=relation_id)
    [other] = await school.rows(tables.relations, relation_id=other_id)
    assert ended.ended_at is not None
    assert other.ended_at is None


async def test_what_could_not_be_read_is_taken_back_by_the_same_version_and_by_no_older_one(
    school: School,
) -> None:
    """A30: facts that are told again do not bring back what a lost end may have taken."""
    guardian, pupil = new_id(), await school.pupil()
    relation_id = await school.relate(guardian, pupil)
    meta = EventMeta(
        event_id=new_id(),
        type=RelationRegistered.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(relation_id),
        aggregate_version=2,
    )
    async with school.database.transaction() as tx:
        await on_dead(tx, meta)

    for version, is_over in ((1, True), (2, False)):
        told = RelationRegistered(
            relation_id=str(relation_id),
            guardian_id=str(guardian),
            pupil_id=str(pupil),
            valid_from="2025-09-01",
            version=version,
        )
        async with school.database.transaction() as tx:
            await HANDLERS[RelationRegistered](tx, told, meta)
        [row] = await school.rows(tables.relations, relation_id=relation_id)
        assert (row.ended_at is not None) is is_over


async def test_an_old_end_that_cannot_be_read_ends_nothing(school: School) -> None:
    pupil = await school.pupil()
    relation_id = await school.relate(new_id(), pupil, version=3)
    meta = EventMeta(
        event_id=new_id(),
        type=RelationEnded.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(relation_id),
        aggregate_version=2,
    )
    async with school.database.transaction() as tx:
        await on_dead(tx, meta)

    [relation] = await school.rows(tables.relations, relation_id=relation_id)
    assert relation.ended_at is None


def _unread(kind: type[Message], aggregate: UUID, *, version: int = 2) -> EventMeta:
    """An event whose payload nobody can read."""
    return EventMeta(
        event_id=new_id(),
        type=kind.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(aggregate),
        aggregate_version=version,
    )


async def test_a_relation_whose_end_cannot_be_read_stays_shut_also_when_it_is_told_only_later(
    school: School, calls: Calls
) -> None:
    """A30, I5: the beginning was tried again and again, and came through when the end was given up."""
    guardian, pupil, relation_id = new_id(), await school.pupil(), new_id()
    async with school.database.transaction() as tx:
        await on_dead(tx, _unread(RelationEnded, relation_id))

    for version, is_over in ((1, True), (3, False)):
        told = RelationRegistered(
            relation_id=str(relation_id),
            guardian_id=str(guardian),
            pupil_id=str(pupil),
            valid_from="2025-09-01",
            version=version,
        )
        async with school.database.transaction() as tx:
            await HANDLERS[RelationRegistered](tx, told, _unread(RelationRegistered, relation_id))
        assert (await calls.guardian(guardian).pupils() == []) is is_over


async def test_a_delegation_whose_end_cannot_be_read_stays_shut_also_when_it_is_told_only_later(
    school: School, calls: Calls
) -> None:
    granny, pupil, delegation_id = new_id(), await school.pupil(), new_id()
    async with school.database.transaction() as tx:
        await on_dead(tx, _unread(DelegationEnded, delegation_id))

    for version, is_over in ((1, True), (3, False)):
        told = DelegationGranted(
            delegation_id=str(delegation_id),
            trusted_id=str(granny),
            pupil_id=str(pupil),
            scopes=[SCOPE_MARKS],
            valid_from="2025-09-01",
            valid_until="2026-05-31",
            version=version,
        )
        async with school.database.transaction() as tx:
            await HANDLERS[DelegationGranted](tx, told, _unread(DelegationGranted, delegation_id))
        assert (await calls.guardian(granny).pupils() == []) is is_over
