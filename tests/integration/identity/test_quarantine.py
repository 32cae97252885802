"""A32: two who claim one SNILS are both set aside, their schools are told, and papers decide."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import grpc
from sqlalchemy import func, select

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import cases_pb2, corrections_pb2, people_pb2
from services.identity.cases.storage.tables import case_people, cases
from services.identity.people.rules import Role
from services.identity.people.storage import insert_roles, people
from services.kit.ids import new_id
from services.kit.rpc.policy import RECENT
from services.kit.rpc.status import refusal
from services.kit.tables import audit
from tests.support.case_office import GUARDIAN, CaseDesk, Resolution, case_desk
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Registered, Town, bearer, reason
from tests.support.newcomer import Kind, Newcomer, Step, letters, newcomer

KEEPS = Resolution.CASE_RESOLUTION_KEEPS_SNILS
SEVERAL = cases_pb2.CaseKind.CASE_KIND_SEVERAL_REGISTERED


async def register(
    here: Town, desk: CaseDesk, snils: str, *, documents_seen: bool
) -> people_pb2.RegisterPersonResponse:
    """The registrar registers a guardian with a SNILS."""
    request = people_pb2.RegisterPersonRequest(
        school_id=str(desk.school_id),
        request_id=uuid4().hex,
        name=people_pb2.FullName(surname="Лебедева", given_name="Анна", patronymic="Олеговна"),
        birth_date="1990-02-03",
        snils=snils,
        roles=[WireRole.ROLE_GUARDIAN],
        documents_seen=documents_seen,
    )
    return await here.doors.people.RegisterPerson(request, timeout=DEADLINE, metadata=bearer(desk.session))


async def two_claimants(here: Town) -> tuple[str, Registered, UUID, CaseDesk, CaseDesk]:
    """Somebody of one school, and somebody whom another school registers with the same SNILS."""
    snils, old_school = here.snils(), new_id()
    first = await here.register(snils=snils, roles={old_school: GUARDIAN})
    former, desk = await case_desk(here, old_school), await case_desk(here)
    reply = await register(here, desk, snils, documents_seen=True)
    assert reply.snils_disputed
    return snils, first, UUID(reply.person.person_id), former, desk


async def disputed(here: Town, person_id: UUID) -> tuple[bool, bool]:
    """Whether somebody is in quarantine, and whether they have a SNILS."""
    (row,) = await here.rows(people, people.c.id == person_id)
    return row.snils_disputed, row.snils_index is not None


async def test_without_documents_the_number_stays_where_it_is(here: Town) -> None:
    snils = here.snils()
    first = await here.register(snils=snils)
    desk = await case_desk(here)

    assert await reason(register(here, desk, snils, documents_seen=False)) == "SNILS_TAKEN"

    assert await disputed(here, first.person_id) == (False, True)
    assert (await desk.waiting()).cases == []


async def test_with_documents_both_are_set_aside_and_neither_is_matched(here: Town) -> None:
    snils, first, second, former, desk = await two_claimants(here)

    assert await disputed(here, first.person_id) == (True, True)
    assert await disputed(here, second) == (True, True)
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "SEVERAL_REGISTERED"
    for each in (former, desk):
        (case,) = (await each.waiting()).cases
        assert (case.kind, len(case.people)) == (SEVERAL, 2)
    assert len(await here.rows(case_people, case_people.c.person_id == second)) == 1


async def test_a_person_of_another_school_is_shown_as_the_school_alone(here: Town) -> None:
    """Whose registrar it is not, learns with which school to talk, and nothing of the person."""
    _, first, second, former, _ = await two_claimants(here)

    (case,) = (await former.waiting()).cases

    by_id = {one.person_id: one for one in case.people}
    assert by_id[str(first.person_id)].name.surname == "Королёва"
    stranger = by_id[str(second)]
    assert (stranger.name.surname, stranger.birth_date, stranger.snils_masked) == ("", "", "")


async def test_the_registrars_of_both_schools_are_told(here: Town) -> None:
    snils, school = here.snils(), new_id()
    registrar = await newcomer(here, school_id=school)
    await registrar.up_to(Step.ACTIVATION_STEP_DONE)
    async with here.database.transaction() as tx:
        await insert_roles(
            tx.connection,
            registrar.registered.person_id,
            school,
            {Role.REGISTRAR},
            at=here.clock.now(),
        )
    await here.register(snils=snils, roles={school: GUARDIAN})
    desk = await case_desk(here)

    await register(here, desk, snils, documents_seen=True)

    told = await letters(here, registrar.registered.person_id)
    assert [each.kind for each in told if each.kind == Kind.MESSAGE_KIND_SNILS_DISPUTED] == [
        Kind.MESSAGE_KIND_SNILS_DISPUTED
    ] * 2


async def test_a_third_school_is_told_and_sees_the_same_case(here: Town) -> None:
    """Whoever comes later joins the case; only their registrars hear of it anew."""
    snils, _, _, former, _ = await two_claimants(here)
    late = await newcomer(here, school_id=new_id())
    await late.up_to(Step.ACTIVATION_STEP_DONE)
    third = await case_desk(here)
    async with here.database.transaction() as tx:
        await insert_roles(
            tx.connection,
            late.registered.person_id,
            third.school_id,
            {Role.REGISTRAR},
            at=here.clock.now(),
        )

    await register(here, third, snils, documents_seen=True)

    (case,) = (await third.waiting()).cases
    assert case.case_id == (await former.waiting()).cases[0].case_id
    assert len(case.people) == 3
    told = await letters(here, late.registered.person_id)
    assert {each.to for each in told if each.kind == Kind.MESSAGE_KIND_SNILS_DISPUTED} == {
        late.email,
        late.mobile,
    }


async def test_a_school_gives_the_number_up(here: Town) -> None:
    """The other person leaves the quarantine and enters; the former owner is told, and the audit says so."""
    snils, first, second, former, desk = await two_claimants(here)
    (case,) = (await former.waiting()).cases
    assert {one.person_id for one in case.people if one.may_keep_snils} == {str(second)}

    await former.settle(case.case_id, KEEPS, person_id=second)

    assert await disputed(here, first.person_id) == (False, False)
    assert await disputed(here, second) == (False, True)
    assert ("correct_person", "snils: SEVERAL_REGISTERED") in await here.audited(first.person_id)
    (entry,) = await here.rows(audit, audit.c.action == "resolve_case", audit.c.object_id == case.case_id)
    assert entry.actor == str(former.registered.person_id)
    citizen = here.citizen("Лебедева Анна Олеговна", snils=snils, birth_date=None)
    assert (await here.doors.enter(citizen)).person.person_id == str(second)
    assert (await desk.waiting()).cases == []


async def test_to_give_the_number_up_one_shows_who_one_is(here: Town, clock: MovableClock) -> None:
    """A8: whoever keeps the number is matched by it from then on."""
    _, first, second, former, _ = await two_claimants(here)
    (case,) = (await former.waiting()).cases
    clock.move(seconds=RECENT.total_seconds() + 1)
    former.session = await here.doors.refresh(former.session.refresh_token)

    assert await reason(former.settle(case.case_id, KEEPS, person_id=second)) == "STEP_UP_NEEDED"
    assert [await disputed(here, one) for one in (first.person_id, second)] == [(True, True)] * 2


async def test_no_school_takes_the_number_from_another_schools_person(here: Town) -> None:
    """Papers at one school prove nothing about a person whom it has never seen."""
    _, first, second, _, desk = await two_claimants(here)
    (case,) = (await desk.waiting()).cases

    assert await reason(desk.settle(case.case_id, KEEPS, person_id=second)) == "OTHER_SCHOOL_DECIDES"
    assert await reason(desk.settle(case.case_id, KEEPS, person_id=new_id())) == "UNKNOWN_PERSON"
    assert await reason(desk.settle(case.case_id, KEEPS)) == "UNKNOWN_PERSON"

    assert await disputed(here, first.person_id) == (True, True)


async def test_the_operator_decides_between_schools(here: Town) -> None:
    _, first, second, _, desk = await two_claimants(here)
    operator = await case_desk(here, operator=True)
    (case,) = (await desk.waiting()).cases

    await operator.settle(case.case_id, KEEPS, person_id=first.person_id)

    assert await disputed(here, first.person_id) == (False, True)
    assert await disputed(here, second) == (False, False)


async def test_both_schools_at_once_settle_it_once(here: Town) -> None:
    """Each gives the number up to the other: one of them is first, and somebody keeps the number."""
    _, first, second, former, desk = await two_claimants(here)
    (case,) = (await desk.waiting()).cases

    outcomes = await asyncio.gather(
        former.settle(case.case_id, KEEPS, person_id=second),
        desk.settle(case.case_id, KEEPS, person_id=first.person_id),
        return_exceptions=True,
    )

    refusals = [refusal(each).reason for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert refusals == ["CASE_CLOSED"]
    stands = [await disputed(here, first.person_id), await disputed(here, second)]
    assert sorted(stands) == [(False, False), (False, True)]


async def test_many_registered_at_once_with_one_number_are_all_set_aside(here: Town) -> None:
    """However they come, at most one person outside the quarantine has a number."""
    snils, claimants = here.snils(), 12
    await here.register(snils=snils)
    desks = await asyncio.gather(*(case_desk(here) for _ in range(3)))

    await asyncio.gather(
        *(register(here, desks[number % 3], snils, documents_seen=True) for number in range(claimants))
    )

    case_ids = {case.case_id for desk in desks for case in (await desk.waiting()).cases}
    assert len(case_ids) == 1
    (case,) = (await desks[0].waiting()).cases
    assert len(case.people) == claimants + 1
    ids = [UUID(one.person_id) for one in case.people]
    assert {await disputed(here, each) for each in ids} == {(True, True)}


async def test_who_leaves_by_a_correction_takes_the_other_out_as_well(here: Town) -> None:
    """The quarantine ends by itself once nobody else claims the number."""
    snils = here.snils()
    first = await here.register(snils=snils)
    desk = await case_desk(here)
    person = await newcomer(here, school_id=desk.school_id)
    await correct_snils(here, desk, person, snils, documents_seen=True)
    assert await disputed(here, first.person_id) == (True, True)
    (case,) = (await desk.waiting()).cases

    await correct_snils(here, desk, person, here.snils(), documents_seen=False)

    assert await disputed(here, first.person_id) == (False, True)
    assert await disputed(here, person.registered.person_id) == (False, True)
    assert (await desk.one(case.case_id)).resolution == Resolution.CASE_RESOLUTION_AGREED


async def test_the_tables_know_one_open_case_of_a_number(here: Town) -> None:
    """Whoever comes upon it: a registration, a correction, a sign-in."""
    snils, _, second, _, _ = await two_claimants(here)
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "SEVERAL_REGISTERED"

    async with here.database.read() as connection:
        count = await connection.scalar(
            select(func.count())
            .select_from(cases)
            .join(case_people, case_people.c.case_id == cases.c.id)
            .where(case_people.c.person_id == second)
        )
    assert count == 1


async def correct_snils(
    here: Town, desk: CaseDesk, person: Newcomer, snils: str, *, documents_seen: bool
) -> None:
    """The person asks for a SNILS, and the registrar accepts."""
    ask = corrections_pb2.RequestCorrectionRequest(
        request_id=new_id().hex, field=corrections_pb2.CORRECTABLE_FIELD_SNILS, right_value=snils
    )
    asked = await person.corrections.RequestCorrection(ask, timeout=DEADLINE, metadata=person.signed)
    accept = corrections_pb2.AcceptCorrectionRequest(
        school_id=str(desk.school_id),
        correction_id=asked.correction.correction_id,
        documents_seen=documents_seen,
    )
    await person.corrections.AcceptCorrection(accept, timeout=DEADLINE, metadata=bearer(desk.session))
