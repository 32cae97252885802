"""Everything that is not an API: the pages, and what surrounds a page before and after it is asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import cast
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Message

from services.gateway.calls import Context, set_context
from services.gateway.cookies import Cookies, RawHeaders, unless_set
from services.gateway.edge.authentication import Authentication
from services.gateway.edge.body import FORM_LIMIT, read_body
from services.gateway.edge.clients import Clients
from services.gateway.edge.headers import complete
from services.gateway.edge.origin import SAFE_METHODS
from services.gateway.exchange import Exchange, problem_headers
from services.gateway.problems import BadValue, NoSuchPath, Problem, WrongMediaType, WrongMethod, of_status
from services.gateway.sessions import FORM_FIELD, BrowserState, new_visit, subject
from services.gateway.site import Site

_FORM = b"application/x-www-form-urlencoded"
_MOST_FIELDS = 500
# A page may make several calls, each with the deadline of the request; this ends it whatever it does
# (seconds).
_PAGE_LIMIT = 10.0
_VISIT = re.compile(r"[A-Za-z0-9_-]{22}")


class Website:
    """Serves the pages of a site."""

    def __init__(
        self, site: Site, authentication: Authentication, cookies: Cookies, clients: Clients
    ) -> None:
        self._clients = clients
        self._site = site
        self._routes = _Routes(site.routes)
        self._authentication = authentication
        self._cookies = cookies

    async def serve(self, exchange: Exchange) -> None:
        """Answer with a page. Raises what `services.gateway.door` turns into a problem."""
        route = self._route(exchange)
        set_context(self._context(exchange, None))
        state = await self._state(exchange)
        if exchange.method not in SAFE_METHODS:
            state.form = await self._form(exchange, state)
        try:
            async with asyncio.timeout(_PAGE_LIMIT):
                await route.handle(exchange.scope, exchange.receive, self._sender(exchange, state))
        except HTTPException as refused:
            raise of_status(refused.status_code) from refused

    async def problem(self, exchange: Exchange, problem: Problem) -> None:
        """Answer with the page that tells a person what went wrong."""
        exchange.reason = problem.reason
        exchange.scope["state"]["request_id"] = exchange.request_id
        state: BrowserState = exchange.scope["state"].setdefault("browser", BrowserState(None, new_visit()))
        page = await self._site.problem(Request(exchange.scope, exchange.receive), problem)
        if not 300 <= page.status_code < 400:
            # A redirect, to the sign-in for one, is an answer of its own.
            page.status_code = problem.status
        page.raw_headers.extend(problem_headers(problem))
        await page(exchange.scope, exchange.receive, self._sender(exchange, state))

    def _context(self, exchange: Exchange, token: str | None) -> Context:
        client = partial(self._clients.metadata, exchange.scope, exchange.headers)
        return Context(exchange.request_id, exchange.deadline(), token, client)

    def _route(self, exchange: Exchange) -> BaseRoute:
        allowed: set[str] = set()
        for route in self._routes.near(exchange.scope["path"]):
            match, found = route.matches(exchange.scope)
            if match is Match.NONE:
                continue
            exchange.path = getattr(route, "path", "-")
            if match is Match.FULL:
                exchange.scope.update(found)
                return route
            if isinstance(route, Route):
                allowed |= route.methods or set()
        if allowed:
            raise WrongMethod(allow=", ".join(sorted(allowed)))
        raise NoSuchPath

    async def _state(self, exchange: Exchange) -> BrowserState:
        cookie = exchange.headers.get(b"cookie", b"")
        visit = self._cookies.visit(cookie) if cookie else ""
        state = BrowserState(None, visit if _VISIT.fullmatch(visit) else new_visit())
        exchange.scope["state"].update(browser=state, request_id=exchange.request_id)
        await self._authentication.browser(exchange.headers, exchange.request_id, exchange.entrance)
        state.visitor = exchange.entrance.visitor
        if state.visitor is not None:
            set_context(self._context(exchange, state.visitor.token))
        return state

    async def _form(self, exchange: Exchange, state: BrowserState) -> FormData:
        """The fields of the form, when it is this browser's own."""
        body = await read_body(exchange.receive, exchange.headers, FORM_LIMIT)
        media_type = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if body and media_type != _FORM:
            raise WrongMediaType(expected=_FORM.decode())
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
        except ValueError:
            raise BadValue(field="", expected="a form in UTF-8") from None
        if any("\0" in value for _, value in pairs):
            raise BadValue(field="", expected="text")
        form = FormData(cast("list[tuple[str, str | UploadFile]]", pairs))
        token = form.get(FORM_FIELD)
        token = token if isinstance(token, str) else ""
        self._authentication.require_form_token(token, subject(state), exchange.headers)
        return form

    def _sender(self, exchange: Exchange, state: BrowserState) -> _Sender:
        return _Sender(exchange, state, self._cookies)


class _Routes:
    """The pages' routes: there are a hundred, and most are found by their path without trying one."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._by_path: dict[str, list[BaseRoute]] = {}
        self._with_fields: list[BaseRoute] = []
        for route in routes:
            path = getattr(route, "path", "{")
            if "{" in path:
                self._with_fields.append(route)
            else:
                self._by_path.setdefault(path, []).append(route)

    def near(self, path: str) -> Iterator[BaseRoute]:
        """Those that may match a path, the ones that are nothing but it first."""
        yield from self._by_path.get(path, ())
        yield from self._with_fields


class _Sender:
    """Passes a page's answer on, its head completed with what every answer carries."""

    def __init__(self, exchange: Exchange, state: BrowserState, cookies: Cookies) -> None:
        self._exchange = exchange
        self._state = state
        self._cookies = cookies

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.start":
            await self._exchange.pass_on(message)
            return
        headers: RawHeaders = list(message.get("headers", ()))
        if self._state.visit_used and self._state.form is None:
            self._cookies.set_visit(headers, self._state.visit)
        # A session renewed on the way here must not come back after the page has left it or begun another.
        entrance = self._exchange.entrance
        entrance.cookies = unless_set(entrance.cookies, headers)
        complete(headers, self._exchange.defaults)
        await self._exchange.start(message["status"], headers)
