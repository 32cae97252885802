"""From a wrong letter in the register to the right one: R10."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest
from sqlalchemy import insert

from school.identity.v1 import corrections_pb2, events_pb2
from services.identity.corrections.rules import due_at
from services.identity.people.storage import people
from services.identity.schools.storage import schools
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from services.kit.tables import audit, outbox
from tests.integration.identity.corrections_office import (
    ACCEPTED,
    BIRTH_DATE,
    GIVEN_NAME,
    PATRONYMIC,
    REFUSED,
    SNILS,
    SURNAME,
    WAITING,
    WITHDRAWN,
    ask,
    mine,
    office,
    withdraw,
)
from tests.support.clock import MovableClock
from tests.support.identity import Town, reason
from tests.support.newcomer import Kind, Step, newcomer


async def test_a_wrong_letter_is_corrected_in_the_midst_of_an_activation(here: Town) -> None:
    """R10: asked for on the page of one's data, decided at school, told to everybody who shows the name."""
    desk = await office(here)
    person = await newcomer(here, "Королевна Алёна Сергеевна", school_id=desk.school_id)

    asked = await ask(person, SURNAME, " Королёва ", comment="Так в паспорте")

    assert (asked.state, asked.registered_value, asked.right_value) == (WAITING, "Королевна", "Королёва")
    assert (await person.standing()).correction_waiting
    (seen,) = (await desk.waiting()).corrections
    assert (seen.correction_id, seen.person_name) == (asked.correction_id, "Королевна Алёна Сергеевна")
    assert seen.comment == "Так в паспорте"

    accepted = await desk.accept(asked.correction_id)

    assert (accepted.state, accepted.person_name) == (ACCEPTED, "Королёва Алёна Сергеевна")
    at = await person.standing()
    assert (at.name.surname, at.correction_waiting) == ("Королёва", False)
    assert (await desk.waiting()).corrections == []
    events = await here.rows(outbox, outbox.c.aggregate_id == person.registered.person_id)
    told = [events_pb2.PersonRegistered.FromString(row.payload) for row in events]
    assert [(each.display_name, each.version) for each in told] == [("Королёва Алёна Сергеевна", 2)]
    assert await here.audited(person.registered.person_id) == [
        ("request_correction", "surname"),
        ("accept_correction", "surname"),
    ]
    (entry,) = await here.rows(
        audit,
        audit.c.action == "accept_correction",
        audit.c.object_id == str(person.registered.person_id),
    )
    assert entry.actor == str(desk.registered.person_id)


async def test_the_school_has_seven_working_days(here: Town, clock: MovableClock) -> None:
    person = await newcomer(here, school_id=new_id())

    asked = await ask(person, PATRONYMIC, "")

    due = asked.due_at.ToDatetime(tzinfo=UTC)
    assert due == due_at(clock.now(), ZoneInfo("Europe/Moscow"))
    assert timedelta(days=9) <= due - clock.now() <= timedelta(days=12)


async def test_working_days_are_those_of_the_school(here: Town, clock: MovableClock) -> None:
    """A region may span several zones."""
    async with here.database.transaction() as tx:
        far, told = new_id(), {"version": 1, "source_event": new_id()}
        row = {"school_id": far, "title": "Школа № 1", "zone": "Asia/Kamchatka"}
        await tx.execute(insert(schools), row | told)
    person = await newcomer(here, school_id=far)

    asked = await ask(person, PATRONYMIC, "")

    assert asked.due_at.ToDatetime(tzinfo=UTC) == due_at(clock.now(), ZoneInfo("Asia/Kamchatka"))


@pytest.mark.parametrize(
    ("field", "value", "column", "kept"),
    [
        (GIVEN_NAME, "Алина", "given_name", "Алина"),
        (PATRONYMIC, "", "patronymic", ""),
        (BIRTH_DATE, "1986-04-21", "birth_date", date(1986, 4, 21)),
    ],
)
async def test_each_field_can_be_corrected(
    here: Town, field: corrections_pb2.CorrectableField.ValueType, value: str, column: str, kept: object
) -> None:
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)

    await desk.accept((await ask(person, field, value)).correction_id)

    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert (row._mapping[column], row.version) == (kept, 2)


async def test_a_snils_is_corrected_and_shown_in_full_to_nobody_else(here: Town) -> None:
    """A33, and binding then goes by the new one (R21)."""
    desk = await office(here)
    wrong, right = here.snils(), here.snils()
    person = await newcomer(here, snils=wrong, school_id=desk.school_id)

    asked = await ask(person, SNILS, f"{right[:3]}-{right[3:6]}-{right[6:9]} {right[9:]}")

    assert asked.right_value == right
    assert asked.registered_value == f"***-***-*{wrong[7:9]} {wrong[9:]}"
    (seen,) = (await desk.waiting()).corrections
    assert seen.right_value == f"***-***-*{right[7:9]} {right[9:]}"
    await desk.accept(asked.correction_id)
    entered = await here.doors.enter(here.citizen(snils=right))
    assert entered.person.person_id == str(person.registered.person_id)


