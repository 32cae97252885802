"""Who may stand for a pupil, for how long, and what a court may forbid."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName
from services.kit.errors import DomainError, StatusCode

OF_AGE: Final = 18
"""Years: from this birthday on nobody stands for a person any more (Civil Code, article 21)."""
OWN_RIGHTS: Final = 14
"""Years: from this birthday on a pupil sees who may see the diary (Civil Code, article 26)."""
LONGEST_DOCUMENT: Final = 200
"""Characters by which a registrar tells which document they were shown."""


class RelationKind(StrEnum):
    """In what capacity: the names of `school.identity.v1.RelationKind` without their prefix."""

    PARENT = "PARENT"
    REPRESENTATIVE = "REPRESENTATIVE"


class RelationBasis(StrEnum):
    """By whose word: the names of `school.identity.v1.RelationBasis` without their prefix."""

    SCHOOL = "SCHOOL"
    CREDENTIALS = "CREDENTIALS"
    ESIA = "ESIA"


class LimitKind(StrEnum):
    """What a court forbids: the names of `school.identity.v1.CourtLimitKind` without their prefix."""

    NO_ACCESS = "NO_ACCESS"
    NO_CONTACTS = "NO_CONTACTS"


class MachineReason(StrEnum):
    """Why something was changed or ended that no registrar gave a reason for; the contract names them."""

    TERM_OVER = "term_over"
    COURT_LIMIT = "court_limit"
    LIMIT_OVER = "limit_over"
    BIRTH_DATE_CORRECTED = "birth_date_corrected"


class RelationExists(DomainError):
    """The two are related already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "RELATION_EXISTS"
    title = "The two are related already"


class UnknownRelation(DomainError):
    """There is no such relation, or it is over."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_RELATION"
    title = "There is no such relation"


class BadTerm(DomainError):
    """The last day is before the first, or has passed."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_TERM"
    title = "The end is before the beginning"


class BadRelation(DomainError):
    """The capacity is not said, or a person would stand for themselves."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_RELATION"
    title = "Nobody can stand for a pupil like this"


class DocumentNeeded(DomainError):
    """A representative, or a court's decision, is registered by a document that proves it (R30)."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "DOCUMENT_NEEDED"
    title = "Say which document proves it"


class WhyNeeded(DomainError):
    """What is changed or ended in a family is changed or ended for a reason."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "WHY_NEEDED"
    title = "Say why"


class PupilOfAge(DomainError):
    """The pupil is 18: nobody stands for them; they may let others see the diary themselves."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "PUPIL_OF_AGE"
    title = "The pupil is of age"


class CourtForbids(DomainError):
    """A court has taken from this person the access to the pupil's diary."""

    status = StatusCode.PERMISSION_DENIED
    reason = "COURT_FORBIDS"
    title = "A court's decision forbids it"


class OwnFamily(DomainError):
    """Nobody registers, changes or limits anything in their own family."""

    status = StatusCode.PERMISSION_DENIED
    reason = "OWN_FAMILY"
    title = "It is about your own family"


class LimitExists(DomainError):
    """The same is forbidden already."""

    status = StatusCode.ALREADY_EXISTS
    reason = "LIMIT_EXISTS"
    title = "This limit is registered already"


class UnknownLimit(DomainError):
    """The school knows no such limit."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_LIMIT"
    title = "There is no such limit"


class BadLimit(DomainError):
    """It is not said what is forbidden."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_LIMIT"
    title = "Say what the court forbids"


