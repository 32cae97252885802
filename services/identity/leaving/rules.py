"""What a registrar may end and give back, and what may go wrong (R56)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.identity.people.rules import FullName, Role, require_registrable
from services.identity.staff.rules import OwnRole


@dataclass(frozen=True, slots=True)
class FormerRole:
    """A role that ended at a school."""

    role: Role
    granted_at: datetime
    ended_at: datetime
    reason: str


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