async def test_a_snils_of_somebody_else_is_not_given_twice(here: Town) -> None:
    """A32."""
    desk = await office(here)
    taken = here.snils()
    person = await newcomer(here, school_id=desk.school_id)
    asked = await ask(person, SNILS, taken)
    await here.register(snils=taken)

    assert await reason(desk.accept(asked.correction_id)) == "SNILS_TAKEN"

    assert (await mine(person))[0].state == WAITING


async def test_of_two_with_one_snils_at_once_one_gets_it(here: Town) -> None:
    """A32: two registrars accept at the same moment."""
    desk, snils = await office(here), here.snils()
    both = [await newcomer(here, school_id=desk.school_id) for _ in range(2)]
    asked = [await ask(person, SNILS, snils) for person in both]

    outcomes = await asyncio.gather(
        *(desk.accept(each.correction_id) for each in asked), return_exceptions=True
    )

    refusals = [refusal(each) for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert [answer.reason for answer in refusals] == ["SNILS_TAKEN"]


async def test_a_refusal_tells_why(here: Town) -> None:
    desk = await office(here)
    person = await (await newcomer(here, school_id=desk.school_id)).up_to(Step.ACTIVATION_STEP_DONE)
    asked = await ask(person, GIVEN_NAME, "Алина")
    assert await reason(desk.refuse(asked.correction_id, " \n ")) == "REASON_NEEDED"

    refused_one = await desk.refuse(asked.correction_id, "В паспорте\nиначе")

    assert (refused_one.state, refused_one.reason) == (REFUSED, "В паспорте иначе")
    assert (await mine(person))[0].reason == "В паспорте иначе"
    told = await person.letters(Kind.MESSAGE_KIND_CORRECTION_REFUSED)
    assert [each.values for each in told] == [{"field": "given_name", "reason": "В паспорте иначе"}] * 2
    assert {each.to for each in told} == {person.email, person.mobile}


async def test_an_acceptance_is_told_on_every_contact(here: Town) -> None:
    desk = await office(here)
    person = await (await newcomer(here, school_id=desk.school_id)).up_to(Step.ACTIVATION_STEP_DONE)

    await desk.accept((await ask(person, GIVEN_NAME, "Алина")).correction_id)

    told = await person.letters(Kind.MESSAGE_KIND_CORRECTION_ACCEPTED)
    assert {each.to for each in told} == {person.email, person.mobile}
    assert [each.values for each in told] == [{"field": "given_name"}] * 2


async def test_accepting_asks_the_registrar_who_they_are(here: Town, clock: MovableClock) -> None:
    """A8: another SNILS lets another profile in. Refusing does not ask."""
    desk = await office(here)
    person = await (await newcomer(here, school_id=desk.school_id)).up_to(Step.ACTIVATION_STEP_DONE)
    asked = await ask(person, GIVEN_NAME, "Алина")
    clock.move(minutes=6)
    desk.session = await here.doors.refresh(desk.session.refresh_token)

    assert await reason(desk.accept(asked.correction_id)) == "STEP_UP_NEEDED"
    assert (await desk.refuse(asked.correction_id)).state == REFUSED


async def test_a_correction_is_decided_once(here: Town) -> None:
    """The same decision again succeeds and does nothing; another one is refused."""
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)
    accepted = (await ask(person, GIVEN_NAME, "Алина")).correction_id
    refused_one = (await ask(person, PATRONYMIC, "Игоревна")).correction_id
    taken_back = (await ask(person, SURNAME, "Петрова")).correction_id
    await desk.accept(accepted)
    await desk.refuse(refused_one)
    await withdraw(person, taken_back)

    assert (await desk.accept(accepted)).state == ACCEPTED
    assert (await desk.refuse(refused_one)).state == REFUSED
    assert (await withdraw(person, taken_back)).state == WITHDRAWN
    for other in (
        desk.refuse(accepted),
        withdraw(person, accepted),
        desk.accept(refused_one),
        desk.accept(taken_back),
        desk.refuse(taken_back),
    ):
        assert await reason(other) == "CORRECTION_DECIDED"
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert row.version == 2


async def test_twenty_acceptances_at_once_change_the_field_once(here: Town) -> None:
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)
    asked = await ask(person, GIVEN_NAME, "Алина")

    replies = await asyncio.gather(*(desk.accept(asked.correction_id) for _ in range(20)))

    assert {reply.state for reply in replies} == {ACCEPTED}
    assert await here.told(person.registered.person_id) == ["PersonRegistered"]


async def test_acceptance_and_withdrawal_at_once_leave_one_of_them(here: Town) -> None:
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)
    asked = await ask(person, GIVEN_NAME, "Алина")

    outcomes = await asyncio.gather(
        desk.accept(asked.correction_id), withdraw(person, asked.correction_id), return_exceptions=True
    )

    refusals = [refusal(each) for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert [answer.reason for answer in refusals] == ["CORRECTION_DECIDED"]
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert (row.given_name == "Алина") == ((await mine(person))[0].state == ACCEPTED)


async def test_a_field_that_moved_on_is_not_overwritten(here: Town) -> None:
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)
    asked = await ask(person, GIVEN_NAME, "Алина")
    async with here.database.transaction() as tx:
        await tx.execute(
            people.update().where(people.c.id == person.registered.person_id).values(given_name="Анна")
        )

    assert await reason(desk.accept(asked.correction_id)) == "STALE_CORRECTION"

    assert (await mine(person))[0].state == WAITING
