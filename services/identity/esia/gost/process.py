"""GOST arithmetic in a process of its own, so that it never holds up the event loop of the service.

A thread would not do: the arithmetic is pure Python and would keep the interpreter's lock. The process is
started with a fresh interpreter (a fork after gRPC has started threads is not safe), lives as long as its
parent and ends when its socket closes, also when the parent is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections import deque
from types import TracebackType
from typing import Final, Self

from services.identity.esia.gost import arithmetic

_HEAD: Final = 4


class GostBusy(Exception):
    """Too many requests wait for the GOST process, or one waited too long."""


class GostRefused(Exception):
    """The GOST process cannot do what was asked: an unknown curve, or a key that does not belong to it."""


class GostProcess:
    """Hashes, signs and verifies one request after the other; started at first use, again if it died.

    Args:
        waiting_limit: requests that may wait at once; one more raises `GostBusy` (nothing piles up).
        timeout: seconds one request may wait and be computed.
    """

    def __init__(self, *, waiting_limit: int = 256, timeout: float = 5.0) -> None:
        self._waiting_limit = waiting_limit
        self._timeout = timeout
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id while it runs: its CPU time is the cost of GOST."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def digest(self, data: bytes) -> bytes:
        """GOST R 34.11-2012, 256 bits: 32 bytes."""
        return await self._ask(b"h", data)

    async def sign(self, private_key: bytes, curve: str, data: bytes) -> bytes:
        """64 bytes s ‖ r; ``private_key`` is 32 bytes little-endian, ``curve`` an OID."""
        return await self._ask(b"s", private_key, curve.encode(), data)

    async def verify(self, public_key: bytes, curve: str, data: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes s ‖ r) is that of ``data`` under ``public_key``."""
        return await self._ask(b"v", public_key, curve.encode(), data, signature) == b"\x01"

    async def aclose(self) -> None:
        """End the process and fail what still waits."""
        async with self._starting:
            await self._stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ask(self, operation: bytes, *fields: bytes) -> bytes:
        if len(self._waiting) >= self._waiting_limit:
            raise GostBusy("too many requests wait for the GOST process")
        writer = await self._running()
        body = operation + b"".join(len(field).to_bytes(_HEAD, "big") + field for field in fields)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # Answers come in the order of requests, so appending and writing may not be parted by an await.
        self._waiting.append(answer)
        writer.write(len(body).to_bytes(_HEAD, "big") + body)
        try:
            async with asyncio.timeout(self._timeout):
                result = await answer
        except TimeoutError as late:
            # A crowd is answered well within the timeout, so the process hangs: the next to ask gets another.
            self._end()
            raise GostBusy("the GOST process did not answer in time") from late
        if result[:1] != b"+":
            raise GostRefused(result[1:].decode())
        return result[1:]

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()

    async def _running(self) -> asyncio.StreamWriter:
        async with self._starting:
            if self._writer is None or self._writer.is_closing() or self.pid is None:
                await self._stop()
                self._process, parent = _spawn()
                reader, self._writer = await asyncio.open_connection(sock=parent)
                self._reading = asyncio.create_task(self._read(reader, self._waiting))
            return self._writer

    async def _read(self, reader: asyncio.StreamReader, waiting: deque[asyncio.Future[bytes]]) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int.from_bytes(await reader.readexactly(_HEAD), "big")
                result = await reader.readexactly(size)
                answer = waiting.popleft()
                if not answer.done():
                    answer.set_result(result)
        _fail(waiting)

    async def _stop(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        _fail(waiting)
        if self._process is not None:
            self._end()
            await asyncio.to_thread(self._process.wait)
            self._process = None


def _spawn() -> tuple[subprocess.Popen[bytes], socket.socket]:
    parent, child = socket.socketpair()
    with child:
        process = subprocess.Popen(  # noqa: S603 - this very interpreter and a file of this package
            [sys.executable, "-I", arithmetic.__file__],
            stdin=child.fileno(),
            stdout=child.fileno(),
            # Ctrl-C goes to the whole terminal group; the parent may still need signatures to drain.
            start_new_session=True,
        )
    parent.setblocking(False)
    return process, parent


def _fail(waiting: deque[asyncio.Future[bytes]]) -> None:
    while waiting:
        answer = waiting.popleft()
        if not answer.done():
            answer.set_exception(GostBusy("the GOST process ended"))
            answer.exception()  # nobody may be waiting any more; that is no news for the loop
