"""Who somebody is, and who may see a pupil by which right."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from deploy.local.esia.people import Person as Citizen
from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL
from school.access.v1.scope_pb2 import SCOPE_HOMEWORK
from school.identity.v1 import directory_pb2, families_pb2
from school.identity.v1.directory_pb2 import (
    GroundKind,
    MayPersonSeePupilResponse,
    PersonStanding,
)
from services.identity.delegations.rules import State
from services.identity.leaving.storage import end_roles
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people, person_roles
from services.kit.ids import new_id
from tests.integration.identity.directory.desk import Desk, Family
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, reason


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


async def leaves(here: Town, pupil_id: UUID, status: PersonStatus = PersonStatus.LEFT) -> None:
    """A pupil is one no more at any school."""
    async with here.database.transaction() as tx:
        held = await tx.execute(select(person_roles).where(person_roles.c.person_id == pupil_id))
        for row in held.all():
            await end_roles(
                tx.connection,
                pupil_id,
                row.school_id,
                {Role.PUPIL},
                by=pupil_id,
                reason="Переехали",
                at=here.clock.now(),
            )
        await tx.execute(update(people).where(people.c.id == pupil_id).values(status=status))


async def test_of_a_pupil_who_has_left_the_family_sees_on_what_was_recorded(
    family: Family, here: Town, desk: Desk
) -> None:
    """R39: as the diary has it; the pupil enters by no door."""
    trusted = await here.register()
    await family.trust(trusted)
    pupil_id = family.pupil.person_id
    await leaves(here, pupil_id)

    by_parent = await desk.may_see(family.parent.person_id, pupil_id)
    by_trusted = await desk.may_see(trusted.person_id, pupil_id)

    assert [ground.kind for ground in by_parent.grounds] == [GroundKind.GROUND_KIND_GUARDIAN]
    assert [ground.kind for ground in by_trusted.grounds] == [GroundKind.GROUND_KIND_TRUSTED]
    assert not (await desk.may_see(pupil_id, pupil_id)).may_see
    assert set(await desk.viewers(pupil_id)) == {str(family.parent.person_id), str(trusted.person_id)}


async def test_of_a_pupil_who_is_blocked_nobody_sees_anything(family: Family, here: Town, desk: Desk) -> None:
    await leaves(here, family.pupil.person_id, PersonStatus.BLOCKED)

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


def _oid(citizen: Citizen) -> str:
    return str(citizen.oid)
