"""A load of HTTP GETs over kept-alive connections, cheap enough to leave the machine to what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

# A run is bounded whatever the server does.
MOST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Get:
    """One GET: a loopback address, and the access token of whoever asks."""

    url: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load saw."""

    answered: int
    """Answers of 200."""
    refused: int
    """All other answers."""
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answers of 200 per second."""
        return self.answered / self.seconds


async def load(gets: Sequence[Get], *, connections: int, seconds: float) -> Figures:
    """Ask ``gets`` in turn over ``connections`` for ``seconds``. Loopback only.

    Raises:
        ValueError: an address is not on this machine.
        ConnectionError: the server closed a connection.
    """
    parts = urlsplit(gets[0].url)
    if parts.hostname not in {"127.0.0.1", "localhost"}:
        raise ValueError("a load stays on this machine")
    requests = [_request(get) for get in gets]
    ends = time.perf_counter() + min(seconds, MOST_SECONDS)
    latencies: list[float] = []
    refused = 0

    async def one(offset: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        turn = offset
        try:
            while (began := time.perf_counter()) < ends:
                writer.write(requests[turn % len(requests)])
                status, _ = await _answer(reader)
                latencies.append(time.perf_counter() - began)
                refused += status != 200
                turn += connections
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(offset) for offset in range(connections)))
    elapsed = time.perf_counter() - began
    p50, p99 = percentiles_ms(latencies)
    return Figures(len(latencies) - refused, refused, elapsed, p50, p99)


async def get(wish: Get) -> tuple[int, bytes]:
    """Ask once; the status and the body."""
    parts = urlsplit(wish.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(_request(wish))
        return await _answer(reader)
    finally:
        writer.close()


def percentiles_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds."""
    cuts = quantiles(seconds, n=100) if len(seconds) > 1 else [0.0] * 99
    return cuts[49] * 1000, cuts[98] * 1000


def _request(wish: Get) -> bytes:
    parts = urlsplit(wish.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    authorization = f"Authorization: Bearer {wish.token}\r\n" if wish.token else ""
    return f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{authorization}\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one whole answer with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)
