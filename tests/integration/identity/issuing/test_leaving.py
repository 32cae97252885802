"""People who leave a school, and the region with it (R56)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import (
    families_pb2,
    families_pb2_grpc,
)
from services.identity.binding.storage import bindings
from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from services.identity.leaving.storage import former_roles
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.kit.ids import new_id
from tests.integration.identity.issuing.desk import (
    GUARDIAN,
    PASSWORD,
    PUPIL,
    TEACHER,
    end,
    facts,
    give_back,
    status,
    teacher,
)
from tests.integration.identity.issuing.office import Office, open_office
from tests.integration.identity.issuing.test_blocks import proven
from tests.support.identity import DEADLINE, Registered, reason

# --- leaving ---


async def test_whom_nothing_connects_is_let_in_by_no_door(office: Office) -> None:
    """The sessions end, the account and its binding stay, the others hear of it."""
    snils = office.town.snils()
    gone, login = await teacher(office, snils=snils)
    doors = office.town.doors
    citizen = office.town.citizen("Орлов Олег", snils=snils)
    await doors.enter(citizen)
    session = (await doors.enter_with_password(login, PASSWORD)).session

    after = await end(office, gone, TEACHER)

    assert (list(after.roles), after.left_region) == ([], True)
    assert [(each.role, each.reason) for each in after.former] == [(TEACHER, "Переехали")]
    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert await reason(doors.enter_with_password(login, PASSWORD)) == "PERSON_LEFT"
    assert await reason(doors.enter(citizen)) == "PERSON_LEFT"
    [bound] = await office.town.rows(bindings, bindings.c.account_id == gone.account_id)
    assert bound.ended_at is None
    [(version, roles)] = await facts(office, gone)
    assert (version, roles) == (2, [])
    assert ("end_roles", "TEACHER: Переехали") in await office.town.audited(gone.person_id)


async def test_a_wrong_password_does_not_tell_that_somebody_has_left(office: Office) -> None:
    gone, login = await teacher(office)
    await end(office, gone, TEACHER)

    assert await reason(office.town.doors.enter_with_password(login, "another one")) == "WRONG_CREDENTIALS"


async def test_one_role_of_two_ends_alone(office: Office) -> None:
    """The person stays, and enters anew with what is left."""
    login = f"both-{new_id()}"
    both = await office.guardian_of(
        await office.pupil(), roles=(Role.GUARDIAN, Role.TEACHER), login=login, password=PASSWORD
    )

    after = await end(office, both, TEACHER)

    assert (list(after.roles), after.left_region) == ([GUARDIAN], False)
    assert (await office.town.doors.enter_with_password(login, PASSWORD)).session.access_token
    assert await facts(office, both) == [(2, [GUARDIAN])]


@pytest.mark.parametrize("tie", ["school", "region", "pupil", "trust"])
async def test_who_is_connected_otherwise_stays(office: Office, tie: str) -> None:
    person, _ = await teacher(office)
    if tie == "school":
        there = new_id()
        await office.write(
            person_roles,
            person_id=person.person_id,
            school_id=there,
            role=Role.TEACHER,
            granted_at=office.town.clock.now(),
        )
    elif tie == "region":
        await office.write(
            person_roles,
            person_id=person.person_id,
            school_id=WHOLE_REGION,
            role=Role.AUTHORITY,
            granted_at=office.town.clock.now(),
        )
    elif tie == "pupil":
        await office.relate(person, await office.pupil())
    else:
        await _entrust(office, person)

    await end(office, person, TEACHER)

    assert await status(office, person) == PersonStatus.ACTIVE


@pytest.mark.parametrize("tie", ["pupil", "trust"])
async def test_what_is_over_connects_nobody(office: Office, tie: str) -> None:
    person, _ = await teacher(office)
    yesterday = office.today - timedelta(days=1)
    if tie == "pupil":
        await office.relate(person, await office.pupil())
        over = update(relations).where(relations.c.guardian_id == person.person_id)
        async with office.town.database.transaction() as tx:
            await tx.execute(over.values(valid_until=yesterday))
    else:
        await _entrust(office, person, until=yesterday)

    await end(office, person, TEACHER)

    assert await status(office, person) == PersonStatus.LEFT


async def _entrust(office: Office, person: Registered, *, until: Any = None) -> None:
    pupil, now = await office.pupil(), office.town.clock.now()
    sealed = office.town.keyring.seal("x@example.org", context="test")
    await office.write(
        delegations,
        id=new_id(),
        pupil_id=pupil.person_id,
        grantor_id=pupil.person_id,
        trusted_id=person.person_id,
        scopes=[1],
        valid_until=until or office.today + timedelta(days=30),
        invited_at=now,
        answer_by=now + timedelta(days=1),
        invitee_box=sealed.box,
        invitee_box_key=sealed.key_version,
        accepted_at=now,
    )


async def test_a_pupil_who_leaves_stays_a_child_of_the_family(office: Office) -> None:
    """R39: what was recorded is read on; the relation is not the school's to end with the lessons."""
    pupil = await office.pupil()
    mother = await office.guardian_of(pupil)

    await end(office, pupil, PUPIL)

    assert await status(office, pupil) == PersonStatus.LEFT
    families = families_pb2_grpc.FamiliesServiceStub(office.town.doors.channel)
    reply = await families.ListMyChildren(
        families_pb2.ListMyChildrenRequest(),
        timeout=DEADLINE,
        metadata=office.by(mother, WireRole.ROLE_GUARDIAN),
    )
    assert [child.person_id for child in reply.children] == [str(pupil.person_id)]
    assert await status(office, mother) == PersonStatus.ACTIVE


