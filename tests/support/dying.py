"""``python -m tests.support.dying``: identity as it is, in a process that is killed at a chosen point.

The points are put around functions from outside, before the service starts: the service itself has none,
and no setting could bring them about.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from services.identity.app import MIGRATIONS, run
from services.identity.binding.usecases import admission
from services.identity.config import IdentitySettings
from services.identity.esia import EsiaClient
from services.identity.links import storage as links
from services.identity.sessions.usecases import Sessions
from services.identity.sign_in.usecases import SignIns
from services.kit.database import Transaction
from services.kit.messaging import outbox
from services.kit.messaging.relay import Relay
from services.kit.process import main

POINT: Final = "DIES_AT"
"""The variable that names one of `POINTS`."""
ARMED: Final = "DIES_WHEN_THERE_IS"
"""The variable that names a file; while it is missing, nobody dies."""
POINTS: Final[dict[str, tuple[Any, str, bool]]] = {
    # name: whose function, which, and whether before it (else after it)
    "the state is used": (links, "take_state", False),
    "ESIA has answered": (EsiaClient, "person", False),
    "before the binding": (admission, "bind", True),
    "the binding is written": (admission, "bind", False),
    "the session is written": (Sessions, "begin_alone", False),
    "before events and audit": (Transaction, "flush", True),
    "before the commit": (Transaction, "flush", False),
    "committed": (Transaction, "committed", True),
    "before the reply": (SignIns, "complete", False),
    "before it is published": (Relay, "_publish", True),
    "acknowledged": (outbox, "store_acks", True),
    "the acknowledgement is written": (outbox, "store_acks", False),
    "the acknowledgement is committed": (Relay, "_publish_batch", False),
}


def _die() -> None:
    """As by ``kill -9``: nothing is closed, nothing is said."""
    if Path(os.environ[ARMED]).exists():
        os.kill(os.getpid(), signal.SIGKILL)


def _mortal(real: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def at_once(*positional: Any, **named: Any) -> Any:
        if before:
            _die()
        result = real(*positional, **named)
        if not before:
            _die()
        return result

    async def awaited(*positional: Any, **named: Any) -> Any:
        if before:
            _die()
        result = await real(*positional, **named)
        if not before:
            _die()
        return result

    return awaited if inspect.iscoroutinefunction(real) else at_once


if __name__ == "__main__":
    place, function, first = POINTS[os.environ[POINT]]
    setattr(place, function, _mortal(getattr(place, function), before=first))
    main("identity", IdentitySettings, run, MIGRATIONS)
