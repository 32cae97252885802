"""Who may stand for a pupil, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.identity.people.rules import FullName
from services.kit.errors import DomainError, StatusCode


class RelationKind(StrEnum):
    """In what capacity: the names of `school.identity.v1.RelationKind` without their prefix."""

    PARENT = "PARENT"
    REPRESENTATIVE = "REPRESENTATIVE"


class RelationExists(DomainError):
    """The two are related already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "RELATION_EXISTS"
    title = "The two are related already"


class UnknownRelation(DomainError):
    """There is no such relation."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_RELATION"
    title = "There is no such relation"


class BadTerm(DomainError):
    """The last day is before the first."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_TERM"
    title = "The end is before the beginning"


class BadRelation(DomainError):
    """The capacity is not said, or a person would stand for themselves."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_RELATION"
    title = "Nobody can stand for a pupil like this"


@dataclass(frozen=True, slots=True)
class Relation:
    """A guardian stands for a pupil from one day to another, both included."""

    id: UUID
    guardian_id: UUID
    pupil_id: UUID
    school_id: UUID
    kind: RelationKind
    valid_from: date
    valid_until: date | None
    version: int = 1

    def __post_init__(self) -> None:
        """Raises `BadRelation` or `BadTerm` for what cannot be."""
        if self.guardian_id == self.pupil_id:
            raise BadRelation
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise BadTerm

    def over_on(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.valid_until is not None and self.valid_until < today


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil in somebody's family."""

    person_id: UUID
    name: FullName
    kind: RelationKind
