"""What the region's other services learn: who somebody is, who may see a pupil, what has changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update

from deploy.local.esia.people import Person as Citizen
from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL
from school.access.v1.scope_pb2 import SCOPE_HOMEWORK
from school.identity.v1 import directory_pb2, directory_pb2_grpc, events_pb2, families_pb2, sessions_pb2
from school.identity.v1.directory_pb2 import (
    AccessChangeKind,
    GroundKind,
    MayPersonSeePupilResponse,
    PersonStanding,
    ResolvePersonResponse,
)
from services.identity.delegations.rules import State
from services.identity.delegations.storage import delegations
from services.identity.directory.rules import Cursor, read_cursor
from services.identity.directory.storage import access_changes
from services.identity.families.storage import relations
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people
from services.kit.database import Transaction
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason
from tests.support.services import Service

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """The directory, asked by a service."""

    stub: directory_pb2_grpc.DirectoryServiceAsyncStub
    service: Service
    clock: MovableClock

    def metadata(self, **token: Any) -> Metadata:
        """The service's token as a call carries it."""
        return (("authorization", f"Bearer {self.service.token(now=self.clock.now(), **token)}"),)

    async def resolve(self, person_id: UUID | str) -> ResolvePersonResponse:
        """Who has this id."""
        request = directory_pb2.ResolvePersonRequest(person_id=str(person_id))
        return await self.stub.ResolvePerson(request, timeout=DEADLINE, metadata=self.metadata())

    async def resolve_profile(self, oid: str, provider: str = "") -> ResolvePersonResponse:
        """To whom a profile is bound."""
        profile = directory_pb2.EsiaProfile(provider=provider, oid=oid)
        request = directory_pb2.ResolvePersonRequest(profile=profile)
        return await self.stub.ResolvePerson(request, timeout=DEADLINE, metadata=self.metadata())

    async def may_see(self, person_id: UUID, pupil_id: UUID) -> MayPersonSeePupilResponse:
        """Whether one may see the other."""
        request = directory_pb2.MayPersonSeePupilRequest(person_id=str(person_id), pupil_id=str(pupil_id))
        return await self.stub.MayPersonSeePupil(request, timeout=DEADLINE, metadata=self.metadata())

    async def viewers(self, pupil_id: UUID) -> dict[str, list[int]]:
        """Who may see a pupil, and by what."""
        request = directory_pb2.WhoMaySeePupilRequest(pupil_id=str(pupil_id))
        reply = await self.stub.WhoMaySeePupil(request, timeout=DEADLINE, metadata=self.metadata())
        return {one.person_id: [ground.kind for ground in one.grounds] for one in reply.viewers}

    async def changes(self, cursor: str = "", size: int = 0) -> directory_pb2.ListAccessChangesResponse:
        """What has changed."""
        request = directory_pb2.ListAccessChangesRequest(cursor=cursor, page_size=size)
        return await self.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=self.metadata())

    async def end(self) -> str:
        """The cursor behind everything there is."""
        cursor, more = "", True
        while more:
            page = await self.changes(cursor, 200)
            cursor, more = page.next_cursor, page.more
        return cursor

    async def all_since(self, cursor: str, size: int = 0) -> list[directory_pb2.AccessChange]:
        """Every change after a cursor, page by page."""
        found: list[directory_pb2.AccessChange] = []
        more = True
        while more:
            page = await self.changes(cursor, size)
            found.extend(page.changes)
            cursor, more = page.next_cursor, page.more
        return found


@pytest.fixture
def desk(doors: Doors, canteen: Service, clock: MovableClock) -> Desk:
    return Desk(directory_pb2_grpc.DirectoryServiceStub(doors.channel), canteen, clock)


@dataclass(frozen=True, slots=True)
class Family:
    """A pupil and a parent."""

    here: Town
    pupil: Registered
    parent: Registered
    relation_id: UUID

    async def change(self, **columns: Any) -> None:
        """Change the relation."""
        async with self.here.database.transaction() as tx:
            await tx.execute(update(relations).where(relations.c.id == self.relation_id).values(columns))

    async def trust(self, trusted: Registered, **columns: Any) -> None:
        """Somebody is trusted with the homework."""
        now = self.here.clock.now()
        row = {
            "id": new_id(),
            "pupil_id": self.pupil.person_id,
            "grantor_id": self.parent.person_id,
            "relation_id": self.relation_id,
            "trusted_id": trusted.person_id,
            "scopes": [SCOPE_HOMEWORK],
            "valid_until": now.date() + timedelta(days=30),
            "invited_at": now,
            "answer_by": now + timedelta(days=7),
            "invitee_box": b"",
            "invitee_box_key": 1,
            "accepted_at": now,
        }
        async with self.here.database.transaction() as tx:
            await tx.execute(insert(delegations).values({**row, **columns}))


