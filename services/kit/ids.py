"""Identifiers that grow with time."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): ordered by time, and strictly growing within this process.

    Ordered ids keep a table's primary key index dense, and double as the order of creation.
    """
    return uuid_utils.compat.uuid7()


def id_at(instant: datetime) -> UUID:
    """A UUIDv7 among those made at ``instant``, to the millisecond; for what belongs into the past."""
    return uuid_utils.compat.uuid7(nanoseconds=int(instant.timestamp() * 1000) * 1_000_000)


def created_at(identifier: UUID) -> datetime:
    """The instant (UTC, milliseconds) that a UUIDv7 carries.

    Raises:
        ValueError: the identifier is not a UUIDv7.
    """
    if identifier.version != 7:
        raise ValueError("only a UUIDv7 knows when it was made")
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)
