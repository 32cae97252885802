"""How offices settle what a profile and the register disagree in."""

from __future__ import annotations

import asyncio
from datetime import UTC, date
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc

from school.identity.v1 import cases_pb2, corrections_pb2, events_pb2
from services.identity.cases.storage.tables import cases
from services.identity.corrections.rules import due_at
from services.identity.keyring import Sealed
from services.identity.people.storage import people
from services.kit.ids import new_id
from services.kit.rpc.policy import RECENT
from services.kit.rpc.status import refusal
from services.kit.tables import audit, outbox
from tests.support.case_office import GUARDIAN, CaseDesk, Resolution, case_desk, refused_by_name
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Town, bearer, reason
from tests.support.newcomer import Kind, Newcomer, Step, newcomer

ACCEPT = Resolution.CASE_RESOLUTION_ACCEPT_ESIA
KEEP = Resolution.CASE_RESOLUTION_KEEP_REGISTER
KEEPS_SNILS = Resolution.CASE_RESOLUTION_KEEPS_SNILS
RESOLVED = cases_pb2.CaseState.CASE_STATE_RESOLVED


async def only(desk: CaseDesk) -> cases_pb2.Case:
    """The one case in a queue."""
    (case,) = (await desk.waiting()).cases
    return case


async def activated(here: Town, school_id: UUID) -> Newcomer:
    """A guardian of the school with an account and confirmed contacts, as yet without Gosuslugi."""
    person = await newcomer(here, snils=here.snils(), school_id=school_id)
    return await person.up_to(Step.ACTIVATION_STEP_DONE)


async def refuse_again(here: Town, person: Newcomer) -> None:
    """The person comes from ESIA, where the surname is another one."""
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    box = Sealed(row.snils_box, row.snils_box_key)
    snils = here.keyring.open(box, context=f"snils of {row.id}")
    redirect = await here.doors.back_from_esia(here.citizen("Лебедева Алёна Сергеевна", snils=snils))
    assert await reason(here.doors.complete(redirect)) == "NAME_DIFFERS"


async def ask_for_surname(person: Newcomer, surname: str) -> str:
    """The person asks for another surname; the correction."""
    ask = corrections_pb2.RequestCorrectionRequest(
        request_id=new_id().hex,
        field=corrections_pb2.CORRECTABLE_FIELD_SURNAME,
        right_value=surname,
    )
    asked = await person.corrections.RequestCorrection(ask, timeout=DEADLINE, metadata=person.signed)
    return asked.correction.correction_id


async def accept(person: Newcomer, desk: CaseDesk, correction_id: str) -> None:
    """The registrar accepts."""
    wish = corrections_pb2.AcceptCorrectionRequest(school_id=str(desk.school_id), correction_id=correction_id)
    await person.corrections.AcceptCorrection(wish, timeout=DEADLINE, metadata=bearer(desk.session))


async def correct_surname(desk: CaseDesk, person: Newcomer, surname: str) -> None:
    """The person asks for another surname, and the registrar accepts."""
    await accept(person, desk, await ask_for_surname(person, surname))


async def test_the_registrar_sees_both_names_and_the_part_that_differs(
    here: Town, clock: MovableClock
) -> None:
    desk = await case_desk(here)
    person, snils = await refused_by_name(here, desk.school_id)

    case = await only(desk)

    (seen,) = case.people
    assert (seen.person_id, seen.name.surname) == (str(person.person_id), "Королёва")
    assert (case.profile.name.surname, case.part) == ("Лебедева", "surname")
    assert seen.snils_masked == case.profile.snils_masked == f"***-***-*{snils[7:9]} {snils[9:]}"
    assert snils not in str(case)
    assert list(case.resolutions) == [ACCEPT, KEEP]
    opened = case.opened_at.ToDatetime(tzinfo=UTC)
    assert case.due_at.ToDatetime(tzinfo=UTC) == due_at(opened, ZoneInfo("Europe/Moscow"))
    assert await desk.one(case.case_id) == case


