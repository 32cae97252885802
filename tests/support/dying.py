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

from services.identity.accounts.usecases import Accounts
from services.identity.app import MIGRATIONS, run
from services.identity.binding.usecases import admission
from services.identity.binding.usecases.password_road import PasswordRoad
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
"""The variable that names a point of one of the tables below."""
ARMED: Final = "DIES_WHEN_THERE_IS"
"""The variable that names a file; while it is missing, nobody dies."""
Point = tuple[Any, str, bool]
"""Whose function, which, and whether before it (else after it)."""
# Of the road by SNILS.
POINTS: Final[dict[str, Point]] = {
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
# The password road, step by step (R22).
PROPOSING: Final[dict[str, Point]] = {
    "the password is counted": (links, "count_password", False),
    "the password is right": (Accounts, "prove", False),
    "the proposal is written": (links, "propose", False),
    "the proposal is committed": (Transaction, "committed", True),
    "before the proposal is shown": (PasswordRoad, "propose", False),
}
CONFIRMING: Final[dict[str, Point]] = {
    "the proposal is held": (links, "proposed", False),
    **{name: POINTS[name] for name in ("before the binding", "the binding is written")},
    "the session is written": POINTS["the session is written"],
    "the session is noted": (links, "note_session", False),
    **{name: POINTS[name] for name in ("before events and audit", "before the commit", "committed")},
    "before the reply to who confirms": (PasswordRoad, "confirm", False),
}
DECLINING: Final[dict[str, Point]] = {
    "the sign-in is ended": (links, "finish", False),
    "the end is committed": (Transaction, "committed", True),
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
    place, function, first = (POINTS | PROPOSING | CONFIRMING | DECLINING)[os.environ[POINT]]
    setattr(place, function, _mortal(getattr(place, function), before=first))
    main("identity", IdentitySettings, run, MIGRATIONS)
