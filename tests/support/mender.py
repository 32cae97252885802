"""``python -m tests.support.mender``: a service in miniature at its console, killed at a chosen point.

As in `tests.support.dying`, the points are put around functions from outside.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from services.kit.database import Database, Transaction
from services.kit.messaging import inbox
from services.kit.messaging.effects import Effects, Hearing
from services.kit.process import main
from services.kit.settings import MigrationSettings
from tests.support.miniature import COUNTING, MIGRATIONS, REGION

POINT: Final = "DIES_AT"
"""The variable that names a point of the table below; without it nobody dies."""
AT_LETTER: Final = 2
"""The letter at which it happens: one is done, others are not."""
POINTS: Final[dict[str, tuple[Any, str]]] = {
    "the letter is removed": (inbox, "close"),
    "before the commit": (Transaction, "flush"),
    "it is committed": (Transaction, "committed"),
}
"""After which function of a letter's transaction."""


def effects_of(_settings: MigrationSettings, database: Database) -> list[Effects]:
    """Every mark counts once."""
    return [Effects(database, REGION, Hearing("DIARY", "listener-marks", COUNTING))]


@asynccontextmanager
async def _run(_settings: MigrationSettings) -> AsyncIterator[None]:
    yield


def _mortal(real: Callable[..., Any], *, awaited: bool) -> Callable[..., Any]:
    calls = 0

    def counted() -> None:
        nonlocal calls
        calls += 1
        if calls == AT_LETTER:
            os.kill(os.getpid(), signal.SIGKILL)

    async def later(*positional: Any, **named: Any) -> Any:
        result = await real(*positional, **named)
        counted()
        return result

    def at_once(*positional: Any, **named: Any) -> Any:
        result = real(*positional, **named)
        counted()
        return result

    return later if awaited else at_once


if __name__ == "__main__":
    if POINT in os.environ:
        place, function = POINTS[os.environ[POINT]]
        setattr(place, function, _mortal(getattr(place, function), awaited=function != "committed"))
    main("miniature", MigrationSettings, _run, MIGRATIONS, effects=effects_of)
