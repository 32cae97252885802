"""A service as a process: settings, log, event loop, signals, and an exit status that tells the truth."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import uvloop

from services.kit.errors import DomainError, Unavailable
from services.kit.log import configure, get_logger
from services.kit.settings import MigrationSettings, Settings, SettingsError, load

if TYPE_CHECKING:
    from services.kit.database import Database
    from services.kit.messaging.effects import Effects

AUDIT_COMMANDS: Final = "verify-audit [position:digest …] | export-audit [after position]"
"""What they take; said here because the commands themselves are loaded when they are asked for."""

Command = Callable[[str, str], Coroutine[None, None, str]]
"""``async (database_url, argument) -> what became of it``; may raise `DomainError`, told by its title, and
`SettingsError`."""


def main(
    service: str,
    settings: type[Settings],
    run: Callable[[Settings], AbstractAsyncContextManager[object]],
    migrations: Path | None = None,
    commands: Mapping[str, Command] = MappingProxyType({}),
    *,
    effects: Callable[[Settings, Database], Iterable[Effects]] | None = None,
) -> None:
    """Run a service until SIGTERM or SIGINT; the argument ``migrate`` brings its database up to date instead.

    ``verify-audit`` and ``export-audit`` check the chain of its audit and print it; ``dead-letters`` shows
    the events that could not be applied, and has them applied again.

    Exits 2 with a plain text when settings are missing or the argument is not known.

    Args:
        service: its name, as in ``services.<name>``.
        settings: what it needs to know.
        run: the whole service, while the context lasts.
        migrations: the folder that holds ``versions/``; None for a service without a database.
        commands: what else an operator can do with its database, by name; each takes one argument.
        effects: what the events that it hears do; None for a service that hears none.
    """
    match sys.argv[1:]:
        case []:
            uvloop.run(_until_signal(run(_prepared(service, settings))))
        case ["migrate"] if migrations is not None:
            # Alembic is heavy, and a service that serves has no use for it.
            from services.kit.migrations import upgrade  # noqa: PLC0415

            present = _prepared(service, MigrationSettings)
            uvloop.run(upgrade(present.database_url, migrations))
        case [("verify-audit" | "export-audit") as command, *arguments] if migrations is not None:
            sys.exit(_on_audit(service, command, arguments))
        case ["dead-letters", *arguments] if effects is not None:
            sys.exit(_on_dead_letters(service, settings, effects, arguments))
        case [name, argument] if name in commands:
            sys.exit(_by_command(service, commands[name], argument))
        case _:
            others = "".join(f" | {name} …" for name in (*commands, *(["dead-letters"] if effects else [])))
            offered = f" [migrate | {AUDIT_COMMANDS}{others}]" if migrations else ""
            sys.exit(_say(f"usage: python -m services.{service}{offered}"))


def _by_command(service: str, command: Command, argument: str) -> int:
    url = _prepared(service, MigrationSettings).database_url
    try:
        sys.stdout.write(uvloop.run(command(url, argument)) + "\n")
    except Unavailable:
        return _say("the database does not answer")
    except DomainError as refused:
        return _say(refused.title)
    except SettingsError as wrong:
        return _say(str(wrong))
    return 0


def _on_audit(service: str, command: str, arguments: list[str]) -> int:
    from services.kit.audit import commands  # noqa: PLC0415 - a service that serves has no use for them

    url = _prepared(service, MigrationSettings).database_url
    work = commands.verify_audit if command == "verify-audit" else commands.export_audit
    try:
        return uvloop.run(work(url, arguments))
    except commands.BadArgument as wrong:
        return _say(str(wrong))
    except Unavailable:
        return _say("the database does not answer")


def _on_dead_letters(
    service: str,
    settings: type[Settings],
    effects: Callable[[Settings, Database], Iterable[Effects]],
    arguments: list[str],
) -> int:
    from services.kit.dead_letters import commands, mending  # noqa: PLC0415 - as above

    wish = commands.parse(service, arguments)
    # Looking and discarding need the database alone; who applies events needs what the service needs.
    url = _prepared(service, MigrationSettings).database_url
    try:
        match wish.work:
            case "redrive":
                present = _prepared(service, settings)
                return uvloop.run(commands.redrive(url, wish, lambda database: effects(present, database)))
            case "discard":
                return uvloop.run(commands.put_aside(url, wish))
            case _:
                return uvloop.run(commands.show(url, wish))
    except mending.NoLetter as nothing:
        return _say(str(nothing))
    except Unavailable:
        return _say("the database does not answer")


def _prepared(service: str, settings: type[Settings]) -> Settings:
    try:
        present = load(settings)
    except SettingsError as wrong:
        sys.exit(_say(str(wrong)))
    configure(present.log_format, service=service)
    return present


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
