"""Coming in and leaving by the pages: what a browser keeps, and where it is led."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import grpc
import httpx2
import pytest

from school.identity.v1.regions_pb2 import ListRegionsResponse, Region, RegionNotice
from school.identity.v1.sessions_pb2 import RefreshSessionResponse
from school.identity.v1.sign_in_pb2 import (
    CompleteEsiaSignInRequest,
    CompleteEsiaSignInResponse,
    SignedIn,
    SignInWithPasswordResponse,
)
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser, set_cookies
from tests.integration.gateway.stage import PUBLIC, Outside, Stage, outside
from tests.support.keys import REGION

CALLBACK = "/sign-in/esia/callback"
# As long as the access token lives the door asks nobody; after that it renews the session on the way.
FRESH_OR_IDLE = pytest.mark.parametrize("minutes", [5, -1], ids=["fresh", "idle"])
ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "/x\r\nSet-Cookie: a=b",
]


class SignInUnknown(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "SIGN_IN_UNKNOWN"
    title = "This sign-in was not begun here or is over"


class EsiaCodeRefused(DomainError):
    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "ESIA_CODE_REFUSED"
    title = "ESIA does not accept the code"


@pytest.fixture
def former(gateway: Outside) -> Browser:
    """Who is signed in at the browser."""
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC)
    gateway.stage.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    browser = Browser(gateway)
    renewed = browser.session(refresh="renewed")
    gateway.stage.on("RefreshSession", lambda _: RefreshSessionResponse(session=renewed))
    return browser


@pytest.fixture
def next_one(gateway: Outside) -> Browser:
    """Who signs in there next."""
    browser = Browser(gateway)
    entered = SignedIn(session=browser.session(refresh="of-the-next-one"))
    gateway.stage.on("SignInWithPassword", lambda _: SignInWithPasswordResponse(signed_in=entered))
    gateway.stage.on("CompleteEsiaSignIn", lambda _: CompleteEsiaSignInResponse(signed_in=entered))
    return browser


@FRESH_OR_IDLE
async def test_who_signs_out_is_out(former: Browser, minutes: float) -> None:
    """Also when the session had to be renewed to be ended: the browser does not get it back."""
    answer = await _post(former, "/sign-out", minutes)
    assert answer.headers["location"] == "/sign-in?left=1"
    cookies = set_cookies(answer)
    assert cookies["mesh-access"].value == cookies["mesh-refresh"].value == ""
    assert _ended(former) == [str(former.session_id)]


@FRESH_OR_IDLE
async def test_a_password_replaces_the_session_before(
    former: Browser, next_one: Browser, minutes: float
) -> None:
    """ASVS 7.2.4: the one before is over, and its renewal on the way does not win over the new one."""
    answer = await _post(former, "/sign-in/password", minutes, login="anna", password="secret words")
    assert answer.headers["location"] == "/cabinet"
    assert set_cookies(answer)["mesh-refresh"].value == "of-the-next-one"
    assert _ended(former) == [str(former.session_id)]


@FRESH_OR_IDLE
async def test_esia_replaces_the_session_before(former: Browser, next_one: Browser, minutes: float) -> None:
    headers = former.cookies(former.session(minutes=minutes))
    answer = await former.gateway.client.get(f"{CALLBACK}?state=s&code=c", headers=headers)
    assert answer.headers["location"] == "/cabinet"
    assert set_cookies(answer)["mesh-refresh"].value == "of-the-next-one"
    assert _ended(former) == [str(former.session_id)]


async def test_who_is_not_in_ends_nothing(gateway: Outside, next_one: Browser) -> None:
    answer = await gateway.client.get(f"{CALLBACK}?state=s&code=c")
    assert set_cookies(answer)["mesh-refresh"].value == "of-the-next-one"
    assert not gateway.stage.called("EndSession")


async def test_a_link_from_elsewhere_does_not_rob_the_sign_in_that_waits(gateway: Outside) -> None:
    """A1: the state of another browser changes nothing in this one."""

    def unknown(_: CompleteEsiaSignInRequest) -> CompleteEsiaSignInResponse:
        raise SignInUnknown

    gateway.stage.on("CompleteEsiaSignIn", unknown)
    headers = {"Cookie": "mesh-sign-in=the-key"}
    answer = await gateway.client.get(f"{CALLBACK}?state=foreign&code=foreign", headers=headers)
    assert answer.headers["location"] == "/sign-in/refused?reason=SIGN_IN_UNKNOWN"
    assert "set-cookie" not in answer.headers
    (call,) = gateway.stage.called("CompleteEsiaSignIn")
    assert call.request.browser_key == "the-key"


async def test_a_sign_in_that_is_over_is_forgotten(gateway: Outside) -> None:
    def refused(_: CompleteEsiaSignInRequest) -> CompleteEsiaSignInResponse:
        raise EsiaCodeRefused

    gateway.stage.on("CompleteEsiaSignIn", refused)
    answer = await gateway.client.get(f"{CALLBACK}?state=s&code=c", headers={"Cookie": "mesh-sign-in=key"})
    assert set_cookies(answer)["mesh-sign-in"].value == ""


@pytest.mark.parametrize("cookie", ["", "mesh-sign-in=key"])
async def test_the_code_stays_in_no_history_cache_or_referrer(
    gateway: Outside, next_one: Browser, cookie: str
) -> None:
    answer = await gateway.client.get(f"{CALLBACK}?state=SECRET-S&code=SECRET-C", headers={"Cookie": cookie})
    assert answer.status_code == 303
    assert "SECRET" not in f"{answer.headers} {answer.text}"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("wish", ELSEWHERE)
async def test_nobody_is_led_to_another_site(
    gateway: Outside, former: Browser, next_one: Browser, wish: str
) -> None:
    """A18: neither by a language switch, nor after a sign-in, nor by a link or field of the sign-in page."""
    switched = await gateway.client.get("/language", params={"to": "en", "back": wish})
    assert switched.headers["location"] == "/"
    entered = await _post(former, "/sign-in/password", 5, login="anna", password="secret words", back=wish)
    assert entered.headers["location"] == "/cabinet"
    page = await gateway.client.get("/sign-in", params={"back": wish})
    assert page.status_code == 200
    assert not re.search(r'name="back" value="[^"]', page.text)
    headers = {"Cookie": f"mesh-back={quote(wish, safe='')}"}
    returned = await gateway.client.get(f"{CALLBACK}?state=s&code=c", headers=headers)
    assert returned.headers["location"] == "/cabinet"


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"])
async def test_no_header_makes_a_link(gateway: Outside, name: str) -> None:
    answer = await gateway.client.get("/cabinet", headers={name: "evil.example"})
    assert answer.headers["location"] == "/sign-in?back=%2Fcabinet"


async def test_trying_again_leads_to_no_other_site(played: Stage, folder: Path) -> None:
    """A18: a page of trouble offers its own address once more, unless that would be another host."""
    played.reset()
    async with outside(played, folder, most_requests=0) as crowded:
        for path, offered in (("/cabinet", True), ("//evil.example/", False)):
            url = f"http://{crowded.running.address}{path}"
            page = await crowded.client.get(url, headers={"Accept": "text/html"})
            assert page.status_code == 429
            assert (f'href="{path}"' in page.text) is offered


async def _post(browser: Browser, path: str, minutes: float, **fields: str) -> httpx2.Response:
    headers = {**browser.cookies(browser.session(minutes=minutes)), "Origin": PUBLIC}
    form = {FORM_FIELD: browser.form_token(), **fields}
    answer = await browser.gateway.client.post(path, data=form, headers=headers)
    assert answer.status_code == 303, answer.text
    return answer


def _ended(browser: Browser) -> list[str]:
    """The sessions that were ended at identity."""
    tokens = [c.metadata["authorization"][7:] for c in browser.gateway.stage.called("EndSession")]
    verifier = browser.gateway.stage.keys.verifier()
    return [str(verifier.verify(token).caller.session_id) for token in tokens]


async def test_a_region_that_is_not_in_the_directory_is_told_plainly(played: Stage, folder: Path) -> None:
    """R18: and the choice is shown."""
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC)
    played.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    async with outside(played, folder) as gateway:
        answer = await gateway.client.get("/sign-in?region=98", headers={"Accept": "text/html"})
        assert answer.headers["location"] == "/?choose=1&unknown=1"
        page = await gateway.client.get(answer.headers["location"], headers={"Accept": "text/html"})
    assert "Такого региона в списке нет" in page.text


async def test_what_a_region_says_at_its_doors_is_shown_there(played: Stage, folder: Path) -> None:
    """R52: announced maintenance, in the language of the page."""
    said = {"ru": "Ночью перерыв.", "en": "A break at night."}
    notices = [RegionNotice(language=language, text=text) for language, text in said.items()]
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC, notices=notices)
    played.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    async with outside(played, folder) as gateway:
        for language, text in said.items():
            headers = {"Accept": "text/html", "Accept-Language": language}
            page = await gateway.client.get(f"/sign-in?region={REGION}", headers=headers)
            assert f'lang="{language}">{text}</p>' in page.text
