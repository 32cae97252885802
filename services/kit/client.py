"""From where a call came: what the gateway tells of the browser or app behind it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

ADDRESS_KEY = "x-client-address"
DEVICE_KEY = "x-client-device"
TIME_ZONE_KEY = "x-client-time-zone"
LANGUAGE_KEY = "x-client-language"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Client:
    """The browser or app behind a call; a field is empty when the gateway does not tell it."""

    address: str = field(repr=False)
    """An IP address: for counting guesses only, and kept nowhere in clear."""
    device: str
    """Browser and system, such as "Chrome, Android"."""
    time_zone: str
    """What the device says, such as "Europe/Moscow"."""
    language: str = ""
    """What whoever is behind the call reads, such as "en"."""


_call: ContextVar[Any] = ContextVar("call", default=None)


def client() -> Client:
    """Who is behind the RPC in progress; empty outside of one."""
    call = _call.get()
    told = {} if call is None else dict(call.invocation_metadata() or ())
    keys = (ADDRESS_KEY, DEVICE_KEY, TIME_ZONE_KEY, LANGUAGE_KEY)
    return Client(*(str(told.get(key, ""))[:_LONGEST] for key in keys))


def set_call(call: Any) -> None:
    """Set by the edge for the RPC in progress; nothing else calls this. ``call``: its servicer context."""
    _call.set(call)
