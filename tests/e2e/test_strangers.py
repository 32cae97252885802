"""What strangers, curious parents and careless browsers try at the region's public door, and do not get."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from typing_extensions import override

from deploy.local.place import DOOR, RECORD
from deploy.local.region import Region
from tests.e2e.window import cast, credentials, showcase

CALLBACK = "/sign-in/esia/callback"
UNKNOWN = "/sign-in/refused?reason=SIGN_IN_UNKNOWN"
CANARY = "canary-of-a-teacher"
MARKUP = f"\"'><img src=x onerror=alert(1) id={CANARY}><script>alert(1)</script></textarea>{{{{7*7}}}}%(n)s"


class Person:
    """A browser that follows nothing by itself, and its person."""

    def __init__(self, region: Region, http: httpx2.AsyncClient) -> None:
        self.region = region
        self.http = http
        self.esia = httpx2.AsyncClient(trust_env=False, timeout=15.0)

    async def begin(self) -> str:
        """Begin a sign-in; gives the address at ESIA."""
        token = _field((await self.http.get("/sign-in")).text, "csrf_token")
        form = {"csrf_token": token, "region": self.region.place.code}
        started = await self.http.post("/sign-in/esia", data=form, headers={"Origin": self.region.url})
        assert started.status_code == 303, started.text
        return started.headers["location"]

    async def consent(self, address: str, login: str) -> str:
        """Go through ESIA; gives the address of the redirect back, not yet opened."""
        page = await self.esia.get(address, follow_redirects=True)
        form = {"request": _field(page.text, "request"), "person": login}
        page = await self.esia.post(f"{self.region.esia_url}/login", data=form, follow_redirects=True)
        form = {"request": _field(page.text, "request"), "decision": "provide"}
        back = await self.esia.post(f"{self.region.esia_url}/consent", data=form)
        return back.headers["location"]

    async def enter(self, role: str) -> Person:
        """Sign in through ESIA as somebody of the cast."""
        back = await self.consent(await self.begin(), cast(self.region, role)["login"])
        entered = await self.http.get(back)
        assert entered.headers["location"] in {"/welcome", "/cabinet"}
        return self

    async def ask(self, method: str, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        """A request to the API with the session's token, as a consumer sends it."""
        headers = {"Authorization": f"Bearer {self.http.cookies['mesh-access']}"}
        sent = {"json": body} if method != "GET" else {}
        answer = await self.http.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]
        told = answer.json()
        told.pop("request_id", None)
        return answer.status_code, told

    async def is_in(self) -> bool:
        """Whether somebody is signed in at this browser."""
        return (await self.http.get("/v1/me")).status_code == 200


@pytest.fixture
async def people(region: Region) -> AsyncIterator[list[Person]]:
    """Browsers without cookies."""
    opened = [
        Person(region, httpx2.AsyncClient(base_url=region.url, trust_env=False, timeout=15.0))
        for _ in range(5)
    ]
    yield opened
    for one in opened:
        await one.http.aclose()
        await one.esia.aclose()


async def test_a_redirect_works_only_in_the_browser_that_began(people: list[Person]) -> None:
    """A1: nobody is signed in as the attacker, nor the attacker as anybody, by a link that is passed on."""
    attacker, passer_by, waiting, victim, _ = people
    link = await attacker.consent(await attacker.begin(), cast(attacker.region, "namesake_one")["login"])
    await waiting.begin()
    await victim.enter("parent_a")
    before = victim.http.cookies["mesh-refresh"]
    for person in (passer_by, waiting, victim):
        assert (await person.http.get(link)).headers["location"] == UNKNOWN
    assert not await passer_by.is_in()
    assert not await waiting.is_in()
    assert victim.http.cookies["mesh-refresh"] == before
    assert (await attacker.http.get(link)).headers["location"] in {"/welcome", "/cabinet"}
    assert (await attacker.http.get(link)).headers["location"] == UNKNOWN


async def test_a_foreign_link_does_not_spoil_a_sign_in_that_is_under_way(people: list[Person]) -> None:
    person, *_ = people
    back = await person.consent(await person.begin(), cast(person.region, "namesake_two")["login"])
    spoiled = await person.http.get(f"{CALLBACK}?state={uuid4()}&code=x")
    assert spoiled.headers["location"] == UNKNOWN
    assert (await person.http.get(back)).headers["location"] in {"/welcome", "/cabinet"}


