"""What a refusal leaves with the school's office: one case, sealed, and closed when nobody comes back."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import UUID

from services.identity.cases.rules import KEPT_CLOSED, KEPT_OPEN
from services.identity.cases.storage.tables import case_people, case_schools, cases
from services.identity.people.rules import Role
from services.kit.ids import new_id
from tests.support.clock import MovableClock
from tests.support.identity import Registered, Town, reason

GUARDIAN = frozenset({Role.GUARDIAN})


async def refuse_name(here: Town, *schools: UUID, times: int = 1) -> Registered:
    """Somebody whose surname at ESIA is another one than at the schools, and who tries to enter."""
    snils = here.snils()
    person = await here.register(
        "Королёва Алёна Сергеевна",
        snils=snils,
        roles=dict.fromkeys(schools or (new_id(),), GUARDIAN),
    )
    citizen = here.citizen("Лебедева Алёна Сергеевна", snils=snils)
    for _ in range(times):
        redirect = await here.doors.back_from_esia(citizen)
        assert await reason(here.doors.complete(redirect)) == "NAME_DIFFERS"
    return person


async def test_a_refused_name_is_a_case_of_every_school_of_the_person(here: Town) -> None:
    schools = (new_id(), new_id())

    person = await refuse_name(here, *schools)

    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    assert (row.kind, row.detail, row.state) == ("NAME_DIFFERS", "surname", "OPEN")
    told = await here.rows(case_schools, case_schools.c.case_id == row.id)
    assert {each.school_id for each in told} == set(schools)
    assert ("open_case", "NAME_DIFFERS") in await here.audited(row.id)


async def test_refused_again_it_is_the_same_case(here: Town, clock: MovableClock) -> None:
    person = await refuse_name(here, times=2)

    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    assert row.last_at >= row.opened_at
    assert len(await here.audited(row.id)) == 1


async def test_twenty_refusals_at_once_open_one_case(here: Town) -> None:
    snils = here.snils()
    person = await here.register("Королёва Алёна Сергеевна", snils=snils)
    citizen = here.citizen("Лебедева Алёна Сергеевна", snils=snils)
    redirects = [await here.doors.back_from_esia(citizen) for _ in range(20)]

    reasons = await asyncio.gather(*(reason(here.doors.complete(redirect)) for redirect in redirects))

    assert set(reasons) == {"NAME_DIFFERS"}
    assert len(await here.rows(cases, cases.c.person_id == person.person_id)) == 1


async def test_what_esia_said_does_not_lie_in_clear(here: Town) -> None:
    person = await refuse_name(here)

    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    written = b"".join(str(value).encode() + bytes(value or b"") for value in (row.said_box, row.key))
    assert row.said_box is not None
    assert "Лебедева".encode() not in written


async def test_two_who_claim_one_snils_are_one_case_for_both_schools(here: Town) -> None:
    snils, one, other = here.snils(), new_id(), new_id()
    first = await here.register(snils=snils, roles={one: GUARDIAN}, disputed=True)
    second = await here.register(snils=snils, roles={other: GUARDIAN}, disputed=True)

    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "SEVERAL_REGISTERED"

    (row,) = await here.rows(case_people, case_people.c.person_id == first.person_id)
    (same,) = await here.rows(case_people, case_people.c.person_id == second.person_id)
    assert row.case_id == same.case_id
    told = await here.rows(case_schools, case_schools.c.case_id == row.case_id)
    assert {each.school_id for each in told} == {one, other}
    (opened,) = await here.rows(cases, cases.c.id == row.case_id)
    assert opened.said_box is None


async def test_what_a_school_cannot_settle_is_no_case(here: Town) -> None:
    """An unknown SNILS belongs to nobody here; a low level is raised at Gosuslugi."""
    before = len(await here.rows(cases))

    unknown = await here.doors.back_from_esia(here.citizen(snils=here.snils()))
    assert await reason(here.doors.complete(unknown)) == "SNILS_UNKNOWN"

    assert len(await here.rows(cases)) == before


async def test_a_case_that_nobody_comes_back_to_lapses_and_forgets_what_esia_said(
    here: Town, clock: MovableClock
) -> None:
    person = await refuse_name(here)

    clock.move(seconds=KEPT_OPEN.total_seconds() + 60)
    await here.sweep()

    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    assert (row.state, row.resolution, row.said_box) == ("LAPSED", "EXPIRED", None)

    clock.move(seconds=KEPT_CLOSED.total_seconds() + 60)
    await here.sweep()
    assert not await here.rows(cases, cases.c.person_id == person.person_id)


async def test_a_birth_date_that_differs_is_a_case_too(here: Town) -> None:
    snils = here.snils()
    person = await here.register(snils=snils, birth_date=date(1986, 4, 13))

    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "BIRTH_DATE_DIFFERS"

    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    assert row.kind == "BIRTH_DATE_DIFFERS"
