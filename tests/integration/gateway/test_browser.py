"""Sessions of browsers: cookies, renewal, and the two defences of what a cookie allows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import grpc
import httpx2
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.people_pb2 import GetMeResponse
from school.identity.v1.regions_pb2 import ListRegionsResponse, Region
from school.identity.v1.sessions_pb2 import RefreshSessionRequest, RefreshSessionResponse
from school.identity.v1.sign_in_pb2 import SignedIn, SignInWithPasswordResponse
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser, set_cookies
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import PUBLIC, Outside, Stage, outside
from tests.support.keys import ISSUER, REGION


class SessionEnded(DomainError):
    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "SESSION_ENDED"
    title = "The session is over"


@pytest.fixture
def browser(gateway: Outside) -> Browser:
    return Browser(gateway)


async def test_a_session_reads(browser: Browser) -> None:
    answer = await browser.gateway.client.get("/v1/me", headers=browser.cookies(browser.session()))
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("own", [{}, {"Origin": PUBLIC}, {"Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}])
async def test_a_change_needs_the_sessions_form_token(browser: Browser, own: dict[str, str]) -> None:
    headers = {**browser.cookies(browser.session()), **own, "X-CSRF-Token": browser.form_token()}
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("token", [None, "", "x", "0" * 64])
async def test_a_change_without_the_form_token_is_refused(browser: Browser, token: str | None) -> None:
    headers = {**browser.cookies(browser.session()), "Origin": PUBLIC}
    if token is not None:
        headers["X-CSRF-Token"] = token
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    problem(answer, 403, "BAD_FORM_TOKEN")
    assert not browser.gateway.stage.calls


async def test_the_form_token_of_another_session_is_refused(browser: Browser) -> None:
    other = Browser(browser.gateway)
    headers = {**browser.cookies(browser.session()), "X-CSRF-Token": other.form_token()}
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    problem(answer, 403, "BAD_FORM_TOKEN")


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": PUBLIC, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_change_from_another_site_is_refused_whatever_it_knows(
    browser: Browser, foreign: dict[str, str]
) -> None:
    headers = {**browser.cookies(browser.session()), "X-CSRF-Token": browser.form_token(), **foreign}
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    problem(answer, 403, "FOREIGN_ORIGIN")
    assert not browser.gateway.stage.calls


async def test_a_bearer_token_needs_no_form_token(gateway: Outside) -> None:
    headers = {**gateway.bearer(), "Origin": "https://portal.example"}
    answer = await gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("with_access", [True, False])
async def test_an_expired_session_is_renewed_on_the_way(browser: Browser, with_access: bool) -> None:
    """The answer is the one that was asked for, with new cookies beside it."""
    old = browser.session(refresh="refresh-1", minutes=-1)
    browser.gateway.stage.on("RefreshSession", lambda _: RefreshSessionResponse(session=browser.session()))
    if not with_access:
        old.access_token = ""
    answer = await browser.gateway.client.get("/v1/me", headers=browser.cookies(old))
    assert answer.status_code == 200
    renewed = browser.gateway.stage.called("RefreshSession")
    assert [call.request for call in renewed] == [RefreshSessionRequest(refresh_token="refresh-1")]
    cookies = set_cookies(answer)
    assert cookies["mesh-refresh"].value == "refresh-2"
    assert cookies["mesh-access"].value
    assert cookies["mesh-access"]["httponly"]
    assert cookies["mesh-access"]["samesite"] == "Lax"
    assert 280 <= int(cookies["mesh-access"]["max-age"]) <= 300


async def test_many_requests_at_once_renew_once(browser: Browser) -> None:
    """A20: a refresh token is used once, although every tab of the browser shows it."""
    old = browser.session(refresh="refresh-1", minutes=-1)
    others_are_in = asyncio.Event()
    arrived = 0

    async def renew(_: object) -> RefreshSessionResponse:
        await others_are_in.wait()
        return RefreshSessionResponse(session=browser.session())

    async def ask() -> httpx2.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 10:
            asyncio.get_running_loop().call_later(0.2, others_are_in.set)
        return await browser.gateway.client.get("/v1/me", headers=browser.cookies(old))

    browser.gateway.stage.on("RefreshSession", renew)
    answers = await asyncio.gather(*(ask() for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(browser.gateway.stage.called("RefreshSession")) == 1
    assert {set_cookies(answer)["mesh-refresh"].value for answer in answers} == {"refresh-2"}


async def test_a_session_that_is_over_is_forgotten(browser: Browser) -> None:
    def over(_: object) -> RefreshSessionResponse:
        raise SessionEnded

    browser.gateway.stage.on("RefreshSession", over)
    old = browser.session(refresh="refresh-1", minutes=-1)
    answer = await browser.gateway.client.get("/v1/me", headers=browser.cookies(old))
    problem(answer, 401, "SIGN_IN_NEEDED")
    cookies = set_cookies(answer)
    assert cookies["mesh-access"]["max-age"] == cookies["mesh-refresh"]["max-age"] == "0"


async def test_a_page_that_a_service_refuses_for_want_of_a_session_leads_to_sign_in(browser: Browser) -> None:
    """The token is still good here and its session is over there; the page is come back to."""

    def over(_: object) -> GetMeResponse:
        raise SessionEnded

    browser.gateway.stage.on("GetMe", over)
    answer = await browser.gateway.client.get("/notices", headers=browser.cookies(browser.session()))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?back=%2Fnotices")
    cookies = set_cookies(answer)
    assert cookies["mesh-access"]["max-age"] == cookies["mesh-refresh"]["max-age"] == "0"


async def test_a_session_is_kept_while_identity_is_away(browser: Browser) -> None:
    """A service that does not answer must not sign everybody out."""

    class Away(DomainError):
        status = grpc.StatusCode.UNAVAILABLE
        reason = "UNAVAILABLE"
        title = "Away"

    def away(_: object) -> RefreshSessionResponse:
        raise Away

    browser.gateway.stage.on("RefreshSession", away)
    old = browser.session(refresh="refresh-1", minutes=-1)
    answer = await browser.gateway.client.get("/v1/me", headers=browser.cookies(old))
    problem(answer, 503, "UNAVAILABLE")
    assert "set-cookie" not in answer.headers


async def test_a_renewed_session_is_not_lost_when_the_request_is_refused(browser: Browser) -> None:
    """The old refresh token is dead by then: the new one must reach the browser with any answer."""
    browser.gateway.stage.on("RefreshSession", lambda _: RefreshSessionResponse(session=browser.session()))
    old = browser.session(refresh="refresh-1", minutes=-1)
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=browser.cookies(old))
    problem(answer, 403, "BAD_FORM_TOKEN")
    assert set_cookies(answer)["mesh-refresh"].value == "refresh-2"


async def test_a_foreign_site_cannot_make_a_browser_renew(browser: Browser) -> None:
    old = browser.session(refresh="refresh-1", minutes=-1)
    headers = {**browser.cookies(old), "Origin": "https://evil.example"}
    answer = await browser.gateway.client.post("/v1/me/notices:read", json={}, headers=headers)
    problem(answer, 403, "FOREIGN_ORIGIN")
    assert not browser.gateway.stage.called("RefreshSession")
    assert not browser.gateway.stage.called("ReadNotices")


async def test_the_token_of_another_region_in_a_cookie_is_nobody(browser: Browser) -> None:
    issuer = browser.gateway.stage.keys.issuer(region="50", issuer=ISSUER)
    token, _ = issuer.issue(
        person_id=uuid4(), account_id=uuid4(), session_id=uuid4(), roles=frozenset(Role.values())
    )
    answer = await browser.gateway.client.get("/v1/me", headers={"Cookie": f"mesh-access={token}"})
    problem(answer, 401, "SIGN_IN_NEEDED")


@pytest.fixture
async def sign_in_form(gateway: Outside) -> str:
    """The form token of the sign-in page that this browser has open."""
    here = Region(code=REGION, title="Москва", here=True, address=PUBLIC)
    gateway.stage.on("ListRegions", lambda _: ListRegionsResponse(regions=[here]))
    page = await gateway.client.get("/sign-in")
    token = re.search(rf'name="{FORM_FIELD}" value="([0-9a-f]+)"', page.text)
    assert token, page.text
    return token[1]


async def test_a_password_form_signs_in(gateway: Outside, browser: Browser, sign_in_form: str) -> None:
    """Through the page as a browser does it: read the form, send it, have a session."""
    gateway.stage.on(
        "SignInWithPassword",
        lambda _: SignInWithPasswordResponse(signed_in=SignedIn(session=browser.session())),
    )
    gateway.stage.on("GetMe", lambda _: GetMeResponse())
    form = {FORM_FIELD: sign_in_form, "login": "anna", "password": "secret words"}
    answer = await gateway.client.post("/sign-in/password", data=form, headers={"Origin": PUBLIC})
    assert answer.status_code == 303, answer.text
    assert set_cookies(answer)["mesh-access"].value
    assert (await gateway.client.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("what", ["no token", "wrong token", "no visit", "other origin", "multipart"])
async def test_a_form_of_another_browser_is_refused(gateway: Outside, sign_in_form: str, what: str) -> None:
    """Login forgery included: before sign-in a form is bound to the browser's visit."""
    form = {FORM_FIELD: sign_in_form, "login": "anna", "password": "secret words"}
    headers = {"Origin": PUBLIC}
    status, reason = 403, "BAD_FORM_TOKEN"
    if what == "no token":
        del form[FORM_FIELD]
    elif what == "wrong token":
        form[FORM_FIELD] = "0" * 64
    elif what == "no visit":
        gateway.client.cookies.clear()
    elif what == "other origin":
        headers = {"Origin": "https://evil.example"}
        reason = "FOREIGN_ORIGIN"
    if what == "multipart":
        status, reason = 415, "WRONG_MEDIA_TYPE"
        answer = await gateway.client.post("/sign-in/password", data=form, files={"x": b""}, headers=headers)
    else:
        answer = await gateway.client.post("/sign-in/password", data=form, headers=headers)
    problem(answer, status, reason)
    assert not gateway.stage.called("SignInWithPassword")


