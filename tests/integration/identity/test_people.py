"""What a school's registrar does with persons, and what a person sees of themselves."""

from __future__ import annotations

import asyncio
import hashlib
from uuid import UUID, uuid4

import pytest

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import people_pb2, sessions_pb2
from services.identity.accounts.storage import accounts
from services.identity.people.rules import Role
from services.identity.people.storage import people, person_roles
from services.kit.tables import requests
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason, refused


async def registrar(here: Town, doors: Doors, school: UUID) -> sessions_pb2.Session:
    """A registrar of a school, signed in."""
    login = f"registrar-{here.snils()}"
    await here.register(
        "Сидорова Вера Ильинична",
        roles={school: frozenset({Role.REGISTRAR})},
        login=login,
        password="a long enough one",
    )
    return (await doors.enter_with_password(login, "a long enough one")).session


def wish(school: UUID, **changes: object) -> people_pb2.RegisterPersonRequest:
    """A request that nothing is wrong with."""
    known: dict[str, object] = {
        "school_id": str(school),
        "request_id": uuid4().hex,
        "name": people_pb2.FullName(surname="Королёв", given_name="Пётр", patronymic="Олегович"),
        "birth_date": "2014-09-01",
        "snils": "",
        "roles": [WireRole.ROLE_PUPIL],
    }
    return people_pb2.RegisterPersonRequest(**{**known, **changes})  # type: ignore[arg-type]


async def register(
    doors: Doors, session: sessions_pb2.Session, request: people_pb2.RegisterPersonRequest
) -> people_pb2.Person:
    """Send it."""
    call = doors.people.RegisterPerson(request, timeout=DEADLINE, metadata=bearer(session))
    return (await call).person


async def test_a_registered_person_has_an_account_and_enters_through_esia(here: Town, doors: Doors) -> None:
    """R21: the register is all that the first entry needs."""
    school, snils = uuid4(), here.snils()
    session = await registrar(here, doors, school)

    person = await register(doors, session, wish(school, snils=f"{snils[:3]}-{snils[3:6]}-{snils[6:9]} 00"))
    entered = await doors.enter(
        here.citizen("Королев Петр Олегович", snils=snils, birth_date=None, level="standard")
    )

    assert entered.person == person
    assert person.roles == [WireRole.ROLE_PUPIL]
    assert await here.told(UUID(person.person_id)) == ["PersonRegistered"]
    assert [action for action, _ in await here.audited(person.person_id)] == [
        "register_person",
        "bind_profile",
    ]


async def test_the_tables_hold_no_readable_snils(here: Town, doors: Doors) -> None:
    """A33: neither in the person's row nor where repeated requests are remembered."""
    school, snils = uuid4(), here.snils()
    session = await registrar(here, doors, school)
    person = await register(doors, session, wish(school, snils=snils))

    (row,) = await here.rows(people, people.c.id == UUID(person.person_id))
    assert snils.encode() not in row.snils_box + row.snils_index
    remembered = await here.rows(requests, requests.c.method == "RegisterPerson")
    assert remembered
    for request in remembered:
        assert snils.encode() not in request.reply
        assert "Королёв".encode() not in request.reply


async def test_a_remembered_request_cannot_be_tried_out_for_its_snils(here: Town, doors: Doors) -> None:
    """A33: 10⁹ numbers are hashed in minutes, so no plain hash of one is kept beside what else is known."""
    school, snils = uuid4(), here.snils()
    session = await registrar(here, doors, school)
    await register(doors, session, wish(school, snils=snils))

    guess = wish(school, snils=snils, request_id="").SerializeToString(deterministic=True)
    assert not await here.rows(requests, requests.c.fingerprint == hashlib.sha256(guess).digest())


async def test_the_same_request_again_registers_nobody_else(here: Town, doors: Doors) -> None:
    """Ten at once are one."""
    school = uuid4()
    session = await registrar(here, doors, school)
    request = wish(school, snils=here.snils())

    persons = await asyncio.gather(*(register(doors, session, request) for _ in range(10)))

    assert len({person.person_id for person in persons}) == 1
    assert persons[0].name.surname == persons[-1].name.surname == "Королёв"
    assert len(await here.rows(person_roles, person_roles.c.school_id == school)) == 2


