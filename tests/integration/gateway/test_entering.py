"""Steps that a session owes, and proofs of who one is: where a browser is led, what it keeps and forgets."""

from __future__ import annotations

from typing import Any

import grpc
import httpx2
import pytest

from school.access.v1.policy_pb2 import Pending, Role
from school.identity.v1.accounts_pb2 import GetMyAccountResponse
from school.identity.v1.activation_pb2 import (
    Activation,
    ActivationStep,
    FinishActivationResponse,
    GetActivationResponse,
)
from school.identity.v1.contacts_pb2 import ConfirmEmailResponse
from school.identity.v1.people_pb2 import GetMeResponse, Person
from school.identity.v1.regions_pb2 import ListRegionsResponse, Region
from school.identity.v1.second_factor_pb2 import (
    ConfirmSecondFactorResponse,
    GetSecondFactorResponse,
    ProveSecondFactorResponse,
    StartSecondFactorResponse,
)
from school.identity.v1.sessions_pb2 import (
    EndSessionResponse,
    StepUpWithPasswordResponse,
    SwitchRoleResponse,
)
from school.identity.v1.sign_in_pb2 import SignedIn, SignInWithPasswordResponse
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser, set_cookies
from tests.integration.gateway.stage import PUBLIC, Outside, Stage, outside
from tests.support.keys import REGION

ESIA = "https://esia.example"
EXIT = f"{ESIA}/idp/ext/Logout?client_id=DIARY"
URI = "otpauth://totp/Diary:anna?secret=JBSWY3DPEHPK3PXP"
SECRET = "не говорите никому 1"
ACTIVATION, FACTOR = Pending.PENDING_ACTIVATION, Pending.PENDING_SECOND_FACTOR


