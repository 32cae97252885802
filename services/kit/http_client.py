"""HTTP to one system outside the mesh: bounded in time and bytes; no call knows of another."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final, Self

import httpx2

_KEEP_ALIVE_S: Final = 5.0  # less than servers keep an idle connection: a request into a closed one is lost


class Unreachable(Exception):
    """The other side cannot be reached, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer, whatever it is."""

    status: int
    headers: Mapping[str, str]
    """Found by a name in any case."""
    body: bytes
    """As it came over the wire, no longer than was asked for."""
    complete: bool
    """Whether ``body`` is all of it."""
    charset: str | None

    def text(self) -> str:
        """The body as text; what cannot be read in it is replaced."""
        try:
            return self.body.decode(self.charset or "utf-8", errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")


class HttpClient:
    """Connections to one other side; ``async with`` closes them.

    Redirects are not followed and cookies not kept: one person's call must not be tied to another's. Neither
    the environment's proxies nor its certificates count, only what the settings say.

    Args:
        connections: the most at once; who needs more waits, within the time of the call.
        connect_timeout: seconds for a connection with TLS, None: as long as the call has.
        authorities: a file of those to believe about the other side's name; None: whom the system believes.
        proxy: the way out, None: straight.
        reuse: whether a connection serves further calls. It may: then what the other side says unasked behind
            an answer is taken for the next one. It may not: each call has a connection to itself.
    """

    def __init__(
        self,
        *,
        connections: int,
        connect_timeout: float | None = None,
        authorities: Path | None = None,
        proxy: str | None = None,
        reuse: bool = True,
    ) -> None:
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=authorities),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            # A packed answer could be small on the wire and unbounded once it is unpacked.
            headers={"Accept-Encoding": "identity"},
            limits=httpx2.Limits(
                max_connections=connections,
                max_keepalive_connections=connections if reuse else 0,
                keepalive_expiry=_KEEP_ALIVE_S,
            ),
            timeout=httpx2.Timeout(None, connect=connect_timeout),
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within: float,
        at_most: int,
    ) -> Received:
        """Send a request; the answer, of which ``at_most`` bytes are read, ``within`` seconds.

        Raises:
            TimeoutError: no connection, or no whole answer, in time.
            Unreachable: there is no such address, nobody answers there, or what answers is no HTTP.
        """
        try:
            async with (
                asyncio.timeout(within),
                self._client.stream(method, address, headers=headers, content=body) as response,
            ):
                return await _read(response, at_most)
        except httpx2.TimeoutException as late:
            raise TimeoutError from late
        except (httpx2.HTTPError, httpx2.InvalidURL) as failed:
            raise Unreachable from failed


async def _read(response: httpx2.Response, at_most: int) -> Received:
    collected = bytearray()
    async for chunk in response.aiter_raw():
        collected += chunk
        if len(collected) > at_most:
            break
    return Received(
        status=response.status_code,
        headers=response.headers,
        body=bytes(collected[:at_most]),
        complete=len(collected) <= at_most,
        charset=response.charset_encoding,
    )