async def test_of_20_at_once_one_ends_it(office: Office) -> None:
    gone, _ = await teacher(office)

    await asyncio.gather(*(end(office, gone, TEACHER) for _ in range(20)))

    assert len(await office.town.rows(former_roles, former_roles.c.person_id == gone.person_id)) == 1
    assert len(await facts(office, gone)) == 1


async def test_of_two_schools_at_once_the_later_sees_that_nothing_is_left(office: Office) -> None:
    there = await open_office(office.town, office.keys)
    gone, _ = await teacher(office)
    await there.employ(gone, Role.TEACHER)

    await asyncio.gather(end(office, gone, TEACHER), end(there, gone, TEACHER))

    assert await status(office, gone) == PersonStatus.LEFT
    assert [roles for _, roles in await facts(office, gone)] == [[TEACHER], []]


async def test_a_registrar_ends_at_the_own_school_what_a_registrar_gives(office: Office) -> None:
    """A34: nobody of another school, nothing of a colleague's rights, nothing of one's own."""
    there = await open_office(office.town, office.keys)
    stranger, _ = await teacher(there)
    gone, _ = await teacher(office)
    colleague = await office.employee(Role.REGISTRAR)
    impostor = proven(office, there.registrar, WireRole.ROLE_REGISTRAR)
    itself = proven(office, office.teacher, WireRole.ROLE_TEACHER)

    refusals = [
        await reason(refused)
        for refused in (
            end(office, stranger, TEACHER),
            end(office, gone, TEACHER, by=impostor),
            end(office, gone, TEACHER, by=itself),
            end(office, gone, TEACHER, by=office.by_registrar),
            end(office, colleague, WireRole.ROLE_REGISTRAR),
            end(office, gone),
            end(office, office.registrar, TEACHER),
            end(office, gone, TEACHER, why=" \n "),
        )
    ]

    assert refusals == [
        "UNKNOWN_PERSON",
        "NOT_THEIR_SCHOOL",
        "ROLE_NEEDED",
        "STEP_UP_NEEDED",
        "BAD_ROLES",
        "BAD_ROLES",
        "OWN_ROLE",
        "REASON_NEEDED",
    ]
    assert await status(office, gone) == PersonStatus.ACTIVE


async def test_a_blocked_person_stays_blocked(office: Office) -> None:
    gone, _ = await teacher(office)
    async with office.town.database.transaction() as tx:
        blocking = update(people).where(people.c.id == gone.person_id)
        await tx.execute(blocking.values(status=PersonStatus.BLOCKED))

    await end(office, gone, TEACHER)
    await give_back(office, gone, TEACHER)

    assert await status(office, gone) == PersonStatus.BLOCKED
