"""Who calls: the person behind a verified access token."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from school.access.v1.policy_pb2 import Pending, Role
from services.kit.errors import Unauthenticated

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """The person who calls, as their access token says; services trust nothing else about them."""

    person_id: UUID
    account_id: UUID
    session_id: UUID
    roles: frozenset[Role.ValueType]
    region: str
    pending: Pending.ValueType = Pending.PENDING_UNSPECIFIED
    """What the session still owes; until it is done, only the RPCs that name it are open."""
    authenticated_at: datetime = LONG_AGO
    """When the person last showed who they are; a token that does not say counts as long ago."""


_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


def caller() -> Caller:
    """The caller of the RPC in progress. Raises `Unauthenticated` when nobody is signed in."""
    present = _current.get()
    if present is None:
        raise Unauthenticated
    return present


def set_caller(present: Caller | None) -> None:
    """Set by the edge for the RPC in progress; nothing else calls this."""
    _current.set(present)
