"""Calls to a system outside, against a server that says exactly what a test wants it to."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from services.kit.http_client import HttpClient, Received, Unreachable
from tests.support.waiting import eventually

_SOON = 5.0
_SMALL = 1024


@dataclass
class Other:
    """The other side: what it was asked, head by head, and over how many connections."""

    port: int
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    writer: asyncio.StreamWriter = field(init=False)

    def close(self) -> None:
        """Close the last connection."""
        self.writer.close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def is_asked(self) -> bool:
        """Whether a call has arrived."""
        return len(self.heads) == 1

    async def is_left(self) -> bool:
        """Whether no connection is open any more."""
        return self.open == 0


@asynccontextmanager
async def _answering(*answers: bytes, length: int | None = None) -> AsyncIterator[Other]:
    """A server that gives each request the next answer, the last one to all that follow.

    ``length`` promises so many bytes of a body, however many follow.
    """
    other = Other(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other.connections += 1
        other.open += 1
        other.writer = writer
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                other.heads.append(head.decode().lower())
                writer.write(_next(answers, len(other.heads), length))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            other.open -= 1
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        other.port = server.sockets[0].getsockname()[1]
        yield other


def _next(answers: Sequence[bytes], asked: int, length: int | None) -> bytes:
    head, _, body = answers[min(asked, len(answers)) - 1].partition(b"\n\n")
    lines = [*head.split(b"\n"), b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient(connections=2) as made:
        yield made


async def _get(client: HttpClient, address: str, *, within: float = _SOON) -> Received:
    return await client.send("GET", address, headers={}, within=within, at_most=_SMALL)


async def test_an_answer_arrives_as_it_was_said(client: HttpClient) -> None:
    """Status, headers in any case, the body and its charset."""
    said = "HTTP/1.1 418 Teapot\nContent-Type: text/plain; charset=windows-1251\n\nчай".encode("cp1251")
    async with _answering(said) as other:
        got = await _get(client, other.address)

    assert (got.status, got.headers["CONTENT-TYPE"]) == (418, "text/plain; charset=windows-1251")
    assert (got.text(), got.complete) == ("чай", True)


async def test_a_body_is_sent_as_it_is(client: HttpClient) -> None:
    """The length of a body in bytes, and none of a call without one."""
    async with _answering(b"HTTP/1.1 200 OK\n\n") as other:
        await client.send("POST", other.address, headers={}, body=b"", within=_SOON, at_most=_SMALL)
        await _get(client, other.address)

    assert ["content-length: 0" in head for head in other.heads] == [True, False]


async def test_a_connection_is_used_again(client: HttpClient) -> None:
    async with _answering(b"HTTP/1.1 200 OK\n\nok") as other:
        for _ in range(3):
            await _get(client, other.address)

        assert (len(other.heads), other.connections) == (3, 1)


async def test_what_comes_unasked_answers_no_call_that_has_its_own_connection() -> None:
    unasked = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    async with (
        _answering(b"HTTP/1.1 200 OK\n\nright" + unasked, length=5) as other,
        HttpClient(connections=2, reuse=False) as client,
    ):
        answers = [(await _get(client, other.address)).body for _ in range(2)]
        await eventually(other.is_left)

    assert (answers, other.connections) == ([b"right", b"right"], 2)


async def test_a_cookie_is_not_brought_back(client: HttpClient) -> None:
    """One person's call must not be tied to another's."""
    async with _answering(b"HTTP/1.1 200 OK\nSet-Cookie: session=of-somebody; Path=/\n\nok") as other:
        await _get(client, other.address)
        await _get(client, other.address)

    assert "cookie:" not in "".join(other.heads)


async def test_a_redirect_is_an_answer(client: HttpClient) -> None:
    async with _answering(b"HTTP/1.1 302 Found\nLocation: /elsewhere\n\n") as other:
        got = await _get(client, other.address)

    assert (got.status, got.headers["location"], len(other.heads)) == (302, "/elsewhere", 1)


async def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with _answering(b"HTTP/1.1 200 OK\n\nok") as other, HttpClient(connections=1) as client:
        assert (await _get(client, other.address)).status == 200


async def test_a_connection_leads_to_one_place() -> None:
    """The next call goes elsewhere: over another connection, in the place of the first one."""
    said = b"HTTP/1.1 200 OK\n\nok"
    async with _answering(said) as here, _answering(said) as there, HttpClient(connections=1) as client:
        for address in (here.address, there.address, here.address):
            await _get(client, address)
        await eventually(there.is_left)

        assert (len(here.heads), len(there.heads), here.connections) == (2, 1, 2)


async def test_a_proxy_that_is_told_is_used() -> None:
    async with (
        _answering(b"HTTP/1.1 200 OK\n\nok") as proxy,
        HttpClient(connections=1, proxy=proxy.address.replace("//", "//diary:secret@")) as client,
    ):
        await _get(client, "http://nobody.invalid/path")

    assert proxy.heads[0].startswith("get http://nobody.invalid/path http/1.1")
    assert "proxy-authorization: basic zglhcnk6c2vjcmv0" in proxy.heads[0]


async def test_a_connection_that_was_closed_is_not_used(client: HttpClient) -> None:
    async with _answering(b"HTTP/1.1 200 OK\n\nok") as other:
        await _get(client, other.address)
        other.close()
        await eventually(other.is_left)

        assert (await _get(client, other.address)).body == b"ok"


async def test_no_more_is_read_than_was_asked_for(client: HttpClient) -> None:
    """An answer without an end costs no memory, and its connection is closed."""
    async with _answering(b"HTTP/1.1 200 OK\n\n" + b"x" * (_SMALL + 1), length=1 << 40) as other:
        got = await _get(client, other.address)

        assert (len(got.body), got.complete) == (_SMALL, False)
        await eventually(other.is_left)


async def test_a_packed_answer_stays_packed(client: HttpClient) -> None:
    """None is asked for, and who sends one all the same does not have it grow here."""
    packed = gzip.compress(b"x" * 1_000_000)
    async with _answering(b"HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n" + packed) as other:
        got = await client.send("GET", other.address, headers={}, within=_SOON, at_most=len(packed))

    assert (got.body, got.complete) == (packed, True)
    assert "accept-encoding: identity" in other.heads[0]


async def test_an_answer_that_does_not_end_is_waited_for_no_longer_than_told(client: HttpClient) -> None:
    async with _answering(b"HTTP/1.1 200 OK\n\nhalf", length=100) as other:
        with pytest.raises(TimeoutError):
            await _get(client, other.address, within=0.05)

        await eventually(other.is_left)


async def test_who_waits_for_a_place_waits_no_longer_than_told() -> None:
    async with (
        _answering(b"HTTP/1.1 200 OK\n\nhalf", length=100) as other,
        HttpClient(connections=1) as client,
    ):
        first = asyncio.ensure_future(_get(client, other.address))
        await eventually(other.is_asked)
        with pytest.raises(TimeoutError):
            await _get(client, other.address, within=0.05)
        assert len(other.heads) == 1
        first.cancel()
        await asyncio.wait([first])


async def test_after_what_was_given_up_there_is_a_place_again() -> None:
    async with (
        _answering(b"HTTP/1.1 200 OK\n\nhalf", b"HTTP/1.1 200 OK\n\nfour") as other,
        HttpClient(connections=1) as client,
    ):
        call = asyncio.ensure_future(_get(client, other.address))
        await eventually(other.is_asked)
        call.cancel()
        await asyncio.wait([call])

        assert (await _get(client, other.address)).body == b"four"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/", "http://nobody.invalid/", "http://[broken/", "ftp://127.0.0.1/", "nothing"],
)
async def test_who_is_not_there_is_unreachable(client: HttpClient, address: str) -> None:
    with pytest.raises(Unreachable):
        await _get(client, address)


async def test_what_speaks_no_http_is_unreachable(client: HttpClient) -> None:
    async with _answering(b"SSH-2.0-OpenSSH_9.2\n\n") as other:
        with pytest.raises(Unreachable):
            await _get(client, other.address)
