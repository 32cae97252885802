"""Events between services: out of the transaction, over JetStream, into another service's transaction.

The database is the record, the broker only carries: wiping the broker loses nothing. `Relay` publishes what
transactions left in the outbox, and again when the broker lost it; `Consumer` gives each event its effect
exactly once; `Live` hands events on to whoever listens right now; `Bus` is the connection they share.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.kit.messaging.bus import Bus, BusDown
    from services.kit.messaging.consumer import Consumer, Handler, Progress
    from services.kit.messaging.envelope import EventMeta
    from services.kit.messaging.live import Live
    from services.kit.messaging.relay import Relay
    from services.kit.messaging.streams import Stream

__all__ = ["Bus", "BusDown", "Consumer", "EventMeta", "Handler", "Live", "Progress", "Relay", "Stream"]

_ROOMS = {
    "Bus": "bus",
    "BusDown": "bus",
    "Consumer": "consumer",
    "EventMeta": "envelope",
    "Handler": "consumer",
    "Live": "live",
    "Progress": "consumer",
    "Relay": "relay",
    "Stream": "streams",
}


def __getattr__(name: str) -> object:
    # Looked up when first used: who only listens has no database, and is spared 24 MiB of SQLAlchemy.
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