async def test_a_code_is_good_for_one_sign_in(people: list[Person]) -> None:
    """A2: also under the fresh state of the attacker's own browser."""
    person, attacker, *_ = people
    back = await person.consent(await person.begin(), cast(person.region, "hyphens")["login"])
    assert (await person.http.get(back)).headers["location"] in {"/welcome", "/cabinet"}
    code = parse_qs(urlsplit(back).query)["code"][0]
    state = parse_qs(urlsplit(await attacker.begin()).query)["state"][0]
    answer = await attacker.http.get(CALLBACK, params={"state": state, "code": code})
    assert answer.headers["location"] == "/sign-in/refused?reason=ESIA_CODE_REFUSED"
    assert not await attacker.is_in()


async def test_a_code_is_good_in_the_sign_in_it_was_given_for(people: list[Person]) -> None:
    """A2: a code that was overheard and is still unused lets nobody in elsewhere (PKCE, RFC 7636)."""
    person, attacker, *_ = people
    back = await person.consent(await person.begin(), cast(person.region, "hyphens")["login"])
    code = parse_qs(urlsplit(back).query)["code"][0]
    state = parse_qs(urlsplit(await attacker.begin()).query)["state"][0]
    answer = await attacker.http.get(CALLBACK, params={"state": state, "code": code})
    assert answer.headers["location"] == "/sign-in/refused?reason=ESIA_CODE_REFUSED"
    assert not await attacker.is_in()


