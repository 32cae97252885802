"""One region per state folder.

The lock is inherited by every program of the region, so it is free again only when the last of them has
ended: a region that was killed cannot be joined by a second one while its servers still hold their stores.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.trouble import Trouble

_PATIENCE = 20.0  # seconds given to the programs of a killed region to end; longer than any of their graces


@asynccontextmanager
async def hold(state: Path) -> AsyncIterator[int]:
    """Hold the folder ``state`` alone; gives the descriptor to pass on to programs.

    Raises:
        Trouble: somebody else holds it; the message says who.
    """
    path = state / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _acquire(descriptor, path)
        os.ftruncate(descriptor, 0)
        holder = {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


async def _acquire(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        else:
            return
        pid, since = _holder(path)
        if pid is not None and _alive(pid):
            raise Trouble(
                f"a region is already running in {path.parent} (process {pid}, since {since})",
                remedy=f"stop it with Ctrl-C there or `kill {pid}`, or choose another folder by MESH_STATE",
            )
        if time.monotonic() > deadline:
            raise Trouble(
                f"programs of an earlier region still hold {path.parent}",
                remedy=f"see which with `fuser -v {path}` and end them",
            )
        await asyncio.sleep(0.1)


def _holder(path: Path) -> tuple[int | None, str]:
    try:
        holder = json.loads(path.read_text())
        return int(holder["pid"]), str(holder["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
