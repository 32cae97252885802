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
import time
from collections import deque
from types import TracebackType
from typing import Final, Self, TypeAlias

from services.identity.esia.gost import arithmetic

_HEAD: Final = 4

# Who waits for an answer, and since when (`time.monotonic`); answers come in the order of requests.
_Waiting: TypeAlias = "deque[tuple[asyncio.Future[bytes], float]]"


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

    # So many verifications of 60 ms take 3 s: a machine three times as slow is not taken for one that hangs.
    def __init__(self, *, waiting_limit: int = 48, timeout: float = 10.0) -> None:
        self._waiting_limit = waiting_limit
        self._timeout = timeout
        self._waiting: _Waiting = deque()
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
        if self._waiting and time.monotonic() - self._waiting[0][1] > self._timeout:
            # Whoever asked first had less patience than this, and is gone without telling.
            self._end()
            raise GostBusy("the GOST process hangs")
        if len(self._waiting) >= self._waiting_limit:
            raise GostBusy("too many requests wait for the GOST process")
        writer = await self._running()
        body = operation + b"".join(len(field).to_bytes(_HEAD, "big") + field for field in fields)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # Answers come in the order of requests, so appending and writing may not be parted by an await.
        self._waiting.append((answer, time.monotonic()))
        writer.write(len(body).to_bytes(_HEAD, "big") + body)
        try:
            async with asyncio.timeout(self._timeout):
                result = await answer
        except TimeoutError as late:
            # As many as may wait are answered within the timeout, so it hangs: the next to ask gets another.
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

    async def _read(self, reader: asyncio.StreamReader, waiting: _Waiting) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int.from_bytes(await reader.readexactly(_HEAD), "big")
                result = await reader.readexactly(size)
                answer, _ = waiting.popleft()
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


def _fail(waiting: _Waiting) -> None:
    while waiting:
        answer, _ = waiting.popleft()
        if not answer.done():
            answer.set_exception(GostBusy("the GOST process ended"))
            answer.exception()  # nobody may be waiting any more; that is no news for the loop