async def test_accepting_esias_spelling_opens_the_door(here: Town) -> None:
    """R23: the field changes, the fact is told, the audit says who and why, and the next entry binds."""
    desk = await case_desk(here)
    person, snils = await refused_by_name(here, desk.school_id)
    case = await only(desk)

    settled = await desk.settle(case.case_id, ACCEPT)

    assert (settled.state, settled.resolution) == (RESOLVED, ACCEPT)
    assert not settled.HasField("profile")
    (row,) = await here.rows(people, people.c.id == person.person_id)
    assert (row.surname, row.given_name, row.patronymic) == ("Лебедева", "Алёна", "Сергеевна")
    events = await here.rows(outbox, outbox.c.aggregate_id == person.person_id)
    told = [events_pb2.PersonRegistered.FromString(each.payload) for each in events]
    assert [each.display_name for each in told] == ["Лебедева Алёна Сергеевна"]
    assert ("correct_person", "surname: NAME_DIFFERS") in await here.audited(person.person_id)
    (entry,) = await here.rows(audit, audit.c.action == "resolve_case", audit.c.object_id == case.case_id)
    assert (entry.actor, entry.why) == (str(desk.registered.person_id), "ACCEPT_ESIA")
    assert (await desk.waiting()).cases == []
    entered = await here.doors.enter(here.citizen("Лебедева Алёна Сергеевна", snils=snils))
    assert entered.person.person_id == str(person.person_id)


async def test_to_take_over_what_esia_says_one_shows_who_one_is(here: Town, clock: MovableClock) -> None:
    """A8: it lets a profile in, as a correction does. Keeping the register asks nothing."""
    desk = await case_desk(here)
    await refused_by_name(here, desk.school_id)
    case = await only(desk)
    clock.move(seconds=RECENT.total_seconds() + 1)
    desk.session = await here.doors.refresh(desk.session.refresh_token)

    assert await reason(desk.settle(case.case_id, ACCEPT)) == "STEP_UP_NEEDED"
    assert (await only(desk)).case_id == case.case_id
    assert (await desk.settle(case.case_id, KEEP, why="В паспорте иначе")).resolution == KEEP


async def test_a_patronymic_that_esia_leaves_out_stays(here: Town) -> None:
    desk = await case_desk(here)
    person, _ = await refused_by_name(here, desk.school_id, at_esia="Лебедева Алёна")

    await desk.settle((await only(desk)).case_id, ACCEPT)

    (row,) = await here.rows(people, people.c.id == person.person_id)
    assert (row.surname, row.patronymic) == ("Лебедева", "Сергеевна")


async def test_a_birth_date_is_taken_over(here: Town) -> None:
    desk, snils = await case_desk(here), here.snils()
    person = await here.register(snils=snils, birth_date=date(1986, 4, 13), roles={desk.school_id: GUARDIAN})
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "BIRTH_DATE_DIFFERS"

    await desk.settle((await only(desk)).case_id, ACCEPT)

    (row,) = await here.rows(people, people.c.id == person.person_id)
    assert row.birth_date == date(1986, 4, 12)


async def test_who_keeps_the_register_says_why_and_the_person_reads_it(here: Town) -> None:
    desk = await case_desk(here)
    person = await activated(here, desk.school_id)
    await refuse_again(here, person)
    case = await only(desk)
    assert await reason(desk.settle(case.case_id, KEEP, why=" \n")) == "REASON_NEEDED"

    settled = await desk.settle(case.case_id, KEEP, why="В паспорте\nиначе")

    assert settled.reason == "В паспорте иначе"
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert (row.surname, row.version) == ("Королёва", 1)
    told = await person.letters(Kind.MESSAGE_KIND_CASE_DISMISSED)
    assert [each.values for each in told] == [{"reason": "В паспорте иначе"}] * 2
    stub = desk.stub
    reply = await stub.ListMyCases(cases_pb2.ListMyCasesRequest(), timeout=DEADLINE, metadata=person.signed)
    assert [(each.state, each.reason) for each in reply.cases] == [(RESOLVED, "В паспорте иначе")]
    assert not reply.cases[0].HasField("profile")
    assert not reply.cases[0].people


