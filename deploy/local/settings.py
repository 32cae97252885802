"""What a person may say about the region on their machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from deploy.local import lodging
from deploy.local.trouble import Trouble

_REPOSITORY = Path(__file__).resolve().parents[2]

# All below the range from which systems take the ports of outgoing connections.
PREFERRED_PORTS: Mapping[str, int] = MappingProxyType(
    {
        "gateway": 8080,
        "esia": 9100,
        "mail": 1025,
        "post": 8025,
        "identity": 15051,
        "diary": 15052,
        "notifications": 15053,
        "nats": 4222,
    }
)
ANY_PORTS: Mapping[str, int] = MappingProxyType(dict.fromkeys(PREFERRED_PORTS, 0))
# What every state folder has, from its first moment on.
_MARKS = frozenset({"lock", "logs"})


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How one local region is run.

    ``ports`` are preferences: a busy one is avoided, 0 asks for any. ``durable`` False: PostgreSQL may forget
    on a power cut. ``demo`` fills the databases with the demo region at the first start.
    """

    state: Path = _REPOSITORY / ".region"
    fresh: bool = False
    demo: bool = True
    durable: bool = True
    ports: Mapping[str, int] = field(default_factory=lambda: PREFERRED_PORTS)
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Settings of single services beyond the usual ones, by the service's name."""


def from_environment() -> LocalSettings:
    """``MESH_STATE`` names the state folder, ``FRESH=1`` empties it first."""
    state = os.environ.get("MESH_STATE")
    return LocalSettings(
        state=Path(state).absolute() if state else _REPOSITORY / ".region",
        fresh=os.environ.get("FRESH", "") not in ("", "0"),
    )


def open_state(state: Path) -> None:
    """Make the state folder.

    Raises:
        Trouble: it cannot be made or written, or is somebody's folder with other things in it.
    """
    try:
        names = {path.name for path in state.iterdir()} if state.is_dir() else set()
        # FRESH=1 empties the folder, and a home that was named by mistake is not ours to empty.
        if not (names <= _MARKS or names >= _MARKS):
            raise Trouble(
                f"{state} has other things in it and is no state folder of a region",
                remedy="name an empty or a new folder with MESH_STATE",
            )
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Trouble(
            f"the state folder {state} cannot be used: {error.strerror}",
            remedy="make it writable, or choose another one with MESH_STATE",
        ) from error


def clear(state: Path) -> None:
    """Remove all that a region has kept in ``state``, but the lock that is held on it."""
    lodging.clear(state)
    for path in state.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
