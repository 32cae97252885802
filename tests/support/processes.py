"""Looking at processes from outside."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import psutil


async def until(condition: Callable[[], bool], *, within: float = 10.0, what: str = "the condition") -> None:
    """Wait until ``condition`` holds; fails when it does not in ``within`` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {within} s")
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def listens(port: int) -> bool:
    """Whether somebody takes connections on the loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