class Refusal(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "STEP_NOT_DUE"
    title = "Another step comes first"


class BadPassword(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "BAD_PASSWORD"
    title = "The password breaks a rule"


class WrongCode(DomainError):
    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "WRONG_CODE"
    title = "The code is wrong"


class TooOld(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "ESIA_PROOF_TOO_OLD"
    title = "ESIA asked nobody"


def refuse(stage: Stage, method: str, error: DomainError) -> None:
    def answer(_: Any) -> Any:
        raise error

    stage.on(method, answer)


def stand(stage: Stage, step: str) -> None:
    """The caller's activation is at ``step``."""
    there = Activation(next_step=ActivationStep.Value(f"ACTIVATION_STEP_{step}"))
    stage.on("GetActivation", lambda _: GetActivationResponse(activation=there))


@pytest.fixture
def browser(gateway: Outside) -> Browser:
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC)
    gateway.stage.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    return Browser(gateway)


async def opened(browser: Browser, path: str, pending: Pending.ValueType | None = None) -> httpx2.Response:
    session = browser.session(pending=pending or Pending.PENDING_UNSPECIFIED)
    return await browser.gateway.client.get(path, headers=browser.cookies(session))


async def sent(
    browser: Browser, path: str, pending: Pending.ValueType | None = None, **fields: str
) -> httpx2.Response:
    session = browser.session(pending=pending or Pending.PENDING_UNSPECIFIED)
    headers = {**browser.cookies(session), "Origin": PUBLIC}
    form = {FORM_FIELD: browser.form_token(), **fields}
    return await browser.gateway.client.post(path, data=form, headers=headers)


# --- what a session owes ---


@pytest.mark.parametrize(
    ("pending", "page"),
    [
        (Pending.PENDING_UNSPECIFIED, "/lessons"),
        (ACTIVATION, "/activation?back=%2Flessons"),
        (FACTOR, "/second-factor?back=%2Flessons"),
    ],
)
async def test_a_password_leads_to_the_step_that_the_session_owes(
    browser: Browser, pending: Pending.ValueType, page: str
) -> None:
    """R8."""
    entered = SignedIn(session=browser.session(pending=pending))
    browser.gateway.stage.on("SignInWithPassword", lambda _: SignInWithPasswordResponse(signed_in=entered))
    answer = await sent(browser, "/sign-in/password", login="anna", password=SECRET, back="/lessons")
    assert answer.headers["location"] == page


@pytest.mark.parametrize(("pending", "page"), [(ACTIVATION, "/activation"), (FACTOR, "/second-factor")])
@pytest.mark.parametrize("wish", ["/cabinet", "/lessons", "/notices", "/step-up"])
async def test_a_session_that_owes_a_step_opens_no_other_page(
    browser: Browser, pending: Pending.ValueType, page: str, wish: str
) -> None:
    """A17; and no service is asked for what it would refuse."""
    answer = await opened(browser, wish, pending)
    assert answer.headers["location"].startswith(f"{page}?back=")
    assert not browser.gateway.stage.calls


async def test_one_owed_step_does_not_open_the_page_of_another(browser: Browser) -> None:
    assert (await opened(browser, "/activation", FACTOR)).headers["location"].startswith("/second-factor")
    assert (await opened(browser, "/second-factor", ACTIVATION)).headers["location"].startswith("/activation")


async def test_a_session_that_owes_a_step_has_no_sections_and_no_live_stream(browser: Browser) -> None:
    stand(browser.gateway.stage, "CONFIRM_DATA")
    page = (await opened(browser, "/activation", ACTIVATION)).text
    assert 'class="tabs"' not in page
    assert 'id="news"' not in page


# --- activation ---


@pytest.mark.parametrize("form", ["data", "contacts", "password", "codes", "mobile", "finish"])
async def test_a_form_of_a_step_that_is_done_leads_to_the_one_that_is_due(
    browser: Browser, form: str
) -> None:
    for method in (
        "ConfirmMyData",
        "GiveContacts",
        "SetFirstPassword",
        "SendActivationCodes",
        "ConfirmActivationMobile",
        "FinishActivation",
    ):
        refuse(browser.gateway.stage, method, Refusal(next_step="SET_PASSWORD"))
    answer = await sent(browser, f"/activation/{form}", ACTIVATION, new_password=SECRET)
    assert (answer.status_code, answer.headers["location"]) == (303, "/activation")


async def test_a_refused_password_is_not_shown_again(browser: Browser) -> None:
    stand(browser.gateway.stage, "SET_PASSWORD")
    refuse(browser.gateway.stage, "SetFirstPassword", BadPassword(rules="COMMON"))
    answer = await sent(browser, "/activation/password", ACTIVATION, new_password=SECRET)
    assert answer.status_code == 400
    assert 'data-rule="PASSWORD_RULE_COMMON" class="is-broken"' in answer.text
    assert SECRET not in answer.text


async def test_a_password_repeated_wrongly_reaches_no_service(browser: Browser) -> None:
    stand(browser.gateway.stage, "SET_PASSWORD")
    answer = await sent(
        browser, "/activation/password", ACTIVATION, new_password=SECRET, repeated=f"{SECRET} "
    )
    assert 'id="repeated" name="repeated"' in answer.text
    assert not browser.gateway.stage.called("SetFirstPassword")


async def test_a_wrong_code_is_told_with_the_attempts_left_and_not_shown(browser: Browser) -> None:
    stand(browser.gateway.stage, "CONFIRM_CONTACTS")
    refuse(browser.gateway.stage, "ConfirmActivationMobile", WrongCode(attempts_left="2"))
    answer = await sent(browser, "/activation/mobile", ACTIVATION, code="918 273")
    (call,) = browser.gateway.stage.called("ConfirmActivationMobile")
    assert call.request.code == "918273"
    assert "Осталось 2 попытки." in answer.text
    assert "918 273" not in answer.text
    assert "918273" not in answer.text


@pytest.mark.parametrize(
    ("pending", "page"),
    [(Pending.PENDING_UNSPECIFIED, "/activation"), (FACTOR, "/second-factor?back=%2Factivation")],
)
async def test_finishing_puts_a_new_session_in_the_place_of_the_old_one(
    browser: Browser, pending: Pending.ValueType, page: str
) -> None:
    """A19; the one before ends at identity, so nothing is ended here."""
    session = browser.session(refresh="of-the-whole-one", pending=pending)
    browser.gateway.stage.on("FinishActivation", lambda _: FinishActivationResponse(session=session))
    answer = await sent(browser, "/activation/finish", ACTIVATION)
    assert answer.headers["location"] == page
    assert set_cookies(answer)["mesh-refresh"].value == "of-the-whole-one"
    assert not browser.gateway.stage.called("EndSession")


# --- links of letters ---


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("link", ["/confirm-email/TOKEN", "/recover/TOKEN"])
async def test_opening_a_link_asks_and_changes_nothing(gateway: Outside, method: str, link: str) -> None:
    """A25."""
    answer = await gateway.client.request(method, link)
    assert answer.status_code == 200
    assert not gateway.stage.calls


@pytest.mark.parametrize(("in_activation", "done"), [(True, "activation"), (False, "change")])
async def test_the_button_of_a_link_confirms_in_any_browser(
    browser: Browser, in_activation: bool, done: str
) -> None:
    browser.gateway.stage.on("ConfirmEmail", lambda _: ConfirmEmailResponse(in_activation=in_activation))
    answer = await sent(browser, "/confirm-email/TOKEN")
    assert answer.headers["location"] == f"/confirm-email?done={done}"
    (call,) = browser.gateway.stage.called("ConfirmEmail")
    assert call.request.token == "TOKEN"


async def test_the_token_of_a_link_goes_into_no_other_address_of_its_page(gateway: Outside) -> None:
    for link in ("/confirm-email/TOKEN", "/recover/TOKEN"):
        page = (await gateway.client.get(link)).text
        assert page.count("TOKEN") == 1, "in the form's own target"


async def test_the_button_takes_a_form_token_also_of_strangers(gateway: Outside) -> None:
    answer = await gateway.client.post("/confirm-email/TOKEN", data={}, headers={"Origin": PUBLIC})
    assert answer.status_code == 403
    assert not gateway.stage.called("ConfirmEmail")


# --- proofs ---


async def test_a_step_up_comes_back_with_a_new_session(browser: Browser) -> None:
    session = browser.session(refresh="stepped-up")
    browser.gateway.stage.on("StepUpWithPassword", lambda _: StepUpWithPasswordResponse(session=session))
    answer = await sent(browser, "/step-up", password=SECRET, back="/account/password")
    assert answer.headers["location"] == "/account/password"
    assert set_cookies(answer)["mesh-refresh"].value == "stepped-up"


async def test_a_step_up_leads_to_no_other_site(browser: Browser) -> None:
    """A18."""
    session = browser.session()
    browser.gateway.stage.on("StepUpWithPassword", lambda _: StepUpWithPasswordResponse(session=session))
    answer = await sent(browser, "/step-up", password=SECRET, back="//evil.example")
    assert answer.headers["location"] == "/cabinet"


@pytest.mark.parametrize("second_factor", [True, False])
async def test_a_step_up_asks_for_what_the_account_has(browser: Browser, second_factor: bool) -> None:
    account = GetMyAccountResponse(has_password=True, second_factor=second_factor, esia_bound=False)
    browser.gateway.stage.on("GetMyAccount", lambda _: account)
    page = (await opened(browser, "/step-up")).text
    assert ('name="code"' in page) is second_factor
    assert 'action="/step-up/esia"' not in page


async def test_a_proof_that_is_too_old_offers_to_leave_esia_first(played: Stage, folder: Any) -> None:
    played.reset()
    refuse(played, "CompleteEsiaSignIn", TooOld(esia_logout_url=EXIT))
    async with outside(played, folder, sign_in_origins=(ESIA,)) as gateway:
        browser = Browser(gateway)
        headers = browser.cookies(browser.session())
        headers["Cookie"] += "; mesh-back=%2Faccount"
        answer = await gateway.client.get("/sign-in/esia/callback?state=s&code=c", headers=headers)
        assert answer.headers["location"] == "/step-up?reason=ESIA_PROOF_TOO_OLD&back=%2Faccount"
        headers["Cookie"] += f"; mesh-esia-exit={set_cookies(answer)['mesh-esia-exit'].value}"
        page = await gateway.client.get(answer.headers["location"], headers=headers)
        assert f'href="{EXIT}"' in page.text


async def test_a_proof_with_the_code_opens_the_rest(browser: Browser) -> None:
    session = browser.session(refresh="whole")
    browser.gateway.stage.on("ProveSecondFactor", lambda _: ProveSecondFactorResponse(session=session))
    answer = await sent(browser, "/second-factor/prove", FACTOR, code="123456", back="/lessons")
    assert answer.headers["location"] == "/lessons"
    assert set_cookies(answer)["mesh-refresh"].value == "whole"


async def test_a_mistyped_first_code_keeps_the_picture(browser: Browser) -> None:
    refuse(browser.gateway.stage, "ConfirmSecondFactor", WrongCode())
    answer = await sent(browser, "/second-factor/confirm", FACTOR, code="918273", uri=URI)
    assert answer.status_code == 403
    assert 'class="qr"' in answer.text
    assert "918273" not in answer.text


async def test_recovery_codes_are_on_a_page_that_leads_nowhere_else(browser: Browser) -> None:
    session = browser.session(refresh="whole")
    reply = ConfirmSecondFactorResponse(recovery_codes=["abcde-fgh23"], session=session)
    browser.gateway.stage.on("ConfirmSecondFactor", lambda _: reply)
    answer = await sent(browser, "/second-factor/confirm", FACTOR, code="918273", uri=URI, back="/lessons")
    assert "abcde-fgh23" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "/sign-out" not in answer.text, "a form of the session that was replaced would be refused"
    assert 'href="/lessons"' in answer.text
    assert set_cookies(answer)["mesh-refresh"].value == "whole"


async def test_an_enrolled_factor_of_a_whole_session_is_nothing_to_prove(browser: Browser) -> None:
    browser.gateway.stage.on("GetSecondFactor", lambda _: GetSecondFactorResponse(enrolled=True))
    assert (await opened(browser, "/second-factor")).headers["location"] == "/account/second-factor"


async def test_a_secret_that_cannot_be_drawn_is_a_fault_and_not_a_page(browser: Browser) -> None:
    reply = StartSecondFactorResponse(secret="x", otpauth_uri="https://evil.example")
    browser.gateway.stage.on("StartSecondFactor", lambda _: reply)
    assert (await sent(browser, "/second-factor/start", FACTOR)).status_code == 400


# --- leaving, and switching roles ---


@pytest.mark.parametrize(
    ("address", "offered"),
    [(EXIT, True), ("https://evil.example/", False), ("https://esia.example.evil/", False), ("", False)],
)
async def test_leaving_esia_is_offered_and_only_ever_at_esia(
    played: Stage, folder: Any, address: str, offered: bool
) -> None:
    """A18: what a cookie says is looked at again."""
    played.reset()
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC)
    played.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    played.on("EndSession", lambda _: EndSessionResponse(esia_logout_url=address))
    async with outside(played, folder, sign_in_origins=(ESIA,)) as gateway:
        answer = await sent(Browser(gateway), "/sign-out")
        assert answer.headers["location"] == "/sign-in?left=1"
        kept = set_cookies(answer).get("mesh-esia-exit")
        assert (kept is not None) is offered
        forged = kept.value if kept else address
        page = await gateway.client.get(
            "/sign-in", params={"left": "1"}, headers={"Cookie": f"mesh-esia-exit={forged}"}
        )
        assert (f'href="{EXIT}"' in page.text) is offered
        assert "evil" not in page.text


async def test_another_role_keeps_the_session_and_its_refresh_token(browser: Browser) -> None:
    session = browser.session(refresh="")
    session.ClearField("refresh_expires_at")
    browser.gateway.stage.on("SwitchRole", lambda _: SwitchRoleResponse(session=session))
    answer = await sent(browser, "/role", role="ROLE_TEACHER")
    assert answer.headers["location"] == "/cabinet"
    cookies = set_cookies(answer)
    assert cookies["mesh-access"].value == session.access_token
    assert "mesh-refresh" not in cookies


async def test_a_role_that_does_not_exist_is_not_asked_for(browser: Browser) -> None:
    assert (await sent(browser, "/role", role="ROLE_TSAR")).status_code == 400
    assert not browser.gateway.stage.called("SwitchRole")


@pytest.mark.parametrize(
    ("roles", "shown"), [([Role.ROLE_TEACHER], False), ([Role.ROLE_TEACHER, Role.ROLE_GUARDIAN], True)]
)
async def test_the_switch_is_there_for_who_holds_several_roles(
    browser: Browser, roles: list[Role.ValueType], shown: bool
) -> None:
    browser.gateway.stage.on("GetMe", lambda _: GetMeResponse(person=Person(roles=roles)))
    assert ('action="/role"' in (await opened(browser, "/notices")).text) is shown
