"""The main job of a region, done by people it does not know: through the public HTTP door only.

Each step prints what happened, with whom and how long it took. A step that finds something else than it
should ends the walk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.browser import Browser, Lost, Page
from deploy.local.console import Console
from deploy.local.region import Region

_SOON = 10.0  # seconds within which an event must have had its effect everywhere
_MARKS = ("5", "4")  # the one that is not there yet is given
_LIVE = "/v1/me/notices:watch"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of the demo region's cast."""

    name: str
    login: str
    person_id: str

    @property
    def short(self) -> str:
        """Surname and initials, as the console has little room."""
        surname, *others = self.name.split()
        return " ".join([surname, *(f"{other[0]}." for other in others[:2])])


async def walk(region: Region, console: Console) -> bool:
    """Walk; True when every step found what it should."""
    if region.demo is None:
        raise ValueError("there is nobody to walk with: the region was started without the demo")
    console.line()
    async with AsyncExitStack() as stack:
        walking = _Walk(region, region.demo.facts, stack)
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("1 bound", walking.parent_enters),
            ("2 week", walking.parent_reads),
            ("3 mark", walking.teacher_marks),
            ("4 told", walking.parent_is_told),
            ("5 no SNILS", walking.parent_without_snils),
            ("6 refused", walking.strangers_are_refused),
        ]
        for title, step in steps:
            began = time.monotonic()
            try:
                told = await step()
            except (Lost, httpx2.HTTPError, TimeoutError) as wrong:
                console.failed(title, time.monotonic() - began, str(wrong) or type(wrong).__name__)
                return False
            console.done(title, time.monotonic() - began, told)
    return True


