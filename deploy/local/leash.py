"""Starts a program so that it cannot outlive this process.

Between this process and the program stands a guard (`deploy.local.guard`) holding the end of a pipe. However
this process ends (return, Ctrl-C, SIGTERM, crash, ``kill -9``), the pipe ends with it and the guard stops the
program.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.trouble import Trouble

_GUARD = Path(__file__).with_name("guard.py")
_LOG_LIMIT = 8 * 1024 * 1024  # bytes; a longer log is put aside as <name>.log.1 at the next start
_TAIL = 2_000  # bytes of a log shown when something did not start


@dataclass(frozen=True, slots=True)
class User:
    """A system user that a program is to run as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """What is started: a command, its whole environment, and how it wants to be stopped.

    ``grace`` is in seconds; ``keep`` are open descriptors it inherits: locks that live while it does.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0
    user: User | None = None
    keep: tuple[int, ...] = ()


class Child:
    """A running program. ``pid`` is its own process id, not its guard's."""

    def __init__(self, program: Program, guard: subprocess.Popen[bytes]) -> None:
        self.program = program
        self.pid = 0
        self.status: int | None = None
        self._guard = guard
        self._ended = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"leash of {program.name}")
        self._started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return not self._ended.is_set()

    async def started(self) -> None:
        """Wait for the process to exist.

        Raises:
            Trouble: the guard ended before it could start anything.
        """
        self.pid = await self._started

    async def ended(self) -> int:
        """Wait for the end; the exit status, negative for the signal that killed it."""
        await self._ended.wait()
        return -signal.SIGKILL if self.status is None else self.status

    def terminate(self) -> None:
        """Ask the program to stop; its guard kills it after the grace."""
        if self.running:
            self._guard.terminate()

    def kill(self) -> None:
        """End the program as ``kill -9`` does."""
        if self.running and self.pid:
            os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> int:
        """Ask the program to stop and wait until it has."""
        self.terminate()
        return await self.ended()

    def log_tail(self) -> str:
        """The last lines the program wrote."""
        return tail(self.program.log)

    async def _read(self) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._guard.stdout
        )
        try:
            while line := await reader.readline():
                word, _, number = line.decode().strip().partition(" ")
                if word == "started" and not self._started.done():  # else nobody waits for it any more
                    self._started.set_result(int(number))
                elif word == "ended":
                    self.status = int(number)
        finally:
            transport.close()
            self._guard.communicate()  # cuts the leash; the guard has closed its output as its last act
            if not self._started.done():
                self._started.set_exception(
                    Trouble(
                        f"{self.program.name} could not be started",
                        remedy=f"see {self.program.log}",
                        log=self.log_tail(),
                    )
                )
            self._ended.set()


async def start(program: Program) -> Child:
    """Start ``program`` on a leash.

    Raises:
        Trouble: it could not be started.
    """
    _set_aside(program.log)
    user = program.user or User(-1, -1)
    arguments = [int(program.stop_signal), int(program.death_signal), program.grace, user.uid, user.gid]
    with program.log.open("ab") as log:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), *map(str, arguments), *program.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(program.environment),
            cwd=program.folder,
            pass_fds=program.keep,
            start_new_session=True,
        )
    child = Child(program, guard)
    try:
        await child.started()
    except asyncio.CancelledError:
        child.terminate()
        raise
    return child


def tail(log: Path) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-12:])
    except OSError:
        return ""


def _set_aside(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
