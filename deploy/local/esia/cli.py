"""``mesh esia``: run the stand."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import uvloop

from deploy.local.esia.app import serve
from deploy.local.esia.people import read_people
from deploy.local.esia.systems import read_systems

_EXAMPLES = Path(__file__).parent / "examples"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stand until it is interrupted; the exit status is 2 when a file cannot be used."""
    options = _options().parse_args(argv)
    try:
        registry, people = read_systems(options.systems), read_people(options.people)
    except (OSError, ValueError) as wrong:
        return _told(wrong)

    async def run() -> None:
        ending = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, ending.set)
        switchboard = options.switchboard or is_loopback(options.host)
        async with serve(
            registry, people, host=options.host, port=options.port, switchboard=switchboard
        ) as running:
            systems = ", ".join(system.mnemonic for system in registry.systems)
            print(  # noqa: T201 - as above
                f"ESIA stand-in on {running.url}: {len(people)} persons, systems {systems}", flush=True
            )
            await ending.wait()

    try:
        uvloop.run(run())
    except OSError as taken:
        return _told(f"{options.host}:{options.port}: {taken.strerror}")
    return 0


def _told(trouble: object) -> int:
    print(f"mesh esia: {trouble}", file=sys.stderr)  # noqa: T201 - a command line tool speaks by printing
    return 2


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mesh esia", description="A stand-in for ESIA (Gosuslugi).")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0 takes any free port")
    parser.add_argument("--systems", type=Path, default=_EXAMPLES / "systems.toml")
    parser.add_argument("--people", type=Path, default=_EXAMPLES / "people.toml", help=".toml or .json")
    parser.add_argument(
        "--switchboard",
        action="store_true",
        help="open /stand (troubles, key rotation) also when other machines can reach it",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
