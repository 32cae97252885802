"""When a binding may end, and why it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.identity.binding.rules.roads import Road
from services.kit.errors import DomainError, StatusCode


class WhyEnded(StrEnum):
    """Why a binding ended: the names of `school.identity.v1.UnbindReason` without their prefix."""

    OWN_WISH = "OWN_WISH"
    PROFILE_LOST = "PROFILE_LOST"
    PROFILE_MERGED = "PROFILE_MERGED"
    WRONG_PERSON = "WRONG_PERSON"


@dataclass(frozen=True, slots=True)
class PastOrPresent:
    """A binding of an account; past when ``ended_at`` says so."""

    id: UUID
    road: Road
    bound_at: datetime
    reverified_at: datetime | None
    ended_at: datetime | None
    ended_by: UUID | None
    ended_why: WhyEnded | None


class LastDoor(DomainError):
    """Without the profile nothing would open the account; the metadata: what is missing for another door."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "LAST_DOOR"
    title = "Nothing else would open this account"


def require_another_door(*, own_password: bool, confirmed_contact: bool) -> None:
    """Make sure that a person who unbinds their profile still gets in.

    A password alone is not enough: once forgotten, only a confirmed contact leads back to it.

    Raises:
        LastDoor: they would not.
    """
    if not own_password:
        raise LastDoor(missing="password")
    if not confirmed_contact:
        raise LastDoor(missing="contact")
