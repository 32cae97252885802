"""HTTP to ESIA: bounded in time, connections and bytes, and never mistaking a page for an answer."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self

import httpx
import orjson

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

_LARGEST_ANSWER: Final = 1 << 20

# httpx logs every address at INFO, and addresses of persons carry their oid.
logging.getLogger("httpx").setLevel(logging.WARNING)


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


class EsiaHttp:
    """Requests to one ESIA: those for JSON behind a breaker, looks at its pages without.

    Only what ESIA itself does is a failure to the breaker: no answer, no JSON, HTTP 5xx, 007007 and 007008,
    and being so slow that whoever asked has given up. What a browser's redirect says of ESIA is not: anybody
    can write it, and it would close the door to all.
    """

    def __init__(self, settings: EsiaSettings) -> None:
        self._settings = settings
        self._breaker = Breaker(settings.failures_to_suspend, settings.suspension)
        self._client = httpx.AsyncClient(
            base_url=settings.base_url,
            limits=httpx.Limits(
                max_connections=settings.connections, max_keepalive_connections=settings.connections
            ),
            timeout=httpx.Timeout(
                settings.timeout, connect=settings.connect_timeout, pool=settings.connect_timeout
            ),
            verify=_authorities(settings),
            proxy=settings.proxy,
            follow_redirects=False,
            trust_env=False,
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
        return await self._ask(self._client.build_request("GET", address, headers=headers, params=params))

    async def post(self, address: str, form: Mapping[str, str]) -> Answer:
        """POST a form for JSON. Raises `EsiaUnavailable` and its kinds."""
        headers = {"Accept": "application/json"}
        return await self._ask(self._client.build_request("POST", address, headers=headers, data=dict(form)))

    async def look(self, address: str, *, within: float) -> Page:
        """Whatever answers a browser at ``address`` ``within`` seconds; redirects are not followed.

        Raises `EsiaUnavailable` and its kinds. The breaker is neither asked nor told.
        """
        request = self._client.build_request("GET", address, headers={"Accept": "text/html"})
        response, raw = await self._send(request, within)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise EsiaInternalError
        text = raw.decode(response.encoding or "utf-8", errors="replace")
        return Page(response.status_code, response.headers.get("location"), text, self.skew)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _ask(self, request: httpx.Request) -> Answer:
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

    async def _answer(self, request: httpx.Request) -> Answer:
        response, raw = await self._send(request, self._settings.timeout)
        _require_json(response)
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as broken:
            raise EsiaAnswerMalformed(field="body") from broken
        if not isinstance(body, dict):
            raise EsiaAnswerMalformed(field="body")
        answer = Answer(response.status_code, body, self.skew)
        if isinstance(answer.refusal, EsiaUnavailable):
            raise answer.refusal
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise EsiaInternalError
        return answer

    async def _send(self, request: httpx.Request, within: float) -> tuple[httpx.Response, bytes]:
        try:
            async with asyncio.timeout(within):
                response = await self._client.send(request, stream=True)
                try:
                    raw = await _read(response)
                finally:
                    await response.aclose()
        except httpx.PoolTimeout as full:
            raise EsiaSuspended from full
        except (httpx.TimeoutException, TimeoutError) as late:
            raise EsiaTimeout from late
        except httpx.HTTPError as failed:
            raise EsiaUnreachable from failed
        self.skew = _skew(response)
        return response, raw


async def _read(response: httpx.Response) -> bytes:
    collected = bytearray()
    async for chunk in response.aiter_bytes():
        collected += chunk
        if len(collected) > _LARGEST_ANSWER:
            raise EsiaAnswerMalformed(field="body")
    return bytes(collected)


def _require_json(response: httpx.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise EsiaNotJson(content_type=kind[:60] or "nothing", status=str(response.status_code))


def _skew(response: httpx.Response) -> float | None:
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds()


def _authorities(settings: EsiaSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.tls_ca_file)
