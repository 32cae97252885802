"""What is sealed, and how: for whoever wants to check it with a program of their own.

The digest at position *n* is the SHA-256 of the digest at *n* - 1 (32 zero bytes before the first) followed
by the UTF-8 bytes of a JSON array without spaces, its characters beyond ASCII written as they are:

``[1, n, id, at, actor, action, object kind, object id, why or null, subject or null]``

The leading 1 is the number of this form; ``at`` is UTC with six digits, such as
``2026-09-01T08:00:00.000000Z``; ids are UUIDs in lower case.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

BEGINNING: Final = bytes(32)
"""What stands for the digest before the first entry."""
_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which object."""

    id: UUID
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: str
    why: str | None
    subject: UUID | None


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in its place."""

    position: int
    digest: bytes
    entry: Entry


def canonical(position: int, entry: Entry) -> bytes:
    """The one spelling of an entry at its place."""
    fields = (
        _FORM,
        position,
        str(entry.id),
        written(entry.at),
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.why,
        None if entry.subject is None else str(entry.subject),
    )
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def digest_after(before: bytes, position: int, entry: Entry) -> bytes:
    """The 32 bytes that seal an entry to everything before it."""
    return hashlib.sha256(before + canonical(position, entry)).digest()


def written(at: datetime) -> str:
    """An instant as the chain writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
