"""Schools of the region that do not work with the diary: one will, one asks for nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from deploy.local.demo.world import World
from services.diary.schools.rules import Connection

_TITLES: Final = (
    ("Школа № 23", Connection.PLANNED),
    ("Школа-интернат № 2", Connection.NOT_CONNECTED),
)
_SEPTEMBER: Final = 9


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A school of which nothing but this is known."""

    id: UUID
    title: str
    zone: str
    connection: Connection
    connects_on: date | None


def neighbours(world: World) -> Iterator[Neighbour]:
    """They lie beside the first school, and the one that is planned begins with the next school year."""
    beside = world.schools[0]
    begins = date(world.today.year + (world.today.month >= _SEPTEMBER), _SEPTEMBER, 1)
    for title, state in _TITLES:
        on = begins if state is Connection.PLANNED else None
        yield Neighbour(uuid5(beside.id, title), title, beside.zone, state, on)
