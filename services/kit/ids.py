"""Identifiers that grow with time."""

from __future__ import annotations

from datetime import datetime
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
