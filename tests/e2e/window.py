"""One person's browser window at the region, watched: what it complains of, and whom it talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response

from deploy.local.region import Region
from tests.support.stumbles import stumbles

PHONE = 390
DESKTOP = 1280
HEIGHTS = {PHONE: 844, DESKTOP: 900}


@dataclass
class Window:
    """A page of the browser, and everything about it that nobody should have to see."""

    page: Page
    region: Region
    width: int
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Response | None:
        """Go to a path of the region."""
        return await self.page.goto(self.region.url + path)

    @property
    def path(self) -> str:
        """Where the window is: path and query."""
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    async def expect_no_stumbles(self) -> None:
        """Everything on the present page is named, labelled, large enough and within the screen."""
        found = await stumbles(self.page, finger=self.width == PHONE)
        assert found == [], f"{self.path}: {found}"

    def expect_quiet(self) -> None:
        """Nothing went wrong behind the pages, and nobody else was talked to."""
        assert self.complaints == []
        assert self.foreign == []

    async def through_esia(self, login: str, decision: str = "provide") -> None:
        """Press the Gosuslugi button, be the person with ``login`` there, and answer about consent."""
        await self.open(f"/sign-in?region={self.region.place.code}")
        await self.expect_no_stumbles()
        await self.page.locator('form[action="/sign-in/esia"] button').click()
        await self.page.locator(f'button[name="person"][value="{login}"]').click()
        await self.page.locator(f'button[name="decision"][value="{decision}"]').click()
        await self.page.wait_for_url(self.region.url + "/**")

    async def enter(self, login: str) -> None:
        """Enter through ESIA and be in the cabinet, bound now or before."""
        await self.through_esia(login)
        if self.path == "/welcome":
            await self.page.locator("main .button").click()
        await self.page.wait_for_url(self.region.url + "/cabinet")

    def _complain(self, message: ConsoleMessage) -> None:
        # The address of a refused page is told as an error as well; the test itself looks at such pages.
        refused = (
            message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        )
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        own = {urlsplit(self.region.url).netloc, urlsplit(self.region.esia_url).netloc}
        if urlsplit(request.url).netloc not in own:
            self.foreign.append(request.url)


@asynccontextmanager
async def window(
    browser: Browser,
    region: Region,
    width: int = PHONE,
    *,
    script: bool = True,
    language: str = "ru-RU",
) -> AsyncIterator[Window]:
    """A window of somebody's own; when it is closed, nothing may have gone wrong in it."""
    context = await browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        has_touch=width == PHONE,
        java_script_enabled=script,
        locale=language,
    )
    try:
        opened = Window(await context.new_page(), region, width)
        opened.page.on("console", opened._complain)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("request", opened._note)
        opened.page.set_default_timeout(10_000)
        yield opened
        opened.expect_quiet()
    finally:
        await context.close()


async def press(person: Window, button: str) -> None:
    """Press a button of the page, which must be without stumbles."""
    await person.expect_no_stumbles()
    await person.page.get_by_role("button", name=button, exact=True).click()


def cast(region: Region, role: str) -> Mapping[str, str]:
    """Somebody of the demo's cast: ``name``, ``login`` at ESIA, ``person_id``."""
    assert region.demo
    found: Mapping[str, str] = region.demo.facts["cast"][role]
    return found


def showcase(region: Region) -> Mapping[str, str]:
    """Where there is something to look at: ``day``, ``pupil_id``, ``lesson_id``."""
    assert region.demo
    found: Mapping[str, str] = region.demo.facts["showcase"]
    return found


def credentials(region: Region, role: str) -> Mapping[str, str]:
    """``login`` and ``password`` that the school issued to somebody of the cast."""
    assert region.demo
    found: Mapping[str, str] = region.demo.facts["credentials"][role]
    return found
