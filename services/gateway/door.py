"""The ASGI application: one request, from its first header to its log line.

A thin dispatcher instead of a tower of middleware: the API is the hot path. Whatever goes wrong in any room
arrives here as an exception and leaves as one typed problem, as a page for people and as JSON for everyone
else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import grpc
from starlette.types import Receive, Scope, Send

from services.gateway import problems
from services.gateway.api import Api
from services.gateway.edge.body import Gone
from services.gateway.edge.headers import SecurityHeaders
from services.gateway.exchange import Exchange
from services.gateway.problems import AddressTooLong, Problem, Refused, Titles
from services.gateway.system import System
from services.gateway.website import Website
from services.kit.errors import DomainError, Overloaded
from services.kit.log import get_logger, kind_and_place

_logger = get_logger("http")
_API = "/v1/"
# Path and query; more than any link here needs, less than what some proxy on the way would cut.
_LONGEST_ADDRESS = 4096


class Door:
    """Hands each request to the room it belongs to."""

    def __init__(
        self,
        *,
        api: Api,
        website: Website,
        system: System,
        security: SecurityHeaders,
        titles: Titles,
        most_requests: int,
    ) -> None:
        """``most_requests``: in progress at once, health checks and live streams not counted."""
        self._api = api
        self._website = website
        self._system = system
        self._security = security
        self._titles = titles
        self._most = most_requests
        self._present = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        is_page = not path.startswith(_API) and path not in self._system.paths
        exchange = Exchange(scope, receive, send, self._security.page if is_page else self._security.data)
        try:
            await self._hand_over(exchange, path)
        except Gone:
            exchange.reason = "GONE"
        except asyncio.CancelledError:
            exchange.reason = "STOPPED"
            raise
        except Exception as error:  # noqa: BLE001 - the edge: nothing may leave without a typed answer
            await self._tell(exchange, _problem(error, exchange), is_page=is_page)
        finally:
            _logger.info(
                "request",
                method=exchange.method,
                path=exchange.path,
                status=exchange.status,
                reason=exchange.reason,
                ms=round((time.monotonic() - exchange.began) * 1000, 1),
            )

    async def _hand_over(self, exchange: Exchange, path: str) -> None:
        if len(exchange.scope["raw_path"]) + len(exchange.scope["query_string"]) > _LONGEST_ADDRESS:
            raise AddressTooLong
        own = self._system.paths.get(path)
        if own is not None:
            exchange.path = path
            await own(exchange)
            return
        if self._present >= self._most:
            raise Overloaded
        self._present += 1
        stream = None
        try:
            if path.startswith(_API):
                stream = await self._api.serve(exchange)
            else:
                await self._website.serve(exchange)
        finally:
            self._present -= 1
        if stream is not None:
            # Open for minutes and idle: counted, the readers of one school would shut the door on the rest.
            await stream

    async def _tell(self, exchange: Exchange, problem: Problem, *, is_page: bool) -> None:
        exchange.reason = problem.reason
        if exchange.started:
            # Half an answer must not look like a whole one.
            exchange.abort()
            await exchange.gone()
            return
        if is_page and _wants_page(exchange.headers) and await self._tell_by_page(exchange, problem):
            return
        await exchange.answer_problem(problem, self._titles)

    async def _tell_by_page(self, exchange: Exchange, problem: Problem) -> bool:
        try:
            await self._website.problem(exchange, problem)
        except Exception as error:  # noqa: BLE001 - the page of an error must not hide the error
            # A traceback would quote the text of the error, and the text may quote data.
            _logger.error("problem page broke", error=kind_and_place(error))  # noqa: TRY400
        return exchange.started


def _wants_page(headers: Mapping[bytes, bytes]) -> bool:
    return b"text/html" in headers.get(b"accept", b"")


def _problem(error: Exception, exchange: Exchange) -> Problem:
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, DomainError):
        return problems.of_domain(error)
    if isinstance(error, grpc.aio.AioRpcError):
        return problems.of_call(error)
    if isinstance(error, TimeoutError):
        return problems.too_slow()
    # The text of an unexpected error may quote data, so only its kind and place are written.
    _logger.error("request broke", path=exchange.path, error=kind_and_place(error))
    return problems.internal()
