"""Reading a request's body: never more than it may be, never longer than it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from services.gateway.problems import BodyTooLarge, BodyTooSlow

# A class's marks in one request are some ten kB; a quarter of a MB is more than any request here needs.
JSON_LIMIT = 256 * 1024
FORM_LIMIT = 64 * 1024
# Seconds for a whole body; a phone on a bad line sends 64 KiB in that time.
_PATIENCE = 10.0


class Gone(Exception):
    """The sender has gone; nobody waits for an answer."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The whole body, at most ``limit`` bytes.

    Raises:
        BodyTooLarge: before it is all read.
        BodyTooSlow: it did not arrive in time.
        Gone: the sender hung up.
    """
    announced = headers.get(b"content-length")
    if announced is None and b"transfer-encoding" not in headers:
        return b""
    if announced is not None and (not announced.isdigit() or int(announced) > limit):
        raise BodyTooLarge(limit_bytes=str(limit))
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _read(receive, limit)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLarge(limit_bytes=str(limit))
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