async def test_the_same_request_id_for_somebody_else_is_refused(here: Town, doors: Doors) -> None:
    school = uuid4()
    session = await registrar(here, doors, school)
    first = wish(school, snils=here.snils())
    await register(doors, session, first)
    other = wish(school, snils=here.snils(), request_id=first.request_id)

    assert await reason(register(doors, session, other)) == "REQUEST_ID_REUSED"


async def test_of_two_registrations_with_one_snils_at_once_one_is_taken(here: Town, doors: Doors) -> None:
    """A32: not even a race makes two persons of one SNILS."""
    school, snils = uuid4(), here.snils()
    session = await registrar(here, doors, school)

    outcomes = await asyncio.gather(
        *(register(doors, session, wish(school, snils=snils)) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(outcome, people_pb2.Person) for outcome in outcomes) == 1
    assert await reason(register(doors, session, wish(school, snils=snils))) == "SNILS_TAKEN"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"snils": "112-233-445 96"}, "BAD_SNILS"),
        ({"snils": "000-000-600 17"}, "BAD_SNILS"),
        ({"birth_date": "01.09.2014"}, "BAD_DATE"),
        ({"birth_date": "2114-09-01"}, "BAD_BIRTH_DATE"),
        ({"roles": []}, "BAD_ROLES"),
        ({"roles": [WireRole.ROLE_OPERATOR]}, "BAD_ROLES"),
        ({"roles": [WireRole.ROLE_UNSPECIFIED]}, "BAD_ROLES"),
        ({"roles": [99]}, "BAD_ROLES"),
        ({"name": people_pb2.FullName(surname="Ивaнова", given_name="Анна")}, "BAD_NAME"),
        ({"request_id": ""}, "BAD_REQUEST_ID"),
        ({"request_id": "nul\x00"}, "BAD_REQUEST_ID"),
        ({"school_id": "1"}, "BAD_ID"),
    ],
)
async def test_what_cannot_be_registered_is_refused_by_its_reason(
    here: Town, doors: Doors, changes: dict[str, object], why: str
) -> None:
    school = uuid4()
    session = await registrar(here, doors, school)
    before = len(await here.rows(accounts))

    assert await reason(register(doors, session, wish(school, **changes))) == why
    assert len(await here.rows(accounts)) == before


async def test_a_registrar_registers_at_the_own_school_alone(here: Town, doors: Doors) -> None:
    """A34."""
    session = await registrar(here, doors, uuid4())

    assert await reason(register(doors, session, wish(uuid4()))) == "NOT_THEIR_SCHOOL"


async def test_who_is_no_registrar_registers_nobody(here: Town, doors: Doors) -> None:
    """A34."""
    school, login = uuid4(), f"teacher-{here.snils()}"
    await here.register(roles={school: frozenset({Role.TEACHER})}, login=login, password="a long enough one")
    session = (await doors.enter_with_password(login, "a long enough one")).session

    assert await reason(register(doors, session, wish(school))) == "ROLE_NEEDED"


async def test_a_taken_snils_is_told_without_showing_it(here: Town, doors: Doors) -> None:
    """A5, A33."""
    school, snils = uuid4(), here.snils()
    await here.register("Иванова Ольга", snils=snils)
    session = await registrar(here, doors, school)

    said = await refused(register(doors, session, wish(school, snils=snils)))

    assert said.reason == "SNILS_TAKEN"
    assert snils not in f"{said.title} {said.metadata}"


async def test_who_is_not_bound_sees_so(here: Town, doors: Doors) -> None:
    school = uuid4()
    session = await registrar(here, doors, school)

    me = await doors.people.GetMe(people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=bearer(session))

    assert (me.person.name.given_name, me.esia_bound) == ("Вера", False)
    assert me.person.roles == [WireRole.ROLE_REGISTRAR]
