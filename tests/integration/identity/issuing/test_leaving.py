"""People who leave a school, and the region with it, and who come back (R56)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import (
    events_pb2,
    families_pb2,
    families_pb2_grpc,
    leaving_pb2,
    leaving_pb2_grpc,
    people_pb2,
    people_pb2_grpc,
)
from services.identity.binding.storage import bindings
from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from services.identity.leaving.storage import former_roles
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.integration.identity.issuing.office import Metadata, Office, open_office
from tests.integration.identity.issuing.test_blocks import proven
from tests.support.identity import DEADLINE, Registered, reason

PASSWORD = "a long enough one"
PUPIL, GUARDIAN, TEACHER = WireRole.ROLE_PUPIL, WireRole.ROLE_GUARDIAN, WireRole.ROLE_TEACHER


def stub(office: Office) -> leaving_pb2_grpc.LeavingServiceAsyncStub:
    return leaving_pb2_grpc.LeavingServiceStub(office.town.doors.channel)


def registrar(office: Office) -> Metadata:
    return proven(office, office.registrar, WireRole.ROLE_REGISTRAR)


async def end(
    office: Office,
    person: Registered,
    *roles: WireRole.ValueType,
    by: Metadata | None = None,
    why: str = "Переехали",
) -> leaving_pb2.RolesAtSchool:
    request = leaving_pb2.EndRolesRequest(
        school_id=str(office.school_id), person_id=str(person.person_id), roles=roles, reason=why
    )
    reply = await stub(office).EndRoles(request, timeout=DEADLINE, metadata=by or registrar(office))
    return reply.person


async def give_back(
    office: Office, person: Registered, *roles: WireRole.ValueType, why: str = "Ошиблись"
) -> leaving_pb2.RolesAtSchool:
    request = leaving_pb2.GiveRolesBackRequest(
        school_id=str(office.school_id), person_id=str(person.person_id), roles=roles, reason=why
    )
    reply = await stub(office).GiveRolesBack(request, timeout=DEADLINE, metadata=registrar(office))
    return reply.person


async def former(office: Office, *, size: int = 0, token: str = "") -> leaving_pb2.ListFormerPeopleResponse:
    request = leaving_pb2.ListFormerPeopleRequest(
        school_id=str(office.school_id), page_size=size, page_token=token
    )
    return await stub(office).ListFormerPeople(request, timeout=DEADLINE, metadata=office.by_registrar)


async def status(office: Office, person: Registered) -> str:
    [row] = await office.town.rows(people, people.c.id == person.person_id)
    return str(row.status)


async def facts(office: Office, person: Registered) -> list[tuple[int, list[int]]]:
    """Versions and roles of the person, as other services were told."""
    name = events_pb2.PersonRegistered.DESCRIPTOR.full_name
    rows = await office.town.rows(
        outbox, outbox.c.type == name, outbox.c.aggregate_id == str(person.person_id)
    )
    told = [events_pb2.PersonRegistered.FromString(row.payload) for row in sorted(rows, key=lambda r: r.id)]
    return [(each.version, list(each.roles)) for each in told]


async def teacher(office: Office, **more: Any) -> tuple[Registered, str]:
    """Somebody who is a teacher here and nothing else, and enters by a password."""
    login = f"teacher-{new_id()}"
    person = await office.town.register(
        "Орлов Олег",
        roles={office.school_id: frozenset({Role.TEACHER})},
        login=login,
        password=PASSWORD,
        **more,
    )
    return person, login


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


# --- coming back ---


async def test_who_is_given_the_role_back_enters_as_before(office: Office) -> None:
    """The binding is the old one, and looked at anew."""
    snils = office.town.snils()
    gone, login = await teacher(office, snils=snils)
    doors, citizen = office.town.doors, office.town.citizen("Орлов Олег", snils=snils)
    await doors.enter(citizen)
    await end(office, gone, TEACHER)

    for _ in range(2):  # doing it twice succeeds
        after = await give_back(office, gone, TEACHER)

    assert (list(after.roles), list(after.former), after.left_region) == ([TEACHER], [], False)
    assert (await doors.enter_with_password(login, PASSWORD)).session.access_token
    assert (await doors.enter(citizen)).session.access_token
    assert len(await office.town.rows(bindings, bindings.c.account_id == gone.account_id)) == 1
    assert await facts(office, gone) == [(2, []), (3, [TEACHER])]
    assert [action for action, _ in await office.town.audited(gone.person_id)][-2:] == [
        "end_roles",
        "give_roles_back",
    ]


async def test_nothing_is_given_back_that_never_ended(office: Office) -> None:
    gone, _ = await teacher(office)
    await end(office, gone, TEACHER)

    assert await reason(give_back(office, gone, PUPIL)) == "BAD_ROLES"
    assert await reason(give_back(office, gone, WireRole.ROLE_REGISTRAR)) == "BAD_ROLES"
    assert await reason(give_back(office, office.registrar, TEACHER)) == "OWN_ROLE"
    assert await status(office, gone) == PersonStatus.LEFT


async def register(office: Office, name: str, born: str, snils: str, **more: Any) -> Any:
    surname, given_name = name.split()
    request = people_pb2.RegisterPersonRequest(
        school_id=str(office.school_id),
        request_id=str(new_id()),
        name=people_pb2.FullName(surname=surname, given_name=given_name),
        birth_date=born,
        snils=snils,
        roles=[PUPIL],
        **more,
    )
    service = people_pb2_grpc.PeopleServiceStub(office.town.doors.channel)
    return await service.RegisterPerson(request, timeout=DEADLINE, metadata=office.by_registrar)


async def test_who_is_registered_again_is_the_same_person(office: Office) -> None:
    """At another school, by the same documents; of several schools at once one has them."""
    there, third = [await open_office(office.town, office.keys) for _ in range(2)]
    snils = office.town.snils()
    gone, login = await teacher(office, snils=snils)
    [row] = await office.town.rows(people, people.c.id == gone.person_id)
    born = row.birth_date.isoformat()
    await end(office, gone, TEACHER)

    done = await asyncio.gather(
        *(register(where, "Орлов Олег", born, snils) for where in (there, third)), return_exceptions=True
    )

    [back] = [each for each in done if not isinstance(each, BaseException)]
    assert (back.returned, UUID(back.person.person_id)) == (True, gone.person_id)
    assert list(back.person.roles) == [PUPIL]
    assert (await office.town.doors.enter_with_password(login, PASSWORD)).session.access_token


@pytest.mark.parametrize("differs", ["name", "birth_date"])
async def test_a_snils_alone_brings_nobody_back(office: Office, differs: str) -> None:
    """A registrar who knows a number of somebody gets no hold of their account."""
    snils = office.town.snils()
    gone, _ = await teacher(office, snils=snils)
    [row] = await office.town.rows(people, people.c.id == gone.person_id)
    await end(office, gone, TEACHER)
    name = "Орлов Игорь" if differs == "name" else "Орлов Олег"
    born = row.birth_date if differs == "name" else row.birth_date - timedelta(days=1)

    assert await reason(register(office, name, born.isoformat(), snils)) == "SNILS_TAKEN"
    assert await status(office, gone) == PersonStatus.LEFT


# --- who has left ---


async def test_who_left_is_listed_once_by_pages_the_last_first(office: Office) -> None:
    """Who is back is listed no more; another school sees nobody."""
    there = await open_office(office.town, office.keys)
    gone = [(await teacher(office))[0] for _ in range(3)]
    for each in gone:
        await end(office, each, TEACHER)
    await give_back(office, gone[0], TEACHER)
    await end(office, gone[0], TEACHER)
    await give_back(office, gone[1], TEACHER)

    first = await former(office, size=1)
    second = await former(office, size=1, token=first.next_page_token)

    listed = [UUID(each.person_id) for page in (first, second) for each in page.people]
    assert (listed, second.next_page_token) == ([gone[0].person_id, gone[2].person_id], "")
    assert list((await former(there)).people) == []
