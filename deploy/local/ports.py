"""Which ports the region takes, and whether what answers there is really ours."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.trouble import Trouble

LOOPBACK = "127.0.0.1"
# Systems take the port of an outgoing connection from above (Linux: 32768 and up): one that is chosen there
# for a listener may be gone when it is wanted.
_BELOW_OUTGOING = range(20_000, 32_768)
_NEIGHBOURS = 50  # ports tried above a busy one before the system is asked for any


class Ports:
    """Hands out free loopback ports, the preferred one when it is free; never the same one twice.

    A port is chosen seconds before anybody listens on it. So it is also reserved, among all regions of this
    system user, by a locked file for as long as `Ports` is open.
    """

    def __init__(self, preferred: Iterable[int] = ()) -> None:
        """``preferred`` are ports that somebody will ask for: nobody else is moved to one of them."""
        self._preferred = frozenset(preferred)
        self.taken: dict[str, int] = {}
        self.moved: dict[str, int] = {}  # the preferred port of whatever had to move
        self._reserved: list[int] = []
        self._folder = Path(tempfile.gettempdir()) / f"diary-mesh-ports-{os.geteuid()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._reserved:
            os.close(self._reserved.pop())

    def take(self, name: str, preferred: int) -> int:
        """A port for ``name``: ``preferred``, else one close above it, else any. 0 asks for any at once."""
        close = range(preferred + 1, preferred + _NEIGHBOURS) if preferred else ()
        neighbours = (port for port in close if port not in self._preferred)
        for port in chain([preferred] if preferred else [], neighbours, iter(any_free, None)):
            if is_free(port) and self._reserve(port):
                break
        self.taken[name] = port
        if preferred and port != preferred:
            self.moved[name] = preferred
        return port

    def _reserve(self, port: int) -> bool:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._reserved.append(descriptor)
        return True


def is_free(port: int, *, rested: bool = False) -> bool:
    """Whether nobody listens on ``port`` of the loopback address.

    For a minute after a connection a port is open only to those who bind with ``SO_REUSEADDR``, as servers
    do; ``rested`` asks for one that is open to everybody.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port that somebody listens on is refused either way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, not rested)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port that was free a moment ago, for anybody, and that no outgoing connection will be given."""
    anywhere = iter(lambda: random.choice(_BELOW_OUTGOING), None)  # noqa: S311 - scattered, not secret
    return next(port for port in anywhere if is_free(port, rested=True))


async def knock(port: int) -> bool:
    """Whether somebody listens on ``port`` of the loopback address.

    On a port of the range that callers get theirs from, a call that nobody takes may meet itself: TCP joins a
    socket to its own address. It is torn down at once, else the port would be busy for a minute for whoever
    is about to listen on it.
    """
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    itself = writer.get_extra_info("sockname") == writer.get_extra_info("peername")
    if itself:
        reset = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    writer.transport.abort()
    return not itself


async def wait_for(port: int, *, alive: Callable[[], bool], within: float) -> None:
    """Wait until ``port`` accepts connections, at most ``within`` seconds.

    Raises:
        TimeoutError: nothing answered in time.
        ConnectionError: whoever should answer is no longer ``alive``.
    """
    deadline = time.monotonic() + within
    while not await knock(port):
        if not alive():
            raise ConnectionError(f"nobody is left to answer on port {port}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers on port {port}")
        await asyncio.sleep(0.02)


def assert_owner(port: int, pid: int, *, name: str) -> None:
    """Make sure that the one listening on ``port`` is the process ``pid``, not a stranger or a leftover.

    Raises:
        Trouble: it is somebody else.
    """
    import psutil  # noqa: PLC0415 - only looked at once the programs are up

    try:
        listening = {
            connection.laddr.port
            for connection in psutil.Process(pid).net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    except psutil.AccessDenied:
        return  # a system that hides it even from the owner: nothing can be said
    except psutil.NoSuchProcess:
        listening = set()
    if port not in listening:
        raise Trouble(
            f"port {port} answers, but it is not the {name} just started (process {pid})",
            remedy=f"find the stranger with `ss -ltnp 'sport = :{port}'` and end it, then start again",
        )
