"""A service as a process: settings, log, event loop, signals, and an exit status that tells the truth."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import uvloop

from services.kit.log import configure, get_logger
from services.kit.settings import Settings, SettingsError, load


def main(
    service: str,
    settings: type[Settings],
    run: Callable[[Settings], AbstractAsyncContextManager[object]],
    migrate: Callable[[Settings], None] | None = None,
) -> None:
    """Run a service until SIGTERM or SIGINT; the argument ``migrate`` brings its database up to date instead.

    Exits 2 with a plain text when settings are missing or the argument is not known.
    """
    arguments = sys.argv[1:]
    try:
        present = load(settings)
    except SettingsError as wrong:
        sys.exit(_say(str(wrong)))
    configure(present.log_format, service=service)
    if arguments == ["migrate"] and migrate is not None:
        migrate(present)
    elif not arguments:
        uvloop.run(_until_signal(run(present)))
    else:
        sys.exit(_say(f"usage: python -m services.{service}" + (" [migrate]" if migrate else "")))


async def _until_signal(running: AbstractAsyncContextManager[object]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running:
        await stop.wait()
        get_logger("process").info("stopping")


def _say(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2
