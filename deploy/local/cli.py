"""``mesh``: a whole region on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

_COMMANDS = {
    "up": "start a region, walk through it, serve until Ctrl-C",
    "demo": "start a region, walk through it, stop; the exit status is the truth",
    "esia": "the ESIA stand-in alone (mesh esia --help)",
    "esia-keys": "a key and certificate for a client system at a stand (mesh esia-keys --help)",
    "esia-check": "test the connection to ESIA with identity's settings, line by line",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. Each command loads what it needs when it is asked for."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["esia"]:
        from deploy.local.esia.cli import main as esia  # noqa: PLC0415 - see above

        return esia(given[1:])
    if given[:1] in (["esia-keys"], ["esia-check"]):
        from deploy.local.esia.commands import check_connection, make_keys  # noqa: PLC0415 - see above

        return (make_keys if given[0] == "esia-keys" else check_connection)(given[1:])
    options = _parser().parse_args(given)
    from deploy.local import commands  # noqa: PLC0415 - see above

    if options.command == "demo":
        return commands.demo(with_parent=options.with_parent)
    return commands.up(with_parent=options.with_parent, walk=options.walk)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mesh",
        description="A whole region on this machine.",
        epilog="MESH_STATE names the folder that keeps everything (.region); FRESH=1 empties it first.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: commands.add_parser(name, help=text, description=text) for name, text in _COMMANDS.items()}
    for name in ("up", "demo"):
        made[name].add_argument(
            "--with-parent", action="store_true", help="stop when the program that started this one ends"
        )
    made["up"].add_argument(
        "--no-walk", dest="walk", action="store_false", help="do not walk through it first"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