@pytest.fixture
async def family(here: Town) -> Family:
    school = new_id()
    pupil = await here.register("Королёв Пётр Олегович", roles={school: frozenset({Role.PUPIL})})
    parent = await here.register()
    relation_id = new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(relations).values(
                id=relation_id,
                guardian_id=parent.person_id,
                pupil_id=pupil.person_id,
                school_id=school,
                kind="PARENT",
                valid_from=date(2020, 1, 1),
                registered_at=here.clock.now(),
            )
        )
    return Family(here, pupil, parent, relation_id)


# --- who may ask -------------------------------------------------------------------------------------------


async def test_a_person_may_not_ask_whoever_they_are(here: Town, doors: Doors, desk: Desk) -> None:
    """A29: an operator's access token opens nothing that only services may ask."""
    login = f"operator-{here.snils()}"
    await here.register(
        login=login, password="a long enough one", roles={UUID(int=0): frozenset({Role.OPERATOR})}
    )
    session = (await doors.enter_with_password(login, "a long enough one")).session
    request = directory_pb2.ListAccessChangesRequest()
    asked = desk.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=bearer(session))
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_a_service_may_not_ask_what_only_people_may(doors: Doors, desk: Desk) -> None:
    """A29: its token opens nothing else."""
    asked = doors.families.ListMyChildren(
        families_pb2.ListMyChildrenRequest(), timeout=DEADLINE, metadata=desk.metadata()
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_without_a_token_nothing_is_told(desk: Desk) -> None:
    asked = desk.stub.ListAccessChanges(directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE)
    assert await reason(asked) == "SIGN_IN_NEEDED"


async def test_a_service_of_another_region_is_refused(desk: Desk) -> None:
    """A31."""
    asked = desk.stub.ListAccessChanges(
        directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE, metadata=desk.metadata(region="50")
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_a_token_for_another_service_is_refused(desk: Desk) -> None:
    asked = desk.stub.ListAccessChanges(
        directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE, metadata=desk.metadata(to="diary")
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_an_old_token_is_refused(desk: Desk) -> None:
    old = desk.metadata(life=timedelta(minutes=-2))
    request = directory_pb2.ListAccessChangesRequest()
    asked = desk.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=old)
    assert await reason(asked) == "TOKEN_EXPIRED"


async def test_a_service_may_ask_what_is_named_for_it_and_nothing_else(
    doors: Doors, library: Service, clock: MovableClock, family: Family
) -> None:
    desk = Desk(directory_pb2_grpc.DirectoryServiceStub(doors.channel), library, clock)
    assert (await desk.resolve(family.pupil.person_id)).person_id == str(family.pupil.person_id)
    assert await reason(desk.viewers(family.pupil.person_id)) == "SERVICE_NOT_ADMITTED"
    assert await reason(desk.changes()) == "SERVICE_NOT_ADMITTED"


# --- who somebody is ---------------------------------------------------------------------------------------


async def test_a_person_is_told_without_a_name(here: Town, desk: Desk) -> None:
    school = new_id()
    person = await here.register(roles={school: frozenset({Role.GUARDIAN, Role.PUPIL})})

    found = await desk.resolve(person.person_id)

    assert found.standing == PersonStanding.PERSON_STANDING_ACTIVE
    assert [(each.role, each.school_id) for each in found.roles] == [
        (ROLE_GUARDIAN, str(school)),
        (ROLE_PUPIL, str(school)),
    ]
    assert (found.may_enter, found.bound) == (True, False)
    assert "Королёва" not in str(found)


async def test_a_profile_leads_to_the_person_it_is_bound_to(here: Town, doors: Doors, desk: Desk) -> None:
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
    assert await reason(desk.resolve_profile(_oid(citizen))) == "UNKNOWN_PERSON"
    await doors.enter(citizen)

    found = await desk.resolve_profile(_oid(citizen))

    assert (found.person_id, found.bound) == (str(person.person_id), True)
    assert await reason(desk.resolve_profile(_oid(citizen), "https://other.example")) == "UNKNOWN_PERSON"


async def test_who_is_blocked_is_said_to_be(here: Town, desk: Desk) -> None:
    person = await here.register(status=PersonStatus.BLOCKED)
    found = await desk.resolve(person.person_id)
    assert (found.standing, found.may_enter) == (PersonStanding.PERSON_STANDING_BLOCKED, False)


async def test_who_is_not_there_is_not_told(desk: Desk) -> None:
    assert await reason(desk.resolve(uuid4())) == "UNKNOWN_PERSON"
    assert await reason(desk.resolve("nobody")) == "BAD_ID"
    empty = directory_pb2.ResolvePersonRequest()
    asked = desk.stub.ResolvePerson(empty, timeout=DEADLINE, metadata=desk.metadata())
    assert await reason(asked) == "UNKNOWN_PERSON"


# --- who may see a pupil -----------------------------------------------------------------------------------


async def test_a_pupil_sees_their_own_record(family: Family, desk: Desk) -> None:
    told = await desk.may_see(family.pupil.person_id, family.pupil.person_id)
    assert [ground.kind for ground in told.grounds] == [GroundKind.GROUND_KIND_SELF]


async def test_a_parent_sees_the_child_until_the_last_day(
    family: Family, desk: Desk, clock: MovableClock
) -> None:
    today = clock.now().date()
    await family.change(valid_until=today + timedelta(days=2))

    [ground] = (await desk.may_see(family.parent.person_id, family.pupil.person_id)).grounds

    assert ground.kind == GroundKind.GROUND_KIND_GUARDIAN
    assert ground.relation_kind == families_pb2.RELATION_KIND_PARENT
    assert ground.valid_until == (today + timedelta(days=2)).isoformat()
    clock.move(seconds=4 * 24 * 3600)
    assert not (await desk.may_see(family.parent.person_id, family.pupil.person_id)).may_see


async def test_an_ended_relation_opens_nothing(family: Family, desk: Desk, here: Town) -> None:
    await family.change(ended_at=here.clock.now())
    assert not (await desk.may_see(family.parent.person_id, family.pupil.person_id)).may_see


@pytest.mark.parametrize("status", [PersonStatus.BLOCKED, PersonStatus.LEFT])
async def test_a_guardian_who_takes_no_part_sees_nothing(
    family: Family, desk: Desk, here: Town, status: PersonStatus
) -> None:
    async with here.database.transaction() as tx:
        await tx.execute(update(people).where(people.c.id == family.parent.person_id).values(status=status))
    assert not (await desk.may_see(family.parent.person_id, family.pupil.person_id)).may_see


async def test_strangers_and_people_who_do_not_exist_are_answered_alike(
    family: Family, here: Town, desk: Desk
) -> None:
    stranger = await here.register()
    answers = [
        await desk.may_see(stranger.person_id, family.pupil.person_id),
        await desk.may_see(uuid4(), family.pupil.person_id),
        await desk.may_see(stranger.person_id, uuid4()),
        await desk.may_see(stranger.person_id, stranger.person_id),  # who is no pupil has no record
    ]
    assert answers == [MayPersonSeePupilResponse()] * 4


async def test_a_trusted_person_sees_a_part_for_as_long_as_the_right_lasts(
    family: Family, here: Town, desk: Desk
) -> None:
    trusted = await here.register()
    await family.trust(trusted)
    last_day = here.clock.now().date() + timedelta(days=3)
    await family.change(valid_until=last_day)

    [ground] = (await desk.may_see(trusted.person_id, family.pupil.person_id)).grounds

    assert ground.kind == GroundKind.GROUND_KIND_TRUSTED
    assert list(ground.scopes) == [SCOPE_HOMEWORK]
    assert ground.valid_until == last_day.isoformat()
    await family.change(ended_at=here.clock.now())
    assert not (await desk.may_see(trusted.person_id, family.pupil.person_id)).may_see


@pytest.mark.parametrize("gone", ["accepted_at", "ended_at", "valid_until"])
async def test_a_trust_that_does_not_hold_opens_nothing(
    family: Family, here: Town, desk: Desk, gone: str
) -> None:
    now = here.clock.now()
    without: dict[str, dict[str, Any]] = {
        "accepted_at": {"accepted_at": None},
        "ended_at": {"ended_at": now, "ended_as": State.WITHDRAWN},
        "valid_until": {"valid_until": date(2020, 1, 1)},
    }
    trusted = await here.register()
    await family.trust(trusted, **without[gone])
    assert not (await desk.may_see(trusted.person_id, family.pupil.person_id)).may_see


async def test_everybody_who_may_see_a_pupil_is_listed(family: Family, here: Town, desk: Desk) -> None:
    trusted = await here.register()
    await family.trust(trusted)
    assert await desk.viewers(family.pupil.person_id) == {
        str(family.pupil.person_id): [GroundKind.GROUND_KIND_SELF],
        str(family.parent.person_id): [GroundKind.GROUND_KIND_GUARDIAN],
        str(trusted.person_id): [GroundKind.GROUND_KIND_TRUSTED],
    }
    assert await reason(desk.viewers(family.parent.person_id)) == "UNKNOWN_PERSON"


# --- what has changed --------------------------------------------------------------------------------------


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


def _oid(citizen: Citizen) -> str:
    return str(citizen.oid)
