"""What ``mesh up`` and ``mesh demo`` do."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Awaitable, Callable

from deploy.local import settings
from deploy.local.console import Console
from deploy.local.region import Region, region
from deploy.local.trouble import Trouble

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and start again",
    errno.EDQUOT: "the disk quota is used up; make room and start again",
    errno.EACCES: "no permission; choose a folder of your own with MESH_STATE",
    errno.EROFS: "the disk is read-only; choose another folder with MESH_STATE",
    errno.EMFILE: "too many open files; raise the limit with `ulimit -n 4096`",
}
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C has ended
_LOOK_FOR_PARENT = 0.5  # seconds between looks whether the parent is still there


def up(*, with_parent: bool, walk: bool) -> int:
    """Start a region, walk through it when asked, serve until a signal."""

    async def serve(running: Region, console: Console) -> int:
        status = await _walk(running, console) if walk else 0
        _show(running, console)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()  # a signal ends it: that is how a region is meant to be stopped
        console.line("\n  stopping …")
        return status

    return _run(serve, with_parent=with_parent)


def demo(*, with_parent: bool) -> int:
    """Start a region, walk through it, stop; the exit status says whether every step succeeded."""
    return _run(_walk, with_parent=with_parent)


async def _walk(running: Region, console: Console) -> int:
    from deploy.local import walkthrough  # noqa: PLC0415 - loaded while nobody waits

    return 0 if await walkthrough.walk(running, console) else 1


def _run(act: Callable[[Region, Console], Awaitable[int]], *, with_parent: bool) -> int:
    console = Console()
    parent = os.getppid()

    async def main() -> int:
        whole = asyncio.create_task(_with_region(act, console))
        ended = _Signals(whole)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, ended)
        watching = asyncio.create_task(_watch_parent(parent, ended)) if with_parent else None
        try:
            return await whole
        except asyncio.CancelledError:
            return _INTERRUPTED
        finally:
            if watching is not None:
                watching.cancel()

    try:
        return asyncio.run(main())
    except Trouble as trouble:
        console.trouble(trouble)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0)
        if remedy is None:
            raise
        console.trouble(Trouble(f"{error.filename or 'the region'}: {error.strerror}", remedy=remedy))
    return 1


async def _with_region(act: Callable[[Region, Console], Awaitable[int]], console: Console) -> int:
    async with region(settings.from_environment(), console) as running:
        return await act(running, console)


class _Signals:
    """The first signal stops everything gracefully; a second one leaves the rest to the guards."""

    def __init__(self, whole: asyncio.Task[int]) -> None:
        self._whole = whole
        self._asked = False

    def __call__(self) -> None:
        if self._asked:
            os._exit(_INTERRUPTED)
        self._asked = True
        self._whole.cancel()


async def _watch_parent(parent: int, ended: _Signals) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the system offers no event for it that works everywhere
        await asyncio.sleep(_LOOK_FOR_PARENT)
    ended()


def _show(running: Region, console: Console) -> None:
    console.panel(
        [
            ("diary", running.url),
            ("ESIA stand-in", running.esia_url),
            ("mail and SMS", running.post_url),
            ("API", f"{running.url}/docs"),
            ("people", "deploy/local/demo/README.md says whom to sign in as"),
            ("logs", str(running.state / "logs")),
        ],
        title=f"The region is up ({console.elapsed:.1f} s)",
        foot="Ctrl-C stops it; what it has stored stays. FRESH=1 make up starts anew.",
    )