async def test_an_oversize_form_is_refused(gateway: Outside) -> None:
    form = {FORM_FIELD: "x", "login": "x" * 70_000}
    answer = await gateway.client.post("/sign-in/password", data=form)
    problem(answer, 413, "BODY_TOO_LARGE")


async def test_a_person_is_told_of_trouble_by_a_page(gateway: Outside) -> None:
    answer = await gateway.client.get("/nothing-here", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.fixture
async def public(played: Stage, folder: Path) -> AsyncIterator[Outside]:
    """A gateway whose public address is https."""
    played.reset()
    async with outside(played, folder, public_base_url="https://diary.example") as present:
        yield present


async def test_cookies_of_a_public_gateway_are_secure_and_bound_to_the_host(public: Outside) -> None:
    browser = Browser(public)
    public.stage.on("RefreshSession", lambda _: RefreshSessionResponse(session=browser.session()))
    old = browser.session(refresh="refresh-1", minutes=-1)
    answer = await public.client.get("/v1/me", headers=browser.cookies(old, "__Host-mesh-"))
    assert answer.status_code == 200
    for cookie in set_cookies(answer).values():
        assert cookie.key.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_cookies_without_the_prefix_mean_nothing_there(public: Outside) -> None:
    browser = Browser(public)
    answer = await public.client.get("/v1/me", headers=browser.cookies(browser.session()))
    problem(answer, 401, "SIGN_IN_NEEDED")


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/healthz", "/readyz", "/docs", "/openapi.json", "/v1/regions", "/v1/me", "/x"]
)
async def test_security_headers_are_on_everything(gateway: Outside, path: str) -> None:
    headers = (await gateway.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert "server" not in headers


async def test_public_keys_never_show_a_private_part(played: Stage, folder: Path) -> None:
    """Also when an operator points the setting at the wrong file."""
    async with outside(played, folder, jwks_file=played.keys.private) as gateway:
        (key,) = (await gateway.client.get("/.well-known/jwks.json")).json()["keys"]
    assert "d" not in key
    assert key["kid"] == "1"
