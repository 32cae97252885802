"""The password road and unbinding at the browser: what it sends, keeps and forgets (A8)."""

from __future__ import annotations

import grpc
import httpx2
import pytest
from google.protobuf.message import Message

from school.identity.v1.binding_pb2 import (
    BindingProposal,
    BindWithPasswordResponse,
    ConfirmBindingResponse,
    DeclineBindingResponse,
    ListMyBindingsResponse,
    UnbindMyProfileResponse,
)
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.sign_in_pb2 import SignedIn
from services.gateway.sessions import FORM_FIELD
from services.kit.clock import SystemClock
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser, set_cookies
from tests.integration.gateway.stage import PUBLIC, Outside, Stage

PERSON = "0b7a1b0e-0000-7000-8000-000000000001"


class LastDoor(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "LAST_DOOR"
    title = "Nothing else would open this account"


class SignInUnknown(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "SIGN_IN_UNKNOWN"
    title = "This sign-in was not begun here or is over"


@pytest.fixture
def browser(gateway: Outside) -> Browser:
    """A browser in which a sign-in waits, and somebody else is signed in still."""
    browser = Browser(gateway)
    proposal = BindingProposal(person_id=PERSON, name=FullName(surname="Королёва", given_name="Алёна"))
    gateway.stage.on("BindWithPassword", lambda _: BindWithPasswordResponse(proposal=proposal))
    entered = SignedIn(session=browser.session(refresh="of-the-bound-one"), bound_now=True)
    gateway.stage.on("ConfirmBinding", lambda _: ConfirmBindingResponse(signed_in=entered))
    gateway.stage.on("DeclineBinding", lambda _: DeclineBindingResponse())
    gateway.stage.on("ListMyBindings", lambda _: ListMyBindingsResponse())
    return browser


async def _send(browser: Browser, path: str, **fields: str) -> httpx2.Response:
    cookies = browser.cookies(browser.session(proven=SystemClock().now()))["Cookie"]
    headers = {"Cookie": f"{cookies}; mesh-sign-in=the-key", "Origin": PUBLIC}
    form = {FORM_FIELD: browser.form_token(), **fields}
    return await browser.gateway.client.post(path, data=form, headers=headers)


def _refuse(stage: Stage, method: str, error: DomainError) -> None:
    def answer(_: object) -> Message:
        raise error

    stage.on(method, answer)


async def test_a_password_shows_the_person_and_enters_nowhere(browser: Browser) -> None:
    answer = await _send(browser, "/sign-in/link", login="anna", password="secret words")

    assert answer.status_code == 200
    assert "Королёва Алёна" in answer.text
    assert f'value="{PERSON}"' in answer.text
    assert "secret words" not in answer.text
    cookies = set_cookies(answer)
    assert "mesh-access" not in cookies
    assert cookies["mesh-sign-in"].value == "the-key", "it waits as long as the proposal"
    assert not browser.gateway.stage.called("ConfirmBinding")


async def test_a_confirmation_sends_the_person_who_was_shown_and_enters(browser: Browser) -> None:
    """A19: the sign-in's key goes, the session of whoever was in is over."""
    answer = await _send(browser, "/sign-in/link/confirm", person=PERSON)

    assert answer.headers["location"] == "/welcome"
    (call,) = browser.gateway.stage.called("ConfirmBinding")
    assert (call.request.browser_key, call.request.person_id) == ("the-key", PERSON)
    cookies = set_cookies(answer)
    assert (cookies["mesh-refresh"].value, cookies["mesh-sign-in"].value) == ("of-the-bound-one", "")
    assert browser.gateway.stage.called("EndSession")


async def test_this_is_not_me_forgets_the_sign_in(browser: Browser) -> None:
    answer = await _send(browser, "/sign-in/link/decline")

    assert answer.headers["location"] == "/sign-in/refused?reason=BINDING_DECLINED"
    assert set_cookies(answer)["mesh-sign-in"].value == ""
    (call,) = browser.gateway.stage.called("DeclineBinding")
    assert call.request.browser_key == "the-key"


@pytest.mark.parametrize("path", ["/sign-in/link/confirm", "/sign-in/link/decline"])
async def test_opening_an_address_confirms_and_declines_nothing(browser: Browser, path: str) -> None:
    """A8, A25: only the buttons do."""
    answer = await browser.gateway.client.get(path, headers={"Cookie": "mesh-sign-in=the-key"})

    assert answer.headers["location"] == "/sign-in/link"
    assert not browser.gateway.stage.called("ConfirmBinding")
    assert not browser.gateway.stage.called("DeclineBinding")


@pytest.mark.parametrize(
    "path", ["/sign-in/link/confirm", "/sign-in/link/decline", "/account/binding/unbind"]
)
async def test_a_foreign_form_does_nothing(browser: Browser, path: str) -> None:
    """A8."""
    headers = {**browser.cookies(browser.session()), "Origin": PUBLIC}
    form = {FORM_FIELD: "0" * 64, "person": PERSON}

    answer = await browser.gateway.client.post(path, data=form, headers=headers)

    assert answer.status_code == 403
    for method in ("ConfirmBinding", "DeclineBinding", "UnbindMyProfile"):
        assert not browser.gateway.stage.called(method)


async def test_a_button_pressed_twice_leads_home(browser: Browser) -> None:
    """A9: the first press was enough; the second, which came with the old cookies, is no trouble."""
    _refuse(browser.gateway.stage, "ConfirmBinding", SignInUnknown())
    answer = await _send(browser, "/sign-in/link/confirm", person=PERSON)
    assert answer.headers["location"] == "/sign-in/refused?reason=SIGN_IN_UNKNOWN"

    headers = browser.cookies(browser.session())
    shown = await browser.gateway.client.get(answer.headers["location"], headers=headers)

    assert shown.headers["location"] == "/cabinet"


async def test_who_came_in_through_esia_is_out_by_unbinding(browser: Browser) -> None:
    browser.gateway.stage.on("UnbindMyProfile", lambda _: UnbindMyProfileResponse(signed_out=True))

    answer = await _send(browser, "/account/binding/unbind")

    assert answer.headers["location"] == "/sign-in?unbound=1"
    cookies = set_cookies(answer)
    assert cookies["mesh-access"].value == cookies["mesh-refresh"].value == ""


async def test_who_came_in_by_password_stays(browser: Browser) -> None:
    browser.gateway.stage.on("UnbindMyProfile", lambda _: UnbindMyProfileResponse())

    answer = await _send(browser, "/account/binding/unbind")

    assert answer.headers["location"] == "/account/binding?done=unbound"
    assert "mesh-access" not in set_cookies(answer)


async def test_unbinding_asks_who_it_is_first(browser: Browser) -> None:
    """A8: an open browser is not enough."""
    headers = {**browser.cookies(browser.session()), "Origin": PUBLIC}

    answer = await browser.gateway.client.post(
        "/account/binding/unbind", data={FORM_FIELD: browser.form_token()}, headers=headers
    )

    assert answer.headers["location"] == "/step-up?back=%2Faccount%2Fbinding"


async def test_the_last_door_is_told_beside_the_button(browser: Browser) -> None:
    _refuse(browser.gateway.stage, "UnbindMyProfile", LastDoor(missing="contact"))

    answer = await _send(browser, "/account/binding/unbind")

    assert answer.status_code == 400
    assert "Это единственный вход в вашу запись" in answer.text
