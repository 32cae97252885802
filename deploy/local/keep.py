"""Keeps a program running: starts it again when it dies, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from deploy.local import leash
from deploy.local.trouble import Trouble

_FIRST_PAUSE = 0.2  # seconds before a program that died is started again; doubled at every death in a row
_LONGEST_PAUSE = 10.0
_STEADY_AFTER = 30.0  # seconds of life after which an earlier death is forgotten


class Kept:
    """One program of the region. ``say`` is told in one sentence when it dies and when it is back."""

    def __init__(
        self,
        program: leash.Program,
        ready: Callable[[leash.Child], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        self.program = program
        self.child: leash.Child | None = None
        self._ready = ready
        self._say = say
        self._watching: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The program's short name: ``diary``, ``nats``."""
        return self.program.name

    @property
    def pid(self) -> int:
        """The present process; 0 when there is none."""
        return self.child.pid if self.child is not None and self.child.running else 0

    async def start(self) -> None:
        """Start the program, wait until it is ready, and keep it from then on.

        Raises:
            Trouble: it does not start.
        """
        child = await leash.start(self.program)
        self.child = child
        try:
            await self._ready(child)
        except BaseException:
            await child.stop()
            raise
        self._watching = asyncio.create_task(self._watch(child), name=f"keeping {self.name}")

    async def stop(self) -> None:
        """Stop the program gracefully and keep it no longer."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        if self.child is not None:
            await self.child.stop()

    async def restart(self) -> None:
        """Stop the program gracefully, start it, and wait until it is ready."""
        await self.stop()
        await self.start()

    def kill(self) -> None:
        """End the program as a crash would; it is started again."""
        if self.child is not None:
            self.child.kill()

    async def back(self, after: int) -> None:
        """Wait until the program is ready again as another process than ``after``."""
        while True:
            child = self.child
            if child is not None and child.running and child.pid != after:
                await self._ready(child)
                return
            await asyncio.sleep(0.02)

    async def _watch(self, child: leash.Child) -> None:
        pause = _FIRST_PAUSE
        while True:
            born = time.monotonic()
            status = await child.ended()
            if time.monotonic() - born > _STEADY_AFTER:
                pause = _FIRST_PAUSE
            how = f"signal {-status}" if status < 0 else f"status {status}"
            self._say(f"{self.name} ended by itself ({how}); started again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            with contextlib.suppress(Trouble):  # it cannot even be started: the next pause is longer
                child = self.child = await leash.start(self.program)
