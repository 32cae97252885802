"""Devices and networks from which people entered, as keyed digests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Uuid,
    bindparam,
    delete,
    exists,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.metadata import metadata

KEPT: Final = timedelta(days=365)
"""A place from which nobody came for so long is new again."""

known_devices = Table(
    "known_devices",
    metadata,
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
    # Each person's own digests: two who enter from one place show nothing of that.
    Column("device_digest", LargeBinary, primary_key=True),  # of device and network
    Column("network_digest", LargeBinary, nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    # The sweep of those that were not seen for long.
    Index("known_devices_by_age", "last_seen_at"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A device in a network, as one person knows it; under every key in use, the current one first."""

    device: tuple[bytes, ...] = field(repr=False)
    network: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was known before a person entered from a place."""

    before: bool
    """Whether they had entered from this place."""
    anywhere: bool
    """Whether they had entered from any."""


# Built once, as every statement of a sign-in: building one costs more than the database needs to run it.
_theirs = known_devices.c.person_id == bindparam("person")
_SEE: Final = (
    insert(known_devices)
    .values(
        person_id=bindparam("person"),
        device_digest=bindparam("device"),
        network_digest=bindparam("network"),
        last_seen_at=bindparam("now"),
    )
    .on_conflict_do_update(
        index_elements=[known_devices.c.person_id, known_devices.c.device_digest],
        set_={"last_seen_at": bindparam("now")},
    )
    .returning(
        # A statement sees the rows that were there before it; whether it inserted is told by the row itself.
        literal_column("(xmax = 0)", Boolean).label("inserted"),
        exists(
            select(1).where(_theirs, known_devices.c.device_digest.in_(bindparam("devices", expanding=True)))
        ).label("before"),
        exists(select(1).where(_theirs)).label("anywhere"),
    )
)


async def see(connection: AsyncConnection, person_id: UUID, place: Place, *, now: datetime) -> Seen:
    """Remember that a person enters from a place now. Of several entrances at once one is the first."""
    row = (
        await connection.execute(
            _SEE,
            {
                "person": person_id,
                "device": place.device[0],
                "devices": place.device,
                "network": place.network[0],
                "now": now,
            },
        )
    ).one()
    return Seen(before=row.before or not row.inserted, anywhere=row.anywhere)


async def is_familiar(connection: AsyncConnection, person_id: UUID, place: Place) -> bool:
    """Whether the person entered from the network of this place."""
    found = await connection.scalar(
        select(
            exists(
                select(1).where(
                    known_devices.c.person_id == person_id,
                    known_devices.c.network_digest.in_(place.network),
                )
            )
        )
    )
    return bool(found)


async def sweep_devices(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget the places from which nobody came for a year."""
    await connection.execute(delete(known_devices).where(known_devices.c.last_seen_at < now - KEPT))
