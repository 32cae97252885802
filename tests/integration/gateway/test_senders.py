"""Senders who do not stop, do not hurry, or say something after the end (A35)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from services.gateway import server
from tests.integration.gateway.stage import Outside

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
FORM = b"POST /sign-in/password HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
# What a kernel takes before anybody has read it, and some more.
ENDLESS = 32 * 1024 * 1024


async def test_a_trailer_is_no_header(gateway: Outside) -> None:
    """RFC 9110, section 6.5.1: else it would pass by whatever a proxy in front has done with headers."""
    token = gateway.bearer()["Authorization"].encode()
    asked = b"GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + CHUNKED
    answer = await _told(gateway, asked + b"0\r\nAuthorization: " + token + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert not gateway.stage.calls


@pytest.mark.parametrize("head", [GET, FORM], ids=["answered", "awaited"])
@pytest.mark.parametrize(
    ("before", "again"),
    [
        (b"0\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"),
        (b"0\r\nX-More: ", b"x" * 1000),
        (b"", b"1;" + b"x" * 1000 + b"\r\n \r\n"),
    ],
    ids=["trailers", "one trailer", "chunk extensions"],
)
async def test_what_comes_beside_a_body_has_an_end(
    gateway: Outside, head: bytes, before: bytes, again: bytes
) -> None:
    assert await _sent_before_the_end(gateway, head + CHUNKED + before, again) < ENDLESS


async def test_a_body_that_nobody_reads_has_an_end(gateway: Outside) -> None:
    head = GET + b"Content-Length: 1000000000\r\n\r\n"
    assert await _sent_before_the_end(gateway, head, b"x" * 1000) < ENDLESS


async def test_who_was_answered_may_not_go_on_for_ever(
    gateway: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_PATIENCE", 0.2)
    answer = await _told(gateway, GET + b"Content-Length: 10\r\n\r\nx")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_body_in_small_chunks_is_a_body(gateway: Outside) -> None:
    """The bound is for what nobody reads."""
    chunk = b"10\r\n" + b"x" * 16 + b"\r\n"
    body = b"".join([chunk] * 3000)
    answer = await _told(gateway, FORM + b"Connection: close\r\n" + CHUNKED + body + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 "), answer


async def _told(gateway: Outside, text: bytes) -> bytes:
    """Everything that is said to a sender until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(text)
    answer = b""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            answer = await reader.read()
    writer.close()
    return answer


async def _sent_before_the_end(gateway: Outside, text: bytes, again: bytes) -> int:
    """How many bytes a sender gets rid of after ``text`` until it learns that nobody listens, if it does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(text)
    listening = asyncio.create_task(reader.read())
    sent = 0
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            while sent < ENDLESS and not listening.done():
                writer.write(again * 64)
                sent += len(again) * 64
                await writer.drain()
                await asyncio.sleep(0)
    writer.transport.abort()
    await asyncio.wait([listening])
    return sent
