"""The browser without a screen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.browser import Browser, Lost

_PAGE = """
<form method="post" action="/in"><input type="hidden" name="csrf_token" value="t1">
<input name="login"><button>in</button></form>
<input type="hidden" name="stray" value="outside of any form">
<form action="/search"></form>
"""


async def _page(request: Request) -> Response:
    return HTMLResponse(_PAGE)


async def _in(request: Request) -> Response:
    response = RedirectResponse("/seen", status_code=303)
    sent = f"{request.headers['origin']} {(await request.body()).decode()}"
    response.set_cookie("sent", sent.encode().hex())
    return response


async def _seen(request: Request) -> Response:
    return JSONResponse(
        {"sent": bytes.fromhex(request.cookies["sent"]).decode(), "headers": [*request.headers]}
    )


async def _round(request: Request) -> Response:
    return RedirectResponse("/round")


async def _refused(request: Request) -> Response:
    return JSONResponse({"reason": "NOT_FOUND"}, status_code=404)


_SITE = Starlette(
    routes=[
        Route("/page", _page),
        Route("/in", _in, methods=["POST"]),
        Route("/seen", _seen),
        Route("/round", _round),
        Route("/v1/nothing", _refused),
    ]
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with Browser("http://localhost:1", httpx2.ASGITransport(_SITE)) as browser:
        yield browser


async def test_a_form_is_sent_with_its_hidden_fields_and_its_origin(browser: Browser) -> None:
    page = await browser.open("/page")
    shown = await browser.submit(page, page.form("/in"), login="anna")

    assert shown.url == "http://localhost:1/seen"
    assert json.loads(shown.text)["sent"] == "http://localhost:1 csrf_token=t1&login=anna"


async def test_where_one_was_led_to_is_asked_without_an_origin(browser: Browser) -> None:
    page = await browser.open("/page")
    shown = await browser.submit(page, page.form("/in"))
    assert "origin" not in json.loads(shown.text)["headers"]


async def test_a_form_that_is_not_there_cannot_be_filled(browser: Browser) -> None:
    page = await browser.open("/page")
    assert not page.has_form("/out")
    with pytest.raises(Lost, match="/out"):
        page.form("/out")


async def test_an_endless_round_ends(browser: Browser) -> None:
    assert (await browser.open("/round")).status == 307


async def test_a_refusal_is_read_with_its_reason(browser: Browser) -> None:
    assert await browser.read("/v1/nothing") == (404, {"reason": "NOT_FOUND"})
