"""Corrections that wait: one of a field at a time, whose they are, and how long they are kept (R10)."""

from __future__ import annotations

import asyncio
from uuid import UUID

import grpc

from school.identity.v1 import corrections_pb2
from services.identity.corrections.storage import corrections
from services.identity.people.storage import people
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from services.kit.tables import audit, outbox, requests
from tests.integration.identity.corrections_office import (
    ACCEPTED,
    BIRTH_DATE,
    GIVEN_NAME,
    PATRONYMIC,
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
from tests.support.identity import Town, reason, refused
from tests.support.newcomer import Newcomer, newcomer


async def test_one_correction_of_a_field_waits_at_a_time(here: Town) -> None:
    person = await newcomer(here, school_id=new_id())
    await ask(person, GIVEN_NAME, "Алина")

    assert await reason(ask(person, GIVEN_NAME, "Анна")) == "CORRECTION_WAITS"
    assert (await ask(person, SURNAME, "Петрова")).state == WAITING


async def test_of_twenty_corrections_of_a_field_at_once_one_waits(here: Town) -> None:
    person = await newcomer(here, school_id=new_id())

    outcomes = await asyncio.gather(
        *(ask(person, GIVEN_NAME, "Алина") for _ in range(20)), return_exceptions=True
    )

    refusals = [refusal(each).reason for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert refusals == ["CORRECTION_WAITS"] * 19


async def test_the_same_request_again_gets_the_same_answer(here: Town) -> None:
    person = await newcomer(here, school_id=new_id())
    request_id = new_id().hex

    first = await ask(person, GIVEN_NAME, "Алина", request_id=request_id)

    assert await ask(person, GIVEN_NAME, "Алина", request_id=request_id) == first
    assert await reason(ask(person, GIVEN_NAME, "Анна", request_id=request_id)) == "REQUEST_ID_REUSED"
    assert len(await mine(person)) == 1


async def test_what_is_no_correction_is_refused(here: Town) -> None:
    person = await newcomer(here, snils=here.snils(), school_id=new_id())

    assert await reason(ask(person, GIVEN_NAME, "Алёна")) == "NOTHING_TO_CORRECT"
    wrong = await refused(ask(person, SURNAME, "Kоролёва"))
    assert (wrong.reason, wrong.metadata) == ("BAD_FIELD", {"field": "surname"})
    wrong = await refused(ask(person, BIRTH_DATE, "2999-01-01"))
    assert (wrong.reason, wrong.metadata) == ("BAD_FIELD", {"field": "birth_date"})
    wrong = await refused(ask(person, SNILS, "112-233-445 96"))
    assert (wrong.reason, wrong.metadata) == ("BAD_FIELD", {"field": "snils"})
    unsaid = await refused(ask(person, corrections_pb2.CORRECTABLE_FIELD_UNSPECIFIED, "x"))
    assert (unsaid.reason, unsaid.metadata) == ("BAD_FIELD", {"field": "field"})


async def test_whose_school_it_is_not_sees_and_decides_nothing(here: Town) -> None:
    """A34: another school's correction is as unknown as none."""
    person = await newcomer(here, school_id=new_id())
    asked = await ask(person, GIVEN_NAME, "Алина")
    other = await office(here)

    assert (await other.waiting()).corrections == []
    assert await reason(other.accept(asked.correction_id)) == "UNKNOWN_CORRECTION"
    assert await reason(other.refuse(asked.correction_id)) == "UNKNOWN_CORRECTION"
    other.school_id = UUID(asked.school_id)
    assert await reason(other.waiting()) == "NOT_THEIR_SCHOOL"
    assert await reason(other.accept(asked.correction_id)) == "NOT_THEIR_SCHOOL"
    assert await reason(other.refuse(asked.correction_id)) == "NOT_THEIR_SCHOOL"


async def test_a_registrar_decides_nothing_about_themselves(here: Town) -> None:
    """R10: the papers are looked at by somebody else; the person may still take it back."""
    desk = await office(here)
    colleague = await office(here, desk.school_id)
    person = Newcomer(here, desk.registered, "", desk.session)
    asked = await ask(person, GIVEN_NAME, "Вероника")

    assert await reason(desk.accept(asked.correction_id)) == "OWN_DATA"
    assert await reason(desk.refuse(asked.correction_id)) == "OWN_DATA"
    (row,) = await here.rows(people, people.c.id == desk.registered.person_id)
    assert row.given_name == "Вера"

    assert (await colleague.accept(asked.correction_id)).state == ACCEPTED
    again = await ask(person, GIVEN_NAME, "Вера")
    assert (await withdraw(person, again.correction_id)).state == WITHDRAWN


async def test_nobody_takes_back_what_somebody_else_asked(here: Town) -> None:
    """A34."""
    person, other = await newcomer(here, school_id=new_id()), await newcomer(here)
    asked = await ask(person, GIVEN_NAME, "Алина")

    assert await reason(withdraw(other, asked.correction_id)) == "UNKNOWN_CORRECTION"
    assert await reason(withdraw(other, str(new_id()))) == "UNKNOWN_CORRECTION"
    assert await mine(other) == []


async def test_the_schools_list_is_paged_by_urgency(here: Town) -> None:
    desk = await office(here)
    asked = [
        (await ask(await newcomer(here, school_id=desk.school_id), GIVEN_NAME, "Алина")).correction_id
        for _ in range(5)
    ]
    seen: list[str] = []
    token = ""
    while True:
        page = await desk.waiting(size=2, token=token)
        seen += [each.correction_id for each in page.corrections]
        token = page.next_page_token
        if not token:
            break

    assert seen == asked
    assert await reason(desk.waiting(token="nonsense")) == "BAD_PAGE_TOKEN"


async def test_old_decisions_are_removed_after_a_year(here: Town, clock: MovableClock) -> None:
    desk = await office(here)
    person = await newcomer(here, school_id=desk.school_id)
    decided = await ask(person, GIVEN_NAME, "Алина")
    await desk.accept(decided.correction_id)
    waiting = await ask(person, PATRONYMIC, "Игоревна")
    clock.move(days=366)

    await here.sweep()

    rows = await here.rows(corrections, corrections.c.person_id == person.registered.person_id)
    assert [str(row.id) for row in rows] == [waiting.correction_id]


async def test_no_snils_lies_anywhere_in_clear(here: Town) -> None:
    """A33: not in the correction, what is remembered of the request, the events or the audit."""
    desk = await office(here)
    snils = here.snils()
    person = await newcomer(here, school_id=desk.school_id)
    asked = await ask(person, SNILS, snils)
    await desk.accept(asked.correction_id)

    stored = [
        *await here.rows(corrections, corrections.c.person_id == person.registered.person_id),
        *await here.rows(requests, requests.c.actor == str(person.registered.person_id)),
        *await here.rows(outbox),
        *await here.rows(audit),
    ]

    seen = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in stored for value in row
    )
    assert snils.encode() not in seen