class NotTheirFamily(DomainError):
    """The caller neither stands for the pupil nor is the pupil, or there is none: which is not told."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_FAMILY"
    title = "You do not stand for this pupil"


class TooYoungToSee(DomainError):
    """Below 14 those who stand for a pupil look after who sees the diary."""

    status = StatusCode.PERMISSION_DENIED
    reason = "TOO_YOUNG_TO_SEE"
    title = "From 14 on you will see here who sees your diary"


def last_day_of_childhood(birth_date: date) -> date:
    """The day before the 18th birthday; who was born on 29 February has it on 1 March.

    >>> last_day_of_childhood(date(2008, 2, 29))
    datetime.date(2026, 2, 28)
    """
    year = birth_date.year + OF_AGE
    try:
        birthday = birth_date.replace(year=year)
    except ValueError:
        birthday = date(year, 3, 1)
    return birthday - timedelta(days=1)


def last_day(term: date | None, birth_date: date) -> date:
    """Until when a relation holds: the school's term, and never beyond the pupil's childhood."""
    childhood = last_day_of_childhood(birth_date)
    return childhood if term is None else min(term, childhood)


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
    """The last day; never after the pupil's childhood once `last_day` has set it."""
    version: int = 1
    term: date | None = None
    """The last day that the school has set; None: until the pupil is of age."""
    basis: RelationBasis = RelationBasis.SCHOOL
    document: str = ""

    def __post_init__(self) -> None:
        """Raises `BadRelation` or `BadTerm` for what cannot be."""
        if self.guardian_id == self.pupil_id:
            raise BadRelation
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise BadTerm

    def over_on(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.valid_until is not None and self.valid_until < today

    def outlasts(self, other: Relation) -> bool:
        """Whether the guardian would stand for the pupil longer than by another one."""
        if other.valid_until is None:
            return False
        return self.valid_until is None or self.valid_until > other.valid_until

    def holds_on(self, day: date) -> bool:
        """Whether the guardian stands for the pupil on ``day``."""
        return self.valid_from <= day and not self.over_on(day)


def require_document(kind: RelationKind, document: str) -> None:
    """Raises `DocumentNeeded` for a representative without one: a parent's is the birth certificate (R30)."""
    if kind is RelationKind.REPRESENTATIVE and not document:
        raise DocumentNeeded


@dataclass(frozen=True, slots=True)
class CourtLimit:
    """What a court has forbidden a person concerning a pupil, whatever relation the two have or will have."""

    id: UUID
    guardian_id: UUID
    pupil_id: UUID
    school_id: UUID
    kind: LimitKind
    document: str
    valid_from: date
    """The first day, as the decision says; in force from the moment at which it is entered."""
    valid_until: date | None
    """The last day; None: until it is lifted."""
    interrupted: UUID | None = None
    """The relation that it ended, to be taken up again."""

    def over_on(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.valid_until is not None and self.valid_until < today

    def require_possible(self, today: date) -> None:
        """Raises `BadTerm` for a decision that is not in force yet, or no more."""
        if self.valid_from > today or self.over_on(today) or _before(self.valid_until, self.valid_from):
            raise BadTerm

    def same_as(self, other: CourtLimit) -> bool:
        """Whether both enter the same decision."""
        return self == replace(other, id=self.id, school_id=self.school_id, interrupted=self.interrupted)

    def takes_up_again(self, relation: Relation) -> date | None:
        """The first day on which an interrupted relation holds again by itself; None: not by itself."""
        if self.valid_until is None:
            return None
        again = self.valid_until + timedelta(days=1)
        return None if relation.over_on(again) else again


def may_share(limits: Iterable[LimitKind]) -> bool:
    """Whether somebody who stands for a pupil may see and admit others beside them.

    Whom a court forbids contacts neither sees who else stands for the pupil nor lets anybody in.
    """
    return not set(limits)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pupil studies."""

    school_id: UUID
    school: str
    class_title: str


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil in somebody's family."""

    person_id: UUID
    name: FullName
    kind: RelationKind
    label: str = ""
    """What the guardian calls the pupil (R33); empty: nothing yet."""
    places: tuple[Place, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who stands for a pupil, as the family sees it."""

    relation: Relation
    name: FullName


def shown_to(caller_id: UUID, standing: Collection[Standing], *, shares: bool) -> tuple[Standing, ...]:
    """Whom a guardian is shown beside a pupil: everybody, or the guardian alone when a court forbids more."""
    return tuple(each for each in standing if shares or each.relation.guardian_id == caller_id)


def _before(day: date | None, other: date) -> bool:
    return day is not None and day < other
