"""What an operator runs: ``verify-audit`` and ``export-audit`` of a service."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from services.kit.audit import verification
from services.kit.audit.chain import Link, written
from services.kit.audit.verification import Checked
from services.kit.database import Database


class BadArgument(ValueError):
    """An argument is not what the command takes; the text says what it takes."""


async def verify_audit(url: str, arguments: Sequence[str]) -> int:
    """Check the chain and print what was found; 0 when it is whole, 1 when it is not.

    Args:
        url: of the service's database.
        arguments: digests kept elsewhere, as ``position:digest`` in the way they were printed.

    Raises:
        BadArgument: an argument is no such digest.
    """
    kept = dict(_kept(argument) for argument in arguments)
    async with Database(url, pool_size=1) as database, database.read() as connection:
        checked = await verification.verify(connection, kept)
    sys.stdout.write(_told(checked))
    return 0 if checked.whole else 1


async def export_audit(url: str, arguments: Sequence[str]) -> int:
    """Print every sealed entry as a line of JSON, the oldest first; returns 0.

    Args:
        url: of the service's database.
        arguments: nothing, or the position after which to begin.

    Raises:
        BadArgument: the argument is no position.
    """
    after = _position(arguments[0]) if arguments else 0
    async with Database(url, pool_size=1) as database, database.read() as connection:
        async for link in verification.links(connection, after):
            sys.stdout.write(json.dumps(exported(link), ensure_ascii=False) + "\n")
    return 0


def exported(link: Link) -> dict[str, object]:
    """An entry as an archive keeps it; enough to check the chain again."""
    entry = link.entry
    return {
        "position": link.position,
        "digest": link.digest.hex(),
        "id": str(entry.id),
        "at": written(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "object_kind": entry.object_kind,
        "object_id": entry.object_id,
        "why": entry.why,
        "subject": None if entry.subject is None else str(entry.subject),
    }


def _told(checked: Checked) -> str:
    lines = [f"entries {checked.count}", f"last {checked.position}:{checked.digest.hex()}"]
    lines.append("whole" if checked.whole else f"BROKEN at {checked.broken_at}")
    return "\n".join(lines) + "\n"


def _kept(argument: str) -> tuple[int, bytes]:
    position, _, digest = argument.partition(":")
    try:
        return _position(position), bytes.fromhex(digest)
    except ValueError:
        raise BadArgument("a kept digest is position:digest, as verify-audit prints it") from None


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadArgument("a position is a whole number")
    return int(text)
