"""HTTP to ESIA: bounded in time, connections and bytes, and never mistaking a page for an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Self

import orjson

from services.identity.esia import requests
from services.identity.esia.breaker import Breaker
from services.identity.esia.errors import (
    EsiaAnswerMalformed,
    EsiaError,
    EsiaInternalError,
    EsiaNotJson,
    EsiaSuspended,
    EsiaTimeout,
    EsiaUnavailable,
    EsiaUnreachable,
    error_of,
)
from services.identity.esia.settings import EsiaSettings
from services.kit.http_client import HttpClient, Received, Unreachable

_LARGEST_ANSWER: Final = 1 << 20
_FORM: Final = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_PAGE: Final = {"Accept": "text/html"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What ESIA answered: a JSON object, its HTTP status, and how far our clock is ahead of ESIA's."""

    status: int
    body: Mapping[str, object]
    skew: float | None

    @property
    def refusal(self) -> EsiaError | None:
        """The error that ESIA's ``error`` and ``error_description`` tell of."""
        if "error" not in self.body:
            return None
        error, description = (str(self.body.get(name, "")) for name in ("error", "error_description"))
        return error_of(error, description, skew=self.skew)


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser would see: the status, where it is sent to, the text, and the clock's skew."""

    status: int
    location: str | None
    text: str
    skew: float | None


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes | None = None


class EsiaHttp:
    """Requests to one ESIA: those for JSON behind a breaker, looks at its pages without.

    Only what ESIA itself does is a failure to the breaker: no answer, no JSON, HTTP 5xx, 007007 and 007008,
    and being so slow that whoever asked has given up. What a browser's redirect says of ESIA is not: anybody
    can write it, and it would close the door to all.
    """

    def __init__(self, settings: EsiaSettings) -> None:
        self._settings = settings
        self._breaker = Breaker(settings.failures_to_suspend, settings.suspension)
        self._base = settings.base_url.rstrip("/")
        self._places = asyncio.Semaphore(settings.connections)
        self._client = HttpClient(
            connections=settings.connections,
            connect_timeout=settings.connect_timeout,
            authorities=settings.tls_ca_file,
            proxy=settings.proxy,
            # What ESIA says of a person does not name them: the question alone tells whom it is about (A3).
            reuse=False,
        )

        self.skew: float | None = None
        """Seconds by which our clock is ahead of ESIA's, by the Date of its latest answer."""

    @property
    def suspended(self) -> bool:
        """Whether ESIA counts as down just now."""
        return self._breaker.open

    async def get(self, address: str, *, bearer: str, params: Mapping[str, str] | None = None) -> Answer:
        """GET JSON with an access token. Raises `EsiaUnavailable` and its kinds."""
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
        query = f"?{requests.query(params)}" if params else ""
        return await self._ask(_Request("GET", self._at(address) + query, headers))

    async def post(self, address: str, form: Mapping[str, str]) -> Answer:
        """POST a form for JSON. Raises `EsiaUnavailable` and its kinds."""
        return await self._ask(_Request("POST", self._at(address), _FORM, requests.query(form).encode()))

    async def look(self, address: str, *, within: float) -> Page:
        """Whatever answers a browser at ``address`` ``within`` seconds; redirects are not followed.

        Raises `EsiaUnavailable` and its kinds. The breaker is neither asked nor told.
        """
        got = await self._send(_Request("GET", self._at(address), _PAGE), within)
        if got.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EsiaInternalError
        return Page(got.status, got.headers.get("location"), got.text(), self.skew)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _at(self, address: str) -> str:
        """An address of ESIA's, from a path there or as it is."""
        return self._base + address if address.startswith("/") else address

    async def _ask(self, request: _Request) -> Answer:
        if not self._breaker.lets_through():
            raise EsiaSuspended
        since = time.monotonic()
        try:
            answer = await self._answer(request)
        except asyncio.CancelledError:
            if time.monotonic() - since >= self._settings.slow:
                self._breaker.failed()
            raise
        except EsiaSuspended:
            raise  # our own queue was full; that says nothing about ESIA
        except EsiaError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return answer

    async def _answer(self, request: _Request) -> Answer:
        got = await self._send(request, self._settings.timeout)
        _require_json(got)
        try:
            body = orjson.loads(got.body)
        except orjson.JSONDecodeError as broken:
            raise EsiaAnswerMalformed(field="body") from broken
        if not isinstance(body, dict):
            raise EsiaAnswerMalformed(field="body")
        answer = Answer(got.status, body, self.skew)
        if isinstance(answer.refusal, EsiaUnavailable):
            raise answer.refusal
        if got.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise EsiaInternalError
        return answer

    async def _send(self, request: _Request, within: float) -> Received:
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                await self._places.acquire()
        except TimeoutError as full:
            raise EsiaSuspended from full
        try:
            got = await self._client.send(
                request.method,
                request.address,
                headers=request.headers,
                body=request.body,
                within=within,
                at_most=_LARGEST_ANSWER,
            )
        except TimeoutError as late:
            raise EsiaTimeout from late
        except Unreachable as failed:
            raise EsiaUnreachable from failed
        finally:
            self._places.release()
        if not got.complete:
            raise EsiaAnswerMalformed(field="body")
        self.skew = _skew(got)
        return got


def _require_json(got: Received) -> None:
    kind = got.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise EsiaNotJson(content_type=kind[:60] or "nothing", status=str(got.status))


def _skew(got: Received) -> float | None:
    try:
        theirs = parsedate_to_datetime(got.headers.get("date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds()
