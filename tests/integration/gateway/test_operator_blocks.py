"""The operator shuts an account of the region and opens it again, at the person's page of the register."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import grpc
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.blocks_pb2 import (
    BlockAccountRequest,
    BlockAccountResponse,
    UnblockAccountRequest,
    UnblockAccountResponse,
)
from school.identity.v1.register_pb2 import ListRefusalsResponse, RegisteredPerson
from services.gateway.pages.answers import DRAFT_COOKIE
from services.kit.errors import DomainError
from tests.integration.gateway.office import NAME, PERSON, SCHOOL, Office, ReasonNeeded, refuse
from tests.integration.gateway.stage import Outside

PAGE = f"/region/register/{PERSON}"
WHY = "Пароль украден"


class NotInYourHands(DomainError):
    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "NOT_IN_YOUR_HANDS"
    title = "Not in your hands"


@pytest.fixture
def operator(gateway: Outside) -> Office:
    """An operator who has just shown who they are."""
    found = Office(gateway, Role.ROLE_OPERATOR)
    found.proven = datetime.now(UTC)
    show(gateway, RegisteredPerson(person_id=PERSON, name=NAME, school_ids=[SCHOOL]))
    gateway.stage.on("BlockAccount", lambda _: BlockAccountResponse())
    gateway.stage.on("UnblockAccount", lambda _: UnblockAccountResponse())
    return found


def show(gateway: Outside, person: RegisteredPerson) -> None:
    gateway.stage.on("ListRefusals", lambda _: ListRefusalsResponse(person=person))


def forms(page: str) -> list[str]:
    return re.findall(r'action="[^"]*/(block|unblock)"', page)


async def test_an_account_is_shut_and_opened_with_a_reason(operator: Office) -> None:
    answers = [await operator.post(f"{PAGE}/{deed}", reason=WHY) for deed in ("block", "unblock")]

    assert [answer.headers["location"] for answer in answers] == [
        f"{PAGE}?done=blocked",
        f"{PAGE}?done=unblocked",
    ]
    stage = operator.gateway.stage
    calls = [call.request for name in ("BlockAccount", "UnblockAccount") for call in stage.called(name)]
    wish = {"school_id": SCHOOL, "person_id": PERSON, "reason": WHY}
    assert calls == [BlockAccountRequest(**wish), UnblockAccountRequest(**wish)]
    assert "Вход заблокирован." in (await operator.get(f"{PAGE}?done=blocked")).text


@pytest.mark.parametrize(("blocked", "offered"), [(False, ["block"]), (True, ["unblock"])])
async def test_what_can_be_done_is_offered(operator: Office, blocked: bool, offered: list[str]) -> None:
    show(
        operator.gateway,
        RegisteredPerson(person_id=PERSON, name=NAME, school_ids=[SCHOOL], account_blocked=blocked),
    )

    page = (await operator.get(PAGE)).text

    assert forms(page) == offered
    assert ("state-blocked" in page) is blocked


async def test_nobody_shuts_themselves_out(operator: Office) -> None:
    operator.person_id = UUID(PERSON)

    page = (await operator.get(PAGE)).text

    assert forms(page) == []
    assert "попросите другого оператора" in page


async def test_who_is_at_no_school_is_shown_without_the_form(operator: Office) -> None:
    show(operator.gateway, RegisteredPerson(person_id=PERSON, name=NAME))

    page = (await operator.get(PAGE)).text
    answer = await operator.post(f"{PAGE}/block", reason=WHY)

    assert forms(page) == []
    assert "не числится ни в одной школе" in page
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("refusal", "status", "said"),
    [(ReasonNeeded(), 400, "Нужна причина"), (NotInYourHands(), 403, "не в вашем ведении")],
    ids=["reason", "hands"],
)
async def test_a_refusal_keeps_the_reason(
    operator: Office, refusal: DomainError, status: int, said: str
) -> None:
    operator.gateway.stage.on("BlockAccount", refuse(refusal))

    answer = await operator.post(f"{PAGE}/block", reason=WHY)

    assert answer.status_code == status
    assert said in answer.text
    assert f'value="{WHY}"' in answer.text


async def test_an_operator_shows_once_more_who_they_are_and_finds_the_reason(operator: Office) -> None:
    """A26."""
    operator.proven = datetime(2026, 1, 1, tzinfo=UTC)

    away = await operator.post(f"{PAGE}/block", reason=WHY)
    operator.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]
    back = await operator.get(PAGE)

    assert away.headers["location"].startswith("/step-up?back=%2Fregion%2Fregister%2F")
    assert not operator.gateway.stage.called("BlockAccount")
    assert f'value="{WHY}"' in back.text


async def test_switching_the_language_stays_with_the_person(operator: Office) -> None:
    operator.gateway.stage.on("BlockAccount", refuse(ReasonNeeded()))

    pages = [await operator.get(PAGE), await operator.post(f"{PAGE}/block", reason="")]

    assert [f"back={quote(PAGE, safe='')}" in page.text for page in pages] == [True, True]


async def test_a_registrar_has_no_form_in_the_register(registrar: Office) -> None:
    """Theirs is at the person's desk page."""
    show(registrar.gateway, RegisteredPerson(person_id=PERSON, name=NAME, school_ids=[SCHOOL]))

    assert forms((await registrar.get(f"/school/{SCHOOL}/register/{PERSON}")).text) == []
