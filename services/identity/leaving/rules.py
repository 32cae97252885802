"""What a registrar may end and give back, and what may go wrong (R56)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName, Role, require_registrable
from services.identity.staff.rules import OwnRole
from services.kit.errors import DomainError, StatusCode

UNDO: Final = timedelta(days=30)
"""How long a school takes back by itself what it has ended: as long as a mistake takes to be noticed."""


class TooLateToGiveBack(DomainError):
    """The role ended more than `UNDO` ago: who comes again shows documents again."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "TOO_LATE_TO_GIVE_BACK"
    title = "It ended too long ago to be given back"


class ElsewhereSince(DomainError):
    """Another school has had the person since the role ended: it was no mistake."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "ELSEWHERE_SINCE"
    title = "Another school has had the person since"


@dataclass(frozen=True, slots=True)
class FormerRole:
    """A role that ended at a school."""

    role: Role
    granted_at: datetime
    ended_at: datetime
    reason: str
    elsewhere_since: bool = False
    """Another school has given the person a role since."""

    def may_be_given_back(self, now: datetime) -> bool:
        """Whether the school takes the end back by itself."""
        return not self.elsewhere_since and now - self.ended_at <= UNDO

    def require_undoable(self, now: datetime) -> None:
        """Make sure that giving it back undoes a mistake.

        Raises:
            ElsewhereSince, TooLateToGiveBack: it does not.
        """
        if self.elsewhere_since:
            raise ElsewhereSince
        if not self.may_be_given_back(now):
            raise TooLateToGiveBack


@dataclass(frozen=True, slots=True)
class AtSchool:
    """What a person is and was at one school."""

    person_id: UUID
    name: FullName
    roles: frozenset[Role]
    former: tuple[FormerRole, ...]
    """Those that the person has no more, each once: its last end."""
    left_region: bool
    """Nothing connects the person with any school."""

    @property
    def known(self) -> bool:
        """Whether the school has, or had, anything to do with the person."""
        return bool(self.roles or self.former)


def require_endable(roles: frozenset[Role], *, person_id: UUID, registrar_id: UUID) -> None:
    """Make sure that a registrar may end these roles.

    Registrars and administrators are left to `staff`, whose administrators take these roles: so no registrar
    locks out a colleague, and none leaves a school without one.

    Raises:
        BadRoles: none is named, or one that a registrar does not give.
        OwnRole: it is the registrar's own.
    """
    require_registrable(roles)
    if person_id == registrar_id:
        raise OwnRole
