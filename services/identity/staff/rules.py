"""Who may give and take which staff role, and what may go wrong (R1)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName, NotTheirSchool, Role
from services.kit.errors import DomainError, StatusCode

AT_SCHOOLS: Final = frozenset({Role.TEACHER, Role.REGISTRAR, Role.SCHOOL_ADMINISTRATOR})
"""Staff roles that hold at a school."""
IN_REGION: Final = frozenset({Role.AUTHORITY, Role.OPERATOR})
"""Staff roles that hold in the whole region."""
STAFF: Final = AT_SCHOOLS | IN_REGION
"""All of them."""
MOST_FOUND: Final = 10
# A school's administrator chooses who registers and who teaches, not who administers.
_BY_ADMINISTRATOR = frozenset({Role.TEACHER, Role.REGISTRAR})


class RoleNotTheirs(DomainError):
    """The role is none that the caller can give or take there."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_ROLES"
    title = "You cannot give or take this role there"


class LastOperator(DomainError):
    """Nobody would be left to run the region."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "LAST_OPERATOR"
    title = "The last operator stays"


class OwnRole(DomainError):
    """Nobody takes a role from themselves: another one shall look at it."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "OWN_ROLE"
    title = "You cannot take a role from yourself"


class SearchTooWide(DomainError):
    """Surname, given name, and one of birth date and SNILS are needed: it is no list to browse."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "SEARCH_TOO_WIDE"
    title = "Give the full name, and the birth date or the SNILS"


@dataclass(frozen=True, slots=True)
class Post:
    """A role at a school."""

    school_id: UUID | None
    """None: it holds in the whole region."""
    role: Role
    granted_at: datetime
    school_title: str
    """Empty while the diary has not told of the school."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person with what they are at the school that was asked for, or in the region."""

    person_id: UUID
    name: FullName
    posts: tuple[Post, ...]
    second_factor: bool


def require_reach(school_id: UUID | None, *, rights: AbstractSet[Role]) -> None:
    """Make sure that somebody may look at the staff of a school, or at that of the region.

    Args:
        school_id: None for the region's.
        rights: what they are there and act as: OPERATOR in the region, or SCHOOL_ADMINISTRATOR at the school.

    Raises:
        NotTheirSchool: they may not.
    """
    needed = {Role.OPERATOR} if school_id is None else {Role.OPERATOR, Role.SCHOOL_ADMINISTRATOR}
    if rights.isdisjoint(needed):
        raise NotTheirSchool


def require_theirs(role: Role, school_id: UUID | None, *, rights: AbstractSet[Role]) -> None:
    """Make sure that somebody may give or take a role at a school, or in the region.

    Raises:
        NotTheirSchool: they have no say there.
        RoleNotTheirs: they have, but not over this role, or it does not hold there.
    """
    require_reach(school_id, rights=rights)
    if Role.OPERATOR in rights:
        allowed = IN_REGION if school_id is None else AT_SCHOOLS
    else:
        allowed = _BY_ADMINISTRATOR
    if role not in allowed:
        raise RoleNotTheirs