async def test_two_registrars_at_once_settle_it_once(here: Town) -> None:
    """One resolution stands; the other registrar learns that it is closed."""
    school = new_id()
    desks = [await case_desk(here, school) for _ in range(2)]
    person, _ = await refused_by_name(here, school)
    case = await only(desks[0])

    outcomes = await asyncio.gather(
        desks[0].settle(case.case_id, ACCEPT),
        desks[1].settle(case.case_id, KEEP, why="В паспорте иначе"),
        return_exceptions=True,
    )

    refusals = [refusal(each) for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert [each.reason for each in refusals] == ["CASE_CLOSED"]
    (row,) = await here.rows(people, people.c.id == person.person_id)
    (closed,) = await here.rows(cases, cases.c.id == UUID(case.case_id))
    assert row.surname == ("Лебедева" if closed.resolution == "ACCEPT_ESIA" else "Королёва")
    assert (
        len(await here.rows(audit, audit.c.action == "resolve_case", audit.c.object_id == case.case_id)) == 1
    )


async def test_ten_presses_of_one_button_are_one_resolution(here: Town) -> None:
    desk = await case_desk(here)
    person, _ = await refused_by_name(here, desk.school_id)
    case = await only(desk)

    settled = await asyncio.gather(*(desk.settle(case.case_id, ACCEPT) for _ in range(10)))

    assert {each.state for each in settled} == {RESOLVED}
    (row,) = await here.rows(people, people.c.id == person.person_id)
    assert row.version == 2


async def test_another_schools_case_does_not_exist(here: Town) -> None:
    """A34: neither in the list, nor by its id, nor to be settled."""
    stranger, at_home = await case_desk(here), await case_desk(here)
    await refused_by_name(here, at_home.school_id)
    case = await only(at_home)

    assert (await stranger.waiting()).cases == []
    assert await reason(stranger.one(case.case_id)) == "UNKNOWN_CASE"
    assert await reason(stranger.settle(case.case_id, ACCEPT)) == "UNKNOWN_CASE"
    stranger.school_id = at_home.school_id
    assert await reason(stranger.waiting()) == "NOT_THEIR_SCHOOL"
    assert await reason(stranger.in_region()) == "ROLE_NEEDED"


async def test_nobody_settles_their_own_case(here: Town) -> None:
    desk = await case_desk(here)
    redirect = await here.doors.back_from_esia(here.citizen("Волкова Вера Павловна", snils=desk.snils))
    assert await reason(here.doors.complete(redirect)) == "NAME_DIFFERS"
    case = await only(desk)

    assert await reason(desk.settle(case.case_id, ACCEPT)) == "OWN_DATA"

    colleague = await case_desk(here, desk.school_id)
    assert (await colleague.settle(case.case_id, KEEP, why="Чужой профиль")).state == RESOLVED


async def test_such_a_case_ends_only_as_its_kind_allows(here: Town) -> None:
    desk = await case_desk(here)
    await refused_by_name(here, desk.school_id)
    case = await only(desk)

    assert await reason(desk.settle(case.case_id, KEEPS_SNILS)) == "RESOLUTION_UNFIT"
    assert await reason(desk.settle(case.case_id, Resolution.CASE_RESOLUTION_AGREED)) == "RESOLUTION_UNFIT"
    assert await reason(desk.settle(str(new_id()), ACCEPT)) == "UNKNOWN_CASE"


async def test_the_queue_is_paged_the_oldest_first(here: Town) -> None:
    desk = await case_desk(here)
    persons = [(await refused_by_name(here, desk.school_id))[0] for _ in range(3)]

    first = await desk.waiting(size=2)
    rest = await desk.waiting(size=2, token=first.next_page_token)

    shown = [case.people[0].person_id for case in (*first.cases, *rest.cases)]
    assert shown == [str(each.person_id) for each in persons]
    assert not rest.next_page_token
    assert await reason(desk.waiting(token="?")) == "BAD_PAGE_TOKEN"


async def test_the_operator_sees_the_cases_of_all_schools(here: Town) -> None:
    operator = await case_desk(here, operator=True)
    people_ids = {str((await refused_by_name(here))[0].person_id) for _ in range(2)}

    seen: set[str] = set()
    token = ""
    while True:
        page = await operator.in_region(size=200, token=token)
        seen |= {one.person_id for case in page.cases for one in case.people}
        token = page.next_page_token
        if not token:
            break

    assert people_ids <= seen


async def test_a_correction_that_makes_the_two_agree_closes_the_case(here: Town) -> None:
    """Its reason is gone: nobody has to look at it any more."""
    desk = await case_desk(here)
    person = await activated(here, desk.school_id)
    await refuse_again(here, person)
    case = await only(desk)

    await correct_surname(desk, person, "Лебедева")

    assert (await desk.waiting()).cases == []
    closed = await desk.one(case.case_id)
    assert (closed.state, closed.resolution) == (
        cases_pb2.CaseState.CASE_STATE_LAPSED,
        Resolution.CASE_RESOLUTION_AGREED,
    )
    assert await reason(desk.settle(case.case_id, ACCEPT)) == "CASE_CLOSED"


async def test_a_correction_of_something_else_leaves_it_open(here: Town) -> None:
    desk = await case_desk(here)
    person = await activated(here, desk.school_id)
    await refuse_again(here, person)

    await correct_surname(desk, person, "Воробьёва")

    assert (await only(desk)).profile.name.surname == "Лебедева"


async def test_what_esia_said_and_cannot_be_registered_is_not_taken_over(here: Town) -> None:
    """A13: a name of two alphabets is a mistake or a trick."""
    desk = await case_desk(here)
    await refused_by_name(here, desk.school_id, at_esia="Лeбедева Алёна Сергеевна")  # a Latin e

    assert await reason(desk.settle((await only(desk)).case_id, ACCEPT)) == "BAD_FIELD"


async def test_who_mends_it_at_esia_and_enters_leaves_no_case_behind(here: Town, clock: MovableClock) -> None:
    """The case is closed by the next sweep; one of somebody who did not enter stays."""
    desk = await case_desk(here)
    person, snils = await refused_by_name(here, desk.school_id)
    other, _ = await refused_by_name(here, desk.school_id)
    clock.move(seconds=60)
    await here.doors.enter(here.citizen("Королёва Алёна Сергеевна", snils=snils))

    await here.sweep()

    assert [case.people[0].person_id for case in (await desk.waiting()).cases] == [str(other.person_id)]
    (row,) = await here.rows(cases, cases.c.person_id == person.person_id)
    assert (row.state, row.resolution, row.said_box) == ("LAPSED", "AGREED", None)


async def test_refusals_resolutions_and_corrections_at_once_wait_for_each_other(here: Town) -> None:
    """Whoever comes first, nobody is told that something broke: no circle of locks, one end of the case."""
    school = new_id()
    desks = [await case_desk(here, school) for _ in range(2)]
    person = await activated(here, school)
    await refuse_again(here, person)
    case = await only(desks[0])
    asked = await ask_for_surname(person, "Лебедева")
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    box = Sealed(row.snils_box, row.snils_box_key)
    snils = here.keyring.open(box, context=f"snils of {row.id}")
    citizens = [here.citizen("Воронова Алёна Сергеевна", snils=snils) for _ in range(25)]
    redirects = [await here.doors.back_from_esia(citizen) for citizen in citizens]

    outcomes = await asyncio.gather(
        *(here.doors.complete(redirect) for redirect in redirects),
        *(desk.settle(case.case_id, ACCEPT) for desk in desks for _ in range(10)),
        *(accept(person, desk, asked) for desk in desks for _ in range(5)),
        return_exceptions=True,
    )

    reasons = {refusal(each).reason for each in outcomes if isinstance(each, grpc.aio.AioRpcError)}
    assert reasons <= {"NAME_DIFFERS", "CASE_CLOSED", "STALE_CORRECTION", "CORRECTION_DECIDED"}
    (changed,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert (changed.surname, changed.version) == ("Лебедева", 2)
    left = await here.rows(cases, cases.c.person_id == person.registered.person_id, cases.c.state == "OPEN")
    # Each of the strangers' profiles is a matter of its own.
    assert len(left) == len(citizens)
