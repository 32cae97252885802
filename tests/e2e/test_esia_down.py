"""ESIA away or slow: the page of doors says so before a click, nothing piles up, all else works on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import psutil
import pytest

from deploy.local.browser import Browser, Page
from deploy.local.region import Region
from services.identity.esia import EsiaSettings
from tests.e2e.window import cast, credentials, showcase
from tests.support.people import People
from tests.support.waiting import eventually

_SAYS_SO = "Госуслуги сейчас не отвечают"
# Looks every 10 s and, once one failed, three in a row within 3 s each; while ESIA is away every 15 s.
_NOTICED_S = 30.0
_BACK_S = 30.0
# More than a client has connections.
_CROWD = 40


async def _doors(region: Region, browser: Browser) -> Page:
    return await browser.open(f"/sign-in?region={region.place.code}")


async def _to_esia(region: Region, browser: Browser) -> Page:
    page = await _doors(region, browser)
    return await browser.submit(page, page.form("/sign-in/esia"))


def _page_of_doors(region: Region, *, says_so: bool) -> Callable[[], Awaitable[bool]]:
    async def the_page_of_doors_knows() -> bool:
        async with Browser(region.url) as browser:
            return (_SAYS_SO in (await _doors(region, browser)).text) is says_so

    return the_page_of_doors_knows


async def _enters_by_password(region: Region) -> bool:
    async with Browser(region.url) as browser:
        page = await _doors(region, browser)
        known = dict(credentials(region, "parent_b_without_snils"))
        page = await browser.submit(page, page.form("/sign-in/password"), **known)
        return page.where.endswith("/cabinet")


async def _reads_the_week(region: Region, parent: Browser) -> bool:
    there = showcase(region)
    status, week = await parent.read(f"/v1/pupils/{there['pupil_id']}/week", date=there["day"])
    return status == 200 and len(week["days"]) == 6


async def _is_told_at_once(region: Region) -> bool:
    """Who presses the button all the same, reads why it does not help and what does."""
    began = time.monotonic()
    async with Browser(region.url) as browser:
        page = await _to_esia(region, browser)
    told = page.status == 503 and _SAYS_SO in page.text and "/sign-in#by-password" in page.text
    return told and time.monotonic() - began < 2.0


@pytest.fixture
async def parent(region: Region) -> AsyncIterator[Browser]:
    """Somebody who entered through ESIA while it was well."""
    await People(region).all_arrived()
    async with Browser(region.url) as browser:
        page = await _to_esia(region, browser)
        page = await browser.submit(page, page.form("/login"), person=cast(region, "second_parent")["login"])
        await browser.submit(page, page.form("/consent"), decision="provide")
        assert await _reads_the_week(region, browser)
        yield browser


async def test_with_esia_stopped_the_doors_say_so_and_all_else_works(region: Region, parent: Browser) -> None:
    await eventually(_page_of_doors(region, says_so=False), within=_BACK_S)
    await region.stop("esia")
    try:
        await eventually(_page_of_doors(region, says_so=True), within=_NOTICED_S)
        assert await _is_told_at_once(region)
        assert await _enters_by_password(region)
        assert await _reads_the_week(region, parent)
    finally:
        await region.start("esia")

    await eventually(_page_of_doors(region, says_so=False), within=_BACK_S)
    async with Browser(region.url) as browser:
        assert (await _to_esia(region, browser)).has_form("/login"), "back without anybody's help"


async def test_with_esia_slow_a_crowd_is_told_in_time_and_nothing_piles_up(
    region: Region, parent: Browser
) -> None:
    """They come back from ESIA with codes just when it stops answering."""
    await eventually(_page_of_doors(region, says_so=False), within=_BACK_S)
    switches = f"http://{region.address('esia')}/stand/switches"
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        crowd = [await stack.enter_async_context(Browser(region.url)) for _ in range(_CROWD)]
        sent = [await _to_esia(region, browser) for browser in crowd]
        await http.patch(switches, json={"latency": 60})
        try:
            began = time.monotonic()
            coming_back = [
                asyncio.create_task(browser.open(_callback(page)))
                for browser, page in zip(crowd, sent, strict=True)
            ]
            assert await _enters_by_password(region)
            assert await _reads_the_week(region, parent)
            assert time.monotonic() - began < 5.0, "slower only by the machine, not by ESIA"
            assert _connections_to_esia(region) <= EsiaSettings.model_fields["connections"].default
            pages = await asyncio.gather(*coming_back)
            assert time.monotonic() - began < 15.0
            assert {page.url.partition("reason=")[2] for page in pages} == {"ESIA_UNAVAILABLE"}

            await eventually(_page_of_doors(region, says_so=True), within=_NOTICED_S)
            assert await _is_told_at_once(region)
            assert _connections_to_esia(region) <= 1, "one look at most"
        finally:
            await http.patch(switches, json={"latency": 0}, timeout=90)
    await eventually(_page_of_doors(region, says_so=False), within=_BACK_S)


def _callback(page: Page) -> str:
    """Where ESIA would send the browser back to, with a code."""
    (state,) = parse_qs(urlsplit(page.url).query)["state"]
    return f"/sign-in/esia/callback?{urlencode({'code': 'e30.e30.AAAA', 'state': state})}"


def _connections_to_esia(region: Region) -> int:
    port = region.place.ports["esia"]
    found = psutil.Process(region.pid("identity")).net_connections(kind="tcp")
    open_ones = [each.raddr for each in found if each.status == psutil.CONN_ESTABLISHED]
    return sum(address[1] == port for address in open_ones)