async def test_of_ten_redirects_at_once_one_lets_in(people: list[Person]) -> None:
    person, *_ = people
    back = await person.consent(await person.begin(), cast(person.region, "grandmother")["login"])
    pending = {"Cookie": f"mesh-sign-in={person.http.cookies['mesh-sign-in']}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=15.0) as http:
        answers = await asyncio.gather(*(http.get(back, headers=pending) for _ in range(10)))
    led = [answer.headers["location"] for answer in answers if answer.headers["location"] != UNKNOWN]
    assert len(led) == 1
    assert led[0] in {"/welcome", "/cabinet"}


async def test_hostile_redirects_do_not_close_the_door_for_others(people: list[Person]) -> None:
    """A35: what a stranger brings from ESIA does not count as ESIA being down."""
    stranger, *_ = people
    for said in ({"code": "x"}, {"error": "server_error", "error_description": "ESIA-007008: busy"}) * 4:
        state = parse_qs(urlsplit(await stranger.begin()).query)["state"][0]
        answer = await stranger.http.get(CALLBACK, params={"state": state, **said})
        assert answer.headers["location"].startswith("/sign-in/refused?reason=ESIA_")
    assert (await stranger.begin()).startswith(stranger.region.esia_url)


async def test_what_is_anothers_looks_like_what_does_not_exist(people: list[Person], region: Region) -> None:
    """A34, A22: every role, every path with an id in it; no answer tells whether the id is anybody's."""
    roles = ("namesake_one", "pupil_over_14", "teacher_parent", "registrar", "director")
    there, nowhere = showcase(region), str(uuid4())
    for person, role in zip(people, roles, strict=True):
        await person.enter(role)
        for pupil in (there["pupil_id"], cast(region, "teacher")["person_id"]):
            path = "/v1/pupils/{}/week"
            refused = await person.ask("GET", path.format(pupil))
            assert refused[0] == 403, role
            assert refused == await person.ask("GET", path.format(nowhere))
        about = {"pupil_id": there["pupil_id"], "request_id": str(uuid4())}
        for method, path, body in (
            ("GET", "/v1/lessons/{}", {}),
            ("POST", "/v1/lessons/{}/marks", about | {"text": "5"}),
            ("POST", "/v1/lessons/{}/marks:remove", about | {"based_on_version": 1}),
            ("POST", "/v1/lessons/{}/remarks", about | {"text": "x"}),
            ("PUT", "/v1/lessons/{}/homework", {"text": "x", "request_id": str(uuid4())}),
        ):
            refused = await person.ask(method, path.format(there["lesson_id"]), **body)
            assert refused[0] == 403, (role, path)
            assert refused == await person.ask(method, path.format(nowhere), **body)


async def test_a_registrar_reaches_no_further_than_the_own_school(
    people: list[Person], region: Region
) -> None:
    registrar = await people[0].enter("registrar")
    kid, parent = cast(region, "pupil_under_14")["person_id"], cast(region, "namesake_one")["person_id"]
    relation = {"guardian_id": parent, "pupil_id": kid, "kind": "RELATION_KIND_PARENT"}
    name = {"surname": "Иванов", "given_name": "Иван"}
    person = {"name": name, "birth_date": "1980-05-05", "roles": ["ROLE_TEACHER"]}
    school = f"/v1/schools/{uuid4()}"
    for path, body in (
        ("/people", person | {"request_id": str(uuid4())}),
        ("/relations", relation | {"request_id": str(uuid4())}),
        (f"/relations/{uuid4()}:end", {"reason": "x"}),
    ):
        status, told = await registrar.ask("POST", school + path, **body)
        assert (status, told["reason"]) == (403, "NOT_THEIR_SCHOOL"), path


async def test_what_a_teacher_writes_is_text_everywhere(people: list[Person], region: Region) -> None:
    """No page makes an element of it, in whatever form it comes back."""
    teacher, parent, pupil, *_ = people
    there = showcase(region)
    lesson = f"/lessons/{there['lesson_id']}"
    await teacher.enter("teacher")
    await parent.enter("parent_a")
    await pupil.enter("pupil_under_14")
    body = {"pupil_id": there["pupil_id"], "request_id": str(uuid4()), "text": MARKUP}
    status, _ = await teacher.ask("POST", f"/v1{lesson}/remarks", **body)
    assert status == 200
    token = _field((await teacher.http.get(lesson)).text, "csrf_token")
    wrong = {"csrf_token": token, "pupil": there["pupil_id"], "mark": MARKUP[:30], "was": MARKUP}
    told = [
        await teacher.http.post(f"{lesson}/{deed}", data=wrong | more, headers={"Origin": region.url})
        for deed, more in (("marks", {}), ("homework", {"text": MARKUP, "based_on_version": "0"}))
    ]
    week = f"/pupils/{there['pupil_id']}/week?date={there['day']}"
    shown = [await one.http.get(week) for one in (parent, pupil)]
    shown += [await teacher.http.get(lesson), await parent.http.get("/cabinet")]
    assert sum(CANARY in page.text for page in [*told, *shown]) >= 3
    for page in [*told, *shown]:
        _expect_no_markup(page)


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in?back=/{}",
        "/?choose=1&q={}&back=/{}",
        "/sign-in/refused?reason={}&part={}",
        "/sign-in/refused?reason=NAME_DIFFERS&part={}",
        "/{}",
        "/language/{}",
    ],
)
async def test_what_an_address_says_is_text(people: list[Person], path: str) -> None:
    page = await people[0].http.get(path.replace("{}", MARKUP), headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    _expect_no_markup(page)


async def test_private_pages_are_kept_by_nobody_and_lead_forms_nowhere_else(
    people: list[Person], region: Region
) -> None:
    parent = await people[0].enter("parent_a")
    week = f"/pupils/{showcase(region)['pupil_id']}/week"
    for path in (
        "/cabinet",
        "/welcome",
        "/notices",
        week,
        "/lessons",
        "/nowhere",
        "/v1/me",
        "/v1/me/notices",
    ):
        headers = (await parent.http.get(path, headers={"Accept": "text/html"})).headers
        assert headers["cache-control"] == "no-store", path
        if headers["content-type"].startswith("text/html"):
            policy = headers["content-security-policy"]
            assert f"form-action 'self' {region.esia_url};" in policy
            assert "unsafe" not in policy


async def test_no_log_knows_whom_it_was_about(people: list[Person], region: Region) -> None:
    """A33: after entries by both doors, refusals and guesses: no name, number, secret, code or address."""
    person, *_ = people
    back = await person.consent(await person.begin(), cast(region, "parent_a")["login"])
    await person.http.get(back)
    issued = credentials(region, "teacher")
    await person.http.post("/v1/sign-in/password", json=dict(issued))
    await person.http.post("/v1/sign-in/password", json={"login": "somebody.else", "password": "a guess"})
    await person.http.get(f"/pupils/{uuid4()}/week?date=2026-01-01&secret={CANARY}")
    words = {"somebody.else", "a guess", CANARY, *issued.values(), *person.http.cookies.values()}
    words |= {part for role in ("parent_a", "teacher") for part in cast(region, role)["name"].split()}
    words |= set(parse_qs(urlsplit(back).query)["code"]) | set(parse_qs(urlsplit(back).query)["state"])
    for name in (*RECORD, DOOR):
        log = await asyncio.to_thread(Path(region.place.log(name)).read_text, "utf-8")
        assert log
        assert not [word for word in words if word in log], name
        assert not re.search(r"\d{3}-\d{3}-\d{3} \d{2}|eyJ[A-Za-z0-9_-]{10}", log), name


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.foul: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inline = tag == "script" and "src" not in given
        handlers = [name for name in given if name.startswith("on") or name == "style"]
        if inline or handlers or CANARY in (given.get("id") or ""):
            self.foul.append(f"<{tag} {attrs}>")


def _expect_no_markup(page: httpx2.Response) -> None:
    elements = _Elements()
    elements.feed(page.text)
    assert not elements.foul, page.request.url


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, page
    return found[1]
