"""Brings the databases of a region to the newest schema and, once, fills them with the demo region.

A process of its own (``python -m deploy.local.fill``), because it loads what nobody needs afterwards:
Alembic, the generator of the demo region. What it leaves behind is ``demo.json`` and ESIA's ``people.json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from deploy.local import leash, surroundings
from deploy.local.place import RECORD, Place, base_environment
from deploy.local.trouble import Trouble

_ORDER = "MESH_LOCAL_FILL"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo region offers to look at, as `deploy.local.demo` describes it."""

    made_on: date
    facts: Mapping[str, Any]


async def fill(place: Place, *, demo: bool, keep: tuple[int, ...]) -> Demo | None:
    """Run the filling process to its end.

    Raises:
        Trouble: it failed; the message shows why.
    """
    order = {
        "urls": {name: place.postgres.url(name) for name in RECORD},
        "snils_keys": str(place.keys.snils),
        "state": str(place.state),
        "demo": demo,
    }
    child = await leash.start(
        leash.Program(
            name="fill",
            command=[sys.executable, "-m", "deploy.local.fill"],
            log=place.log("fill"),
            environment=base_environment() | {_ORDER: json.dumps(order)},
            keep=keep,
        )
    )
    if await child.ended() != 0:
        raise Trouble(
            "the databases could not be prepared",
            remedy=f"see {place.log('fill')}; FRESH=1 starts anew with empty databases",
            log=child.log_tail(),
        )
    return read(place.state) if demo else None


def read(state: Path) -> Demo:
    """What an earlier filling has left.

    Raises:
        Trouble: it is damaged.
    """
    try:
        facts = json.loads(_note(state).read_text())
        return Demo(date.fromisoformat(facts["today"]), facts)
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(
            f"{_note(state)} is damaged", remedy="FRESH=1 starts anew with empty databases"
        ) from error


def _note(state: Path) -> Path:
    return state / "demo.json"


async def _main(urls: Mapping[str, str], snils_keys: Path, state: Path, *, demo: bool) -> None:
    import services  # noqa: PLC0415 - only this process needs it
    from services.kit.migrations import upgrade  # noqa: PLC0415

    home = Path(services.__path__[0])
    for name, url in urls.items():  # one after the other: Alembic keeps its environment in globals
        await upgrade(url, home / name / "migrations")
    people = surroundings.esia_folder(state) / "people.json"
    people.parent.mkdir(mode=0o700, exist_ok=True)
    if not demo:
        people.write_text('{"people": []}')
    elif not _note(state).exists():
        from deploy.local.demo.load import load  # noqa: PLC0415 - at the first start alone

        facts = await load(urls, snils_keys=snils_keys, people=people)
        # Last: its presence says that everything before it is complete, and it as well.
        unfinished = _note(state).with_suffix(".new")
        unfinished.write_text(json.dumps(facts, ensure_ascii=False, indent=1))
        unfinished.replace(_note(state))


if __name__ == "__main__":
    os.umask(0o077)  # what it writes is for the region's own programs
    given = json.loads(os.environ[_ORDER])
    asyncio.run(
        _main(given["urls"], Path(given["snils_keys"]), Path(given["state"]), demo=bool(given["demo"]))
    )