class _Walk:
    """What the steps hand on to each other."""

    def __init__(self, region: Region, facts: Mapping[str, Any], stack: AsyncExitStack) -> None:
        self._region = region
        self._cast = {role: Actor(**who) for role, who in facts["cast"].items()}
        self._showcase: dict[str, str] = facts["showcase"]
        self._stack = stack
        self._parent = Browser(region.url)
        self._live: asyncio.Queue[Any] = asyncio.Queue()
        self._given: Mapping[str, Any] = {}
        self._given_at = 0.0

    async def parent_enters(self) -> str:
        """Parent A enters through ESIA and is bound by name and SNILS."""
        who = self._cast["parent_a"]
        await self._stack.enter_async_context(self._parent)
        await self._enter(self._parent, who)
        me = _expect(200, await self._parent.read("/v1/me"))
        if me["person"]["person_id"] != who.person_id:
            raise Lost(f"{who.short} entered and became somebody else")
        binding = _expect(200, await self._parent.read("/v1/me/binding"))
        if binding["road"] != "BINDING_ROAD_SNILS":
            raise Lost(f"bound by {binding['road']}")
        self._live = await self._stack.enter_async_context(self._parent.follow(_LIVE))
        return f"{who.short} entered through ESIA, bound by full name and SNILS"

    async def parent_reads(self) -> str:
        """Parent A reads the week of child 1."""
        pupil, day = self._showcase["pupil_id"], self._showcase["day"]

        async def week() -> Any:
            status, body = await self._parent.read(f"/v1/pupils/{pupil}/week", date=day)
            return body if status == httpx2.codes.OK else None

        # The diary learns from an event who may see whom.
        found = await _soon(week, f"{self._cast['parent_a'].short} may see the child's week")
        lessons = [lesson for each in found["days"] for lesson in each["lessons"]]
        marks = sum(len(lesson["marks"]) for lesson in lessons)
        if not lessons:
            raise Lost("the week has no lessons")
        pupil_name = found["pupil"]["display_name"]
        return f"{pupil_name}, {found['pupil']['class_title']}: {len(lessons)} lessons, {marks} marks"

    async def teacher_marks(self) -> str:
        """A teacher enters through ESIA and puts a mark."""
        who = self._cast["teacher"]
        lesson, pupil = self._showcase["lesson_id"], self._showcase["pupil_id"]
        async with Browser(self._region.url) as browser:
            await self._enter(browser, who)
            journal = _expect(200, await browser.read(f"/v1/lessons/{lesson}"))
            row = next((row for row in journal["rows"] if row["pupil_id"] == pupil), None)
            if row is None:
                raise Lost("the pupil is not in the journal")
            wish = {
                "pupil_id": pupil,
                "text": next(mark for mark in _MARKS if mark != row["mark"]),
                "based_on_version": row["mark_version"],
            }
            answer = await browser.write(f"/v1/lessons/{lesson}/marks", wish, key=str(uuid4()))
            self._given = _expect(200, answer)["mark"]
            self._given_at = time.monotonic()
        title = journal["lesson"]["subject_title"]
        before = f" instead of “{row['mark']}”" if row["mark"] else ""
        return f"{who.short} gave “{self._given['text']}”{before} in {title}"

    async def parent_is_told(self) -> str:
        """It arrives on A's live stream and in the inbox."""
        async with asyncio.timeout(_SOON):
            while True:
                notice = await self._live.get()
                notice = notice.get("notice", notice)
                if notice["mark"] == self._given["text"] and notice["pupil_id"] == self._given["pupil_id"]:
                    break
        live = f"{(time.monotonic() - self._given_at) * 1000:.0f} ms after the mark"
        inbox = _expect(200, await self._parent.read("/v1/me/notices"))
        found = [entry for entry in inbox["notices"] if entry["notice_id"] == notice["notice_id"]]
        if len(found) != 1:
            raise Lost(f"the notice is {len(found)} times in the inbox")
        return f"{self._cast['parent_a'].short}: on the live stream {live}, once in the inbox"

    async def parent_without_snils(self) -> str:
        """Parent B, whose ESIA account has no SNILS, is told so and offered the password road."""
        who = self._cast["parent_b_without_snils"]
        async with Browser(self._region.url) as browser:
            page = await self._through_esia(browser, who)
            status, _ = await browser.read("/v1/me")
            if status == httpx2.codes.OK:
                binding = _expect(200, await browser.read("/v1/me/binding"))
                if binding["road"] != "BINDING_ROAD_PASSWORD":
                    raise Lost(f"bound without SNILS by {binding['road']}")
                return f"{who.short} was bound by the school's password earlier, and entered"
            page.form("/sign-in/link")
            if "СНИЛС" not in page.text:
                raise Lost("the page does not say that SNILS is missing")
        return f"{who.short}: told that ESIA knows no SNILS, offered the school's password"

    async def strangers_are_refused(self) -> str:
        """A stranger, who is not even let in, and the parent of another child are refused the week."""
        path = f"/v1/pupils/{self._showcase['pupil_id']}/week"
        stranger, other = self._cast["stranger"], self._cast["namesake_one"]
        async with Browser(self._region.url) as browser:
            page = await self._through_esia(browser, stranger)
            _refused(401, await browser.read(path))
            if page.has_form("/sign-in/link"):
                raise Lost("a stranger with SNILS is offered the password road")
        async with Browser(self._region.url) as browser:
            await self._enter(browser, other)
            reason = _refused(403, await browser.read(path))
        return f"{stranger.short} is not let in; {other.short} is refused the week: {reason}"

    async def _enter(self, browser: Browser, who: Actor) -> None:
        """Enter through ESIA and be in. Raises `Lost` when not."""
        page = await self._through_esia(browser, who)
        status, _ = await browser.read("/v1/me")
        if status != httpx2.codes.OK:
            raise Lost(f"{who.short} is not in after ESIA; the page is {page.where} ({page.status})")
        await browser.open("/")  # a page of the signed-in, for its form token

    async def _through_esia(self, browser: Browser, who: Actor) -> Page:
        """The page a person sees at the end of the way through ESIA, whatever it is."""
        page = await browser.open(f"/sign-in?region={self._region.place.code}")
        page = await browser.submit(page, page.form("/sign-in/esia"))
        page = await browser.submit(page, page.form("/login"), person=who.login)
        return await browser.submit(page, page.form("/consent"), decision="provide")


def _expect(status: int, answer: tuple[int, Any]) -> Any:
    """The body of an answer with ``status``. Raises `Lost` for any other."""
    seen, body = answer
    if seen != status:
        raise Lost(f"status {seen} {body.get('reason', '')}".strip())
    return body


def _refused(status: int, answer: tuple[int, Any]) -> str:
    """The machine reason of a refusal with ``status``. Raises `Lost` for anything else."""
    body = _expect(status, answer)
    if not body.get("reason"):
        raise Lost(f"a refusal without a reason, status {status}")
    return str(body["reason"])


async def _soon(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What ``look`` finds, as soon as it finds something."""
    deadline = time.monotonic() + _SOON
    while True:
        found = await look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise Lost(f"not within {_SOON:.0f} s: {what}")
        await asyncio.sleep(0.05)
