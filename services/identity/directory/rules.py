"""By which right somebody may see a pupil today, and where a reader of changes stands."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Final
from uuid import UUID

from services.identity.families.rules.relations import (
    RelationKind,
)
from services.identity.people.rules import PersonStatus, Role
from services.kit.errors import DomainError, StatusCode

KEPT: Final = timedelta(days=7)
"""Changes are kept for as long as events (`services.kit.messaging.streams.KEEP`)."""
# Before which no transaction was: the cursor of who begins.
_BEGINNING: Final = 0
_NO_EVENT: Final = UUID(int=0)
_CURSOR: Final = struct.Struct(">QQ16s")


class BadCursor(DomainError):
    """Not a cursor of ours."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_CURSOR"
    title = "The cursor is not one of ours"


class CursorTooOld(DomainError):
    """Changes since the cursor may have been forgotten: the reader must begin anew."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CURSOR_TOO_OLD"
    title = "Changes since this cursor are no longer kept, begin with an empty one"


class GroundKind(StrEnum):
    """By what: the names of `school.identity.v1.GroundKind` without their prefix."""

    SELF = "SELF"
    GUARDIAN = "GUARDIAN"
    TRUSTED = "TRUSTED"


@dataclass(frozen=True, slots=True)
class Ground:
    """A right to see a pupil's record."""

    viewer_id: UUID
    kind: GroundKind
    relation_kind: RelationKind | None = None
    scopes: frozenset[int] = frozenset()
    """Numbers of `school.access.v1.Scope`; empty: all of it."""
    valid_until: date | None = None


class Record(Enum):
    """Whether there is a record of somebody as a pupil."""

    NONE = auto()
    PRESENT = auto()
    FORMER = auto()
    """They have left: the family reads on (R39), they themselves enter by no door as a pupil."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who somebody is, as far as another service needs to know."""

    person_id: UUID
    status: PersonStatus
    roles: tuple[tuple[Role, UUID | None], ...]
    """With the school; None in the whole region."""
    may_enter: bool
    bound: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something has changed that answers depend on."""

    event_type: str
    """The full name of the event that tells of it."""
    payload: bytes
    aggregate_id: UUID
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to here was read.

    PostgreSQL numbers writing transactions as they begin to write. Those above the oldest that is still being
    written are listed later, so whatever commits late has a number above every cursor given out before.
    """

    transaction: int = _BEGINNING
    event_id: UUID = _NO_EVENT
    read_at: datetime | None = None
    """When; None for who begins."""

    def require_kept(self, now: datetime) -> None:
        """Raises `CursorTooOld` when changes after it may have been swept."""
        if self.read_at is not None and now - self.read_at > KEPT:
            raise CursorTooOld

    @property
    def text(self) -> str:
        """As a reader keeps it."""
        read_at = int((self.read_at or datetime.fromtimestamp(0, UTC)).timestamp())
        packed = _CURSOR.pack(self.transaction, read_at, self.event_id.bytes)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that a reader was given; the beginning for an empty text. Raises `BadCursor`."""
    if not text:
        return Cursor()
    try:
        padded = text + "=" * (-len(text) % 4)
        transaction, read_at, event = _CURSOR.unpack(base64.b64decode(padded, altchars=b"-_", validate=True))
        cursor = Cursor(transaction, UUID(bytes=event), datetime.fromtimestamp(read_at, UTC))
    except (binascii.Error, struct.error, ValueError, OverflowError, OSError):
        raise BadCursor from None
    # PostgreSQL's number is a signed one; and one cursor has one spelling.
    if transaction >= 2**63 or cursor.text != text:
        raise BadCursor
    return cursor


def by_viewer(grounds: Iterable[Ground]) -> dict[UUID, list[Ground]]:
    """The grounds of each viewer, whoever's own record it is first."""
    order = list(GroundKind)
    found: dict[UUID, list[Ground]] = {}
    for ground in sorted(grounds, key=lambda one: (order.index(one.kind), one.viewer_id.int)):
        found.setdefault(ground.viewer_id, []).append(ground)
    return found
