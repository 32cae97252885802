"""Every page there is, at the width of a phone, with the longest words in every field of every reply."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from typing import Final

import grpc
import pytest
from google.protobuf.message import Message
from playwright.async_api import Browser, Page, ViewportSize
from starlette.routing import Route

from school.access.v1.policy_pb2 import Role
from school.identity.v1.cases_pb2 import ListSchoolCasesResponse
from school.identity.v1.staff_pb2 import ListMyPostsResponse, Post
from services.gateway.calls import Services
from services.gateway.contracts import read_rpcs
from services.gateway.cookies import Cookies
from services.gateway.pages.language import Speech
from services.gateway.pages.site import build
from services.gateway.sessions import FormKey, Sessions
from services.gateway.site import PageDoor
from services.kit.clock import SystemClock
from tests.integration.gateway.office import Office
from tests.integration.gateway.stage import PUBLIC, Outside
from tests.support.filling import SOMEBODY, filled
from tests.support.stumbles import stumbles

pytestmark = pytest.mark.browser

PARTS: Final = {"kind": "email", "token": "abc", "region": "77"}
"""Of paths; all others are ids."""
ELSEWHERE: Final = {"/assets/{name}", "/language", "/sign-in/esia/callback", "/family/esia"}
"""No pages to look at: files, and addresses that only lead on."""
UNMARKED: Final = {"title", "textarea", "code"}
"""What cannot be marked, what a person types, and what is for programs."""
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
NARROWEST: Final[ViewportSize] = {"width": 320, "height": 640}
"""Also a desk at 400 % (WCAG 1.4.10)."""
SIDEWAYS: Final = """() => {
  const {scrollWidth, clientWidth} = document.documentElement;
  return scrollWidth > clientWidth ? [`sideways: ${scrollWidth}`] : [];
}"""
VOID: Final = {"br", "hr", "img", "input", "link", "meta"}
KEY: Final = re.compile(
    rf"\b(?:{'|'.join({key.partition('.')[0] for key in Speech('ru').keys})})(?:\.[a-z_]+)+\b"
)


def paths() -> list[str]:
    """Of every page, with something in place of each part."""
    services = {
        name: grpc.aio.insecure_channel("127.0.0.1:1") for name in ("identity", "diary", "notifications")
    }
    sessions = Sessions(Cookies(secure=False), FormKey(bytes(32)))
    site = build(PageDoor(Services(services), sessions, PUBLIC, "77"), SystemClock())
    shown = [
        route.path
        for route in site.routes
        if isinstance(route, Route) and "POST" not in (route.methods or ()) and route.path not in ELSEWHERE
    ]
    return [
        re.sub(r"{(\w+)}", lambda part: PARTS.get(part[1], SOMEBODY), path) for path in dict.fromkeys(shown)
    ]


@pytest.fixture
def somebody(gateway: Outside) -> Office:
    """Who is everything, everywhere, and has just shown who they are; every reply is full."""
    for rpc in read_rpcs():
        if not rpc.streams:
            gateway.stage.on(rpc.descriptor.name, partial(_same, filled(rpc.reply())))
    held = [role for role in Role.values() if role]
    posts = [Post(school_id=SOMEBODY, role=role, school_title="Школа № 12") for role in held]
    gateway.stage.on("ListMyPosts", lambda _: ListMyPostsResponse(posts=posts))
    cases = ListSchoolCasesResponse()
    filled(cases)
    # About one person, a case shows what differs between the school and ESIA.
    del cases.cases[0].people[1:]
    cases.cases[0].profile.name.surname = "Крестовоздвиженская-Долгорукова"
    gateway.stage.on("ListSchoolCases", lambda _: cases)
    office = Office(gateway, *held)
    office.proven = datetime.now(UTC)
    return office


def _same(reply: Message, _: object) -> Message:
    return reply


async def look(page: Page, url: str) -> list[str]:
    """What is wrong with a page, everything unfolded."""
    await page.set_viewport_size(PHONE)
    answer = await page.goto(url)
    await page.evaluate("document.querySelectorAll('main details').forEach((part) => part.open = true)")
    wrong = await stumbles(page, finger=True)
    if answer is None or answer.status >= 500:
        wrong.append("broken")
    wrong += [f"a key: {key}" for key in KEY.findall(await page.inner_text("main"))]
    await page.set_viewport_size(NARROWEST)
    return wrong + [f"at 320 px {part}" for part in await page.evaluate(SIDEWAYS)]


async def test_nobody_stumbles_on_any_page(browser: Browser, gateway: Outside, somebody: Office) -> None:
    """Nothing sticks out of the screen, however long a name or a title is."""
    base = f"http://{gateway.running.address}"
    context = await browser.new_context(viewport=PHONE, has_touch=True, locale="ru-RU")
    jar = somebody.cookies(somebody.session(roles=somebody.roles, proven=somebody.proven))["Cookie"]
    cookies = [pair.split("=", 1) for pair in jar.split("; ")]
    await context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies])
    try:
        page = await context.new_page()
        found = {path: wrong for path in paths() if (wrong := await look(page, base + path))}
    finally:
        await context.close()

    assert found == {}


class Russian(HTMLParser):
    """Russian words of an English page that are not said to be Russian, so that they are read as English."""

    def __init__(self) -> None:
        super().__init__()
        self.languages = ["en"]
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            said = "ru" if tag in UNMARKED else dict(attrs).get("lang")
            self.languages.append(said or self.languages[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.languages.pop()

    def handle_data(self, data: str) -> None:
        if self.languages[-1] != "ru" and re.search("[а-яё]{3}", data.lower()):
            self.found.append(data.strip()[:80])


async def test_in_english_only_what_schools_write_is_russian(gateway: Outside, somebody: Office) -> None:
    """And is marked as such, for those who have pages read aloud."""
    headers = {**somebody._headers(), "Accept-Language": "en"}
    found = {}
    for path in paths():
        answer = await gateway.client.get(path, headers=headers)
        reader = Russian()
        reader.feed(answer.text)
        if reader.found:
            found[path] = reader.found

    assert found == {}
