"""Calls by TLS: straight, and through a proxy that must not be able to read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.kit.http_client import HttpClient, Received, Unreachable
from tests.support.tls import authority, make_certificate
from tests.support.waiting import eventually

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_SOON = 5.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
async def port(certificate: Path) -> AsyncIterator[int]:
    """Of a server that answers by TLS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_ANSWER)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority(certificate)) as server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class Proxy:
    """Lets everybody through to where they wish, or nobody; remembers what they said."""

    status: bytes = b"200 Connection established"
    address: str = ""
    heads: list[str] = field(default_factory=list)
    passed_on: bytearray = field(default_factory=bytearray)
    left: bool = False

    async def is_left(self) -> bool:
        """Whether somebody whom it did not let through has gone."""
        return self.left

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        writer.write(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
        if not self.status.startswith(b"2"):
            with suppress(ConnectionError):
                self.passed_on += await reader.read()
            writer.close()
            self.left = True
            return
        host, _, port = head.split()[1].rpartition(":")
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                self.passed_on += data
                writer.write(data)
        writer.close()


@asynccontextmanager
async def _running(proxy: Proxy) -> AsyncIterator[Proxy]:
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.address = f"http://diary:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy


async def _get(client: HttpClient, address: str) -> Received:
    return await client.send(
        "GET", address, headers={"Authorization": "Bearer secret"}, within=_SOON, at_most=1024
    )


async def test_whom_the_authorities_vouch_for_is_asked(certificate: Path, port: int) -> None:
    async with HttpClient(connections=1, authorities=certificate) as client:
        assert (await _get(client, f"https://127.0.0.1:{port}/")).body == b"ok"


async def test_whom_nobody_vouches_for_is_unreachable(port: int) -> None:
    async with HttpClient(connections=1) as client:
        with pytest.raises(Unreachable):
            await _get(client, f"https://127.0.0.1:{port}/")


async def test_who_is_vouched_for_under_another_name_is_unreachable(certificate: Path, port: int) -> None:
    async with HttpClient(connections=1, authorities=certificate) as client:
        with pytest.raises(Unreachable):
            await _get(client, f"https://localhost:{port}/")


async def test_authorities_that_cannot_be_read_are_told_of_at_once(tmp_path: Path) -> None:
    """Not at the first call, when somebody waits for its answer."""
    with pytest.raises(OSError, match="No such file"):
        HttpClient(connections=1, authorities=tmp_path / "missing.pem")


async def test_a_proxy_sees_where_to_and_nothing_else(certificate: Path, port: int) -> None:
    """It is shown the name and password that it asks for, and passes on what it cannot read."""
    async with (
        _running(Proxy()) as proxy,
        HttpClient(connections=1, authorities=certificate, proxy=proxy.address) as client,
    ):
        answers = [await _get(client, f"https://127.0.0.1:{port}/path") for _ in range(2)]

    assert [answer.body for answer in answers] == [b"ok", b"ok"]
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")
    assert "Basic ZGlhcnk6cEBzcw==" in proxy.heads[0]
    assert proxy.passed_on
    assert b"secret" not in proxy.passed_on


async def test_who_is_behind_a_proxy_shows_a_certificate_too(port: int) -> None:
    async with _running(Proxy()) as proxy, HttpClient(connections=1, proxy=proxy.address) as client:
        with pytest.raises(Unreachable):
            await _get(client, f"https://127.0.0.1:{port}/")


async def test_a_proxy_that_lets_nobody_through_leads_nowhere(certificate: Path, port: int) -> None:
    """It is left without another word."""
    async with (
        _running(Proxy(status=b"407 Proxy Authentication Required")) as proxy,
        HttpClient(connections=1, authorities=certificate, proxy=proxy.address) as client,
    ):
        with pytest.raises(Unreachable):
            await _get(client, f"https://127.0.0.1:{port}/")
        await eventually(proxy.is_left)

    assert (len(proxy.heads), bytes(proxy.passed_on)) == (1, b"")
