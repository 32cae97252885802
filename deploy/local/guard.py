"""The other end of the leash: runs one program, and ends it when whoever started it is gone.

A script of its own (``python -I -S guard.py …``), so that it starts in milliseconds and weighs little. Its
standard input is the leash: nobody writes to it, and its end means that the parent is dead, however it died.
Then, as on SIGTERM, the program gets its stop signal, and after the grace SIGKILL. On standard output the
guard reports ``started <pid>`` and ``ended <status>`` (negative: the signal that killed it); the program's
own output goes to standard error, which is its log.

On Linux the program also dies with the guard itself, by ``PR_SET_PDEATHSIG``.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_EXEC_FAILED = 127
_HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run ``stop-signal death-signal grace uid gid command…``; uid and gid -1 keep the present user."""
    stop_signal, death_signal, uid, gid = (int(arguments[n]) for n in (0, 1, 3, 4))
    grace = float(arguments[2])
    command = arguments[5:]

    # Handlers, not SIG_IGN: exec resets a handler, while an ignored signal would stay ignored in the program.
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in _HANDLED:
        signal.signal(number, lambda *_: None)

    pid = _start(command, uid, gid, death_signal)
    if pid:
        _report(f"started {pid}")
        _report(f"ended {_watch(pid, woken, stop_signal, grace)}")
    return 0


def _start(command: list[str], uid: int, gid: int, death_signal: int) -> int:
    """Fork and execute; the process id, or 0 when it could not be executed, which then stands in its log."""
    guard = os.getpid()
    die_with_parent = _parent_death_signal(death_signal)  # before the fork: it may import
    executed, failed = os.pipe()  # ends without a word when the program has been executed
    # Until the program has its own dispositions, a signal would run our handlers in it, and be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    pid = os.fork()
    if pid == 0:
        try:
            _prepare(uid, gid)
            die_with_parent()  # after the change of user: changing credentials clears the setting
            if os.getppid() == guard:
                os.execv(command[0], command)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"cannot start {command[0]}: {error}\n".encode())
        finally:
            os.write(failed, b"!")
            os._exit(_EXEC_FAILED)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    os.close(failed)
    if os.read(executed, 1):
        os.waitpid(pid, 0)
        return 0
    return pid


def _prepare(uid: int, gid: int) -> None:
    """Make this process a session of its own, with its log as output, under another user when asked."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _parent_death_signal(number: int) -> Callable[[], object]:
    if not sys.platform.startswith("linux"):
        return lambda: None
    import ctypes  # noqa: PLC0415 - needed on Linux alone

    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def _watch(pid: int, woken: int, stop_signal: int, grace: float) -> int:
    """Wait until the program has ended; stop it when the leash is cut or this process is asked to stop."""
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    poll.register(0, select.POLLIN | select.POLLHUP)
    deadline: float | None = None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ready = [descriptor for descriptor, _ in poll.poll(left)]
        received = os.read(woken, 512) if woken in ready else b""
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _signal_group(pid, signal.SIGKILL)  # what the program itself has left behind
            return os.waitstatus_to_exitcode(status)
        if 0 in ready or set(received) - {signal.SIGCHLD}:
            if 0 in ready:
                poll.unregister(0)
            if deadline is None:
                deadline = time.monotonic() + grace
                os.kill(pid, stop_signal)
        elif deadline is not None and time.monotonic() >= deadline:
            _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # all gone; macOS answers EPERM for a group of zombies


def _report(line: str) -> None:
    try:
        os.write(1, line.encode() + b"\n")
    except OSError:
        return  # nobody is left to read it


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
