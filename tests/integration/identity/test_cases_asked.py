"""The refused person has the school compare: without typing, and without learning what is registered."""

from __future__ import annotations

import json
from datetime import UTC
from uuid import UUID
from zoneinfo import ZoneInfo

import grpc
import pytest

from school.identity.v1 import cases_pb2, cases_pb2_grpc, events_pb2, sign_in_pb2
from services.identity.cases.rules import KEPT_OPEN
from services.identity.cases.storage.tables import cases
from services.identity.corrections.rules import due_at
from services.identity.guesses.settings import GuessSettings
from services.identity.links.rules import TIME_TO_FINISH
from services.kit.rpc.status import refusal
from services.kit.tables import outbox
from tests.support.case_office import GUARDIAN, CaseDesk, Resolution, case_desk
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Town, reason
from tests.support.newcomer import Kind, an_email


async def refused(
    here: Town, desk: CaseDesk, *, at_esia: str = "Лебедева Алёна Сергеевна"
) -> sign_in_pb2.CompleteEsiaSignInRequest:
    """A sign-in that ended with another name; it carries the browser's key."""
    snils = here.snils()
    await here.register(snils=snils, roles={desk.school_id: GUARDIAN})
    redirect = await here.doors.back_from_esia(here.citizen(at_esia, snils=snils))
    assert await reason(here.doors.complete(redirect)) == "NAME_DIFFERS"
    return redirect


async def ask(here: Town, browser_key: str, email: str = "") -> cases_pb2.AskToCompareResponse:
    stub = cases_pb2_grpc.CasesServiceStub(here.doors.channel)
    request = cases_pb2.AskToCompareRequest(browser_key=browser_key, email=email)
    return await stub.AskToCompare(request, timeout=DEADLINE)


async def track(here: Town, code: str) -> cases_pb2.TrackCaseResponse:
    stub = cases_pb2_grpc.CasesServiceStub(here.doors.channel)
    return await stub.TrackCase(cases_pb2.TrackCaseRequest(tracking_code=code), timeout=DEADLINE)


async def sent_to(here: Town, email: str) -> list[tuple[events_pb2.MessageKind.ValueType, dict[str, str]]]:
    """What goes to an address, in order."""
    found = []
    for row in sorted(await here.rows(outbox), key=lambda row: row.id):
        if row.type.endswith(".MessageSealed"):
            message = events_pb2.MessageSealed.FromString(row.payload)
            content = json.loads(here.unsealer.open(message.sealed))
            if content["to"] == email:
                found.append((message.kind, content["values"]))
    return found


async def test_the_school_is_asked_by_one_press(here: Town, clock: MovableClock) -> None:
    desk = await case_desk(here)
    redirect = await refused(here, desk)

    asked = await ask(here, redirect.browser_key)

    due = asked.due_at.ToDatetime(tzinfo=UTC)
    assert due == due_at(clock.now(), ZoneInfo("Europe/Moscow"))
    (case,) = (await desk.waiting()).cases
    assert case.HasField("asked_at")
    assert case.profile.name.surname == "Лебедева"
    waiting = await track(here, asked.tracking_code.lower().replace("-", " "))
    assert waiting.state == cases_pb2.CaseState.CASE_STATE_OPEN


async def test_the_answer_tells_nothing_of_the_register(here: Town) -> None:
    desk = await case_desk(here)
    asked = await ask(here, (await refused(here, desk)).browser_key)

    assert "Королёва" not in str(asked)
    assert "Королёва" not in str(await track(here, asked.tracking_code))


async def test_the_answer_is_found_by_the_code_and_comes_by_letter(here: Town) -> None:
    desk, email = await case_desk(here), an_email()
    asked = await ask(here, (await refused(here, desk)).browser_key, email)
    (case,) = (await desk.waiting()).cases

    await desk.settle(case.case_id, Resolution.CASE_RESOLUTION_KEEP_REGISTER, why="Принесите свидетельство")

    answer = await track(here, asked.tracking_code)
    assert (answer.resolution, answer.reason) == (
        Resolution.CASE_RESOLUTION_KEEP_REGISTER,
        "Принесите свидетельство",
    )
    kinds = await sent_to(here, email)
    assert [kind for kind, _ in kinds] == [
        Kind.MESSAGE_KIND_CASE_ASKED,
        Kind.MESSAGE_KIND_CASE_DISMISSED,
    ]
    assert kinds[0][1]["tracking_code"] == asked.tracking_code
    assert asked.tracking_code not in kinds[0][1]["link"]
    (row,) = await here.rows(cases, cases.c.id == UUID(case.case_id))
    assert (row.email_box, row.said_box, row.link_id) == (None, None, None)


