"""People who come back to a school, and to the region with it (R56)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import (
    people_pb2,
    people_pb2_grpc,
)
from services.identity.binding.storage import bindings
from services.identity.leaving.rules import UNDO
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people
from services.kit.ids import new_id
from tests.integration.identity.issuing.desk import (
    GUARDIAN,
    PASSWORD,
    PUPIL,
    TEACHER,
    end,
    facts,
    former,
    give_back,
    status,
    teacher,
)
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, reason

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


@pytest.mark.parametrize(("passed", "allowed"), [(UNDO, True), (UNDO + timedelta(seconds=1), False)])
async def test_a_mistake_is_undone_within_a_month(
    office: Office, clock: MovableClock, passed: timedelta, *, allowed: bool
) -> None:
    """After that documents are shown again; the page is told beforehand."""
    gone, _ = await teacher(office)
    [ended] = (await end(office, gone, TEACHER)).former
    assert ended.may_give_back
    clock.move(seconds=passed.total_seconds())

    [listed] = (await former(office)).people
    assert [each.may_give_back for each in listed.former] == [allowed]
    if allowed:
        assert list((await give_back(office, gone, TEACHER)).roles) == [TEACHER]
    else:
        assert await reason(give_back(office, gone, TEACHER)) == "TOO_LATE_TO_GIVE_BACK"
        assert await status(office, gone) == PersonStatus.LEFT


async def test_whom_another_school_has_had_since_no_former_one_takes_back(office: Office) -> None:
    """A34: not even when the other one has lost them again; documents bring back the same account."""
    there = await open_office(office.town, office.keys)
    snils = office.town.snils()
    gone, login = await teacher(office, snils=snils)
    [row] = await office.town.rows(people, people.c.id == gone.person_id)
    born = row.birth_date.isoformat()
    await end(office, gone, TEACHER)
    await register(there, "Орлов Олег", born, snils)

    assert await reason(give_back(office, gone, TEACHER)) == "ELSEWHERE_SINCE"
    await end(there, gone, PUPIL)
    assert await reason(give_back(office, gone, TEACHER)) == "ELSEWHERE_SINCE"
    [listed] = (await former(office)).people
    assert [each.may_give_back for each in listed.former] == [False]

    back = await register(office, "Орлов Олег", born, snils)
    assert (back.returned, UUID(back.person.person_id)) == (True, gone.person_id)
    assert (await office.town.doors.enter_with_password(login, PASSWORD)).session.access_token


async def test_who_was_at_another_school_before_is_given_back_all_the_same(
    office: Office, clock: MovableClock
) -> None:
    """Somebody of two schools, one of which was mistaken."""
    there = await open_office(office.town, office.keys)
    both, _ = await teacher(office)
    await there.employ(both, Role.TEACHER)
    clock.move(seconds=1)
    await end(office, both, TEACHER)

    assert list((await give_back(office, both, TEACHER)).roles) == [TEACHER]


async def test_what_is_not_undone_any_more_holds_up_nothing_else(office: Office, clock: MovableClock) -> None:
    """Of two roles the one that ended lately is given back, alone."""
    both = await office.guardian_of(await office.pupil(), roles=(Role.GUARDIAN, Role.TEACHER))
    await end(office, both, GUARDIAN)
    clock.move(days=31)
    await end(office, both, TEACHER)

    assert await reason(give_back(office, both, TEACHER, GUARDIAN)) == "TOO_LATE_TO_GIVE_BACK"
    assert list((await give_back(office, both, TEACHER)).roles) == [TEACHER]


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