async def test_only_the_browser_of_the_refusal_may_ask(here: Town) -> None:
    desk = await case_desk(here)
    await refused(here, desk)

    assert await reason(ask(here, "somebody-elses-key")) == "SIGN_IN_UNKNOWN"
    assert await reason(ask(here, "")) == "SIGN_IN_UNKNOWN"
    (case,) = (await desk.waiting()).cases
    assert not case.HasField("asked_at")


async def test_only_as_long_as_the_sign_in_would_have_lived(here: Town, clock: MovableClock) -> None:
    desk = await case_desk(here)
    redirect = await refused(here, desk)

    clock.move(seconds=TIME_TO_FINISH.total_seconds() + 1)

    assert await reason(ask(here, redirect.browser_key)) == "SIGN_IN_UNKNOWN"


async def test_a_sign_in_that_went_well_asks_nothing(here: Town) -> None:
    snils = here.snils()
    await here.register(snils=snils)
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    await here.doors.complete(redirect)

    assert await reason(ask(here, redirect.browser_key)) == "SIGN_IN_UNKNOWN"


async def test_what_comparing_does_not_mend_is_not_asked(here: Town) -> None:
    """A quarantine is the schools' own matter; an unknown SNILS is nobody's here."""
    snils = here.snils()
    await here.register(snils=snils, disputed=True)
    await here.register(snils=snils, disputed=True)
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "SEVERAL_REGISTERED"

    assert await reason(ask(here, redirect.browser_key)) == "SIGN_IN_UNKNOWN"


async def test_asking_again_gives_a_new_code_and_another_day_to_nobody(
    here: Town, clock: MovableClock
) -> None:
    desk = await case_desk(here)
    redirect = await refused(here, desk)
    first = await ask(here, redirect.browser_key)
    clock.move(seconds=60)

    second = await ask(here, redirect.browser_key)

    assert second.due_at == first.due_at
    assert await reason(track(here, first.tracking_code)) == "UNKNOWN_CASE"
    assert (await track(here, second.tracking_code)).state == cases_pb2.CaseState.CASE_STATE_OPEN


async def test_letters_cannot_be_had_without_end(here: Town) -> None:
    """Each press may send one, to whatever address."""
    desk = await case_desk(here)
    redirect = await refused(here, desk)
    most = GuessSettings().subject.free

    for _ in range(most):
        await ask(here, redirect.browser_key, an_email())

    assert await reason(ask(here, redirect.browser_key, an_email())) == "TOO_MANY_ATTEMPTS"


async def test_a_wrong_address_is_refused_before_anything_is_asked(here: Town) -> None:
    desk = await case_desk(here)
    redirect = await refused(here, desk)

    assert await reason(ask(here, redirect.browser_key, "no address")) == "BAD_EMAIL"

    (case,) = (await desk.waiting()).cases
    assert not case.HasField("asked_at")


async def test_what_was_asked_waits_however_long_it_takes(here: Town, clock: MovableClock) -> None:
    desk = await case_desk(here)
    asked = await ask(here, (await refused(here, desk)).browser_key)

    clock.move(seconds=KEPT_OPEN.total_seconds() + 60)
    await here.sweep()

    assert (await track(here, asked.tracking_code)).state == cases_pb2.CaseState.CASE_STATE_OPEN


@pytest.mark.parametrize("code", ["", "AAAA-BBBB", "A" * 5000])
async def test_what_is_no_code_finds_nothing(here: Town, code: str) -> None:
    assert await reason(track(here, code)) == "UNKNOWN_CASE"


async def test_nobody_fills_a_strangers_mailbox_from_ever_new_sign_ins(here: Town) -> None:
    """Letters to one address wait longer and longer, whichever sign-in they are asked from."""
    desk, stranger, answers = await case_desk(here), an_email(), []
    for _ in range(GuessSettings().recovery.free + 1):
        redirect = await refused(here, desk)
        answers.append(await _answer(here, redirect.browser_key, stranger))

    assert answers[0] == ""
    assert answers[-1] == "TOO_MANY_ATTEMPTS"
    assert await _answer(here, redirect.browser_key, an_email()) == ""


async def _answer(here: Town, browser_key: str, email: str) -> str:
    try:
        await ask(here, browser_key, email)
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return ""
