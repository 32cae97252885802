"""Who may be issued credentials, by whom, and on which documents (R7, R29, R30, R32)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.families.rules.relations import (
    RelationKind,
)
from services.identity.issuing.rules.refusals import (
    DocumentsMissing,
    EmployeeAccount,
    IssuedElsewhere,
    NotTheirClass,
    OwnCredentials,
    TooYoung,
    WrongCapacity,
)
from services.identity.people.rules import FullName, Role, UnknownPerson, age_on

OWN_PAPERS_FROM: Final = 14
"""Years: from here on a pupil has a passport and comes with it (R5, R30)."""

EMPLOYEES: Final = frozenset({Role.TEACHER, Role.REGISTRAR, Role.SCHOOL_ADMINISTRATOR})
"""Roles of those who work at a school."""
_POWERFUL: Final = EMPLOYEES | {Role.AUTHORITY, Role.OPERATOR}


class Document(StrEnum):
    """A document that the employee saw: the names of the contract's `Document` without their prefix."""

    PASSPORT = "PASSPORT"
    BIRTH_CERTIFICATE = "BIRTH_CERTIFICATE"
    APPLICATION = "APPLICATION"
    CONSENT = "CONSENT"
    PROOF_OF_REPRESENTATION = "PROOF_OF_REPRESENTATION"
    EMPLOYMENT = "EMPLOYMENT"


class Capacity(StrEnum):
    """In what capacity credentials are given: the names of `IssueCapacity` without their prefix."""

    PARENT = "PARENT"
    REPRESENTATIVE = "REPRESENTATIVE"
    PUPIL = "PUPIL"
    YOUNG_PUPIL = "YOUNG_PUPIL"
    EMPLOYEE = "EMPLOYEE"


class ApplicationChannel(StrEnum):
    """How the application came: the names of `ApplicationChannel` without their prefix (R31)."""

    PAPER = "PAPER"
    ELECTRONIC = "ELECTRONIC"


_FAMILY: Final = frozenset({Document.PASSPORT, Document.APPLICATION, Document.CONSENT})
CHECKLIST: Final[Mapping[Capacity, frozenset[Document]]] = {
    Capacity.PARENT: _FAMILY | {Document.BIRTH_CERTIFICATE},
    Capacity.REPRESENTATIVE: _FAMILY | {Document.PROOF_OF_REPRESENTATION},
    Capacity.PUPIL: _FAMILY,
    Capacity.YOUNG_PUPIL: _FAMILY | {Document.BIRTH_CERTIFICATE},
    Capacity.EMPLOYEE: frozenset({Document.PASSPORT, Document.EMPLOYMENT, Document.CONSENT}),
}
"""What has to be shown, by capacity (R30)."""


class CredentialsState(StrEnum):
    """Whether a person has something to enter with: the contract's names without their prefix."""

    NONE = "NONE"
    ISSUED = "ISSUED"
    EXPIRED = "EXPIRED"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class ClassPlace:
    """A class in which a pupil studies today."""

    class_id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class Ward:
    """A pupil of the school for whom somebody stands today."""

    pupil_id: UUID
    name: FullName
    kind: RelationKind
    classes: tuple[ClassPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Who has shut an account."""

    school_id: UUID | None
    """None: the operator."""
    school_title: str = ""
    """Empty when the diary has not told of the school."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What issuing needs to know of an account."""

    id: UUID
    login: str | None
    may_enter: bool
    """Neither the account nor the person is blocked or has left."""
    closed: bool = False
    """At the person's wish, or for want of consent; a school that is shown a new consent opens it again."""
    temporary_until: datetime | None = None
    activated_at: datetime | None = None
    issued_count: int = 0
    issued_here: bool = False
    """By the school that looks, at least once."""
    block: Block | None = None
    """None: the account itself is not blocked; its person may be, or may have left."""

    @property
    def had_credentials(self) -> bool:
        """Whether there is, or was, something to enter with: a login, or a bound profile."""
        return self.login is not None or self.activated_at is not None

    @property
    def has_credentials(self) -> bool:
        """Whether there is something to enter with, were it a password past its days."""
        return self.had_credentials and not self.closed

    def state(self, now: datetime) -> CredentialsState:
        """How the credentials stand."""
        if not self.may_enter:
            return CredentialsState.BLOCKED
        if self.closed:
            return CredentialsState.NONE
        if self.activated_at is not None:
            return CredentialsState.ACTIVE
        if self.login is None:
            return CredentialsState.NONE
        if self.temporary_until is not None and self.temporary_until <= now:
            return CredentialsState.EXPIRED
        return CredentialsState.ISSUED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person as somebody sees them who issues credentials at a school."""

    person_id: UUID
    name: FullName
    birth_date: date
    account: AccountFacts
    places: frozenset[tuple[UUID, Role]] = frozenset()
    """What the person is, and at which school."""
    wards: tuple[Ward, ...] = ()
    """The pupils of this school for whom the person stands today."""
    classes: tuple[ClassPlace, ...] = ()
    """Where the person studies today, at this school."""
    belongs_elsewhere: bool = False
    """To another school as well, by what they are there or through a pupil of it."""
    snils_index: bytes | None = field(default=None, repr=False)
    """The blind index of the SNILS; None when the school does not know it, or two persons claim it."""

    def roles_at(self, school_id: UUID) -> frozenset[Role]:
        """What the person is at the school."""
        return frozenset(role for school, role in self.places if school == school_id)


@dataclass(frozen=True, slots=True)
class Reach:
    """For whom somebody may issue credentials at a school: everybody, or the own classes."""

    issuer_id: UUID
    school_id: UUID
    class_ids: frozenset[UUID] | None = None
    """None: the whole school, as its registrar may; else the classes of a homeroom teacher (R29)."""

    @property
    def whole(self) -> bool:
        """Whether it is the registrar's."""
        return self.class_ids is None

    def sees(self, candidate: Candidate) -> Candidate | None:
        """The person with what belongs to this reach; None when the person is outside it."""
        if self.class_ids is None:
            inside = candidate.roles_at(self.school_id) or candidate.wards
            return candidate if inside else None
        own = self.class_ids
        wards = tuple(ward for ward in candidate.wards if own & {place.class_id for place in ward.classes})
        studies = own & {place.class_id for place in candidate.classes}
        return replace(candidate, wards=wards) if wards or studies else None

    def require(self, candidate: Candidate | None) -> Candidate:
        """The person with what belongs to this reach.

        Raises:
            UnknownPerson: nobody of the school has this id; whether somebody elsewhere has is not told.
            NotTheirClass: nobody of the own classes has.
        """
        seen = self.sees(candidate) if candidate else None
        if seen is None:
            raise UnknownPerson if self.whole else NotTheirClass
        return seen

    def require_entrusted(self, candidate: Candidate) -> None:
        """Make sure that issuing gives the issuer no rights that they do not have.

        A temporary password passes through the hands of the issuer. So nobody issues to themselves, no
        homeroom teacher to who works at a school, and no registrar to who works at other schools only, or
        for the region.

        Raises:
            OwnCredentials, EmployeeAccount: as above.
        """
        if candidate.person_id == self.issuer_id:
            raise OwnCredentials
        powers = {(school, role) for school, role in candidate.places if role in _POWERFUL}
        if not powers:
            return
        here = any(school == self.school_id for school, _ in powers)
        regional = any(role not in EMPLOYEES for _, role in powers)
        if not self.whole or not here or regional:
            raise EmployeeAccount


def capacities(candidate: Candidate, reach: Reach, today: date) -> tuple[Capacity, ...]:
    """In which capacities the issuer can give this person credentials; none when they may not at all."""
    try:
        reach.require_entrusted(candidate)
    except (OwnCredentials, EmployeeAccount):
        return ()
    roles = candidate.roles_at(reach.school_id)
    found = {Capacity(ward.kind) for ward in candidate.wards}
    if Role.PUPIL in roles:
        found.add(_of_pupil(candidate, today))
    if reach.whole and roles & EMPLOYEES:
        found.add(Capacity.EMPLOYEE)
    return tuple(capacity for capacity in Capacity if capacity in found)


def require_capacity(capacity: Capacity, candidate: Candidate, reach: Reach, today: date) -> None:
    """Make sure that a person can be given credentials in a capacity.

    Raises:
        TooYoung: a pupil under 14 with own papers.
        WrongCapacity: the person is not that at this school.
    """
    possible = capacities(candidate, reach, today)
    if capacity in possible:
        return
    if capacity is Capacity.PUPIL and Capacity.YOUNG_PUPIL in possible:
        raise TooYoung
    raise WrongCapacity


def require_issuer(candidate: Candidate) -> None:
    """Make sure that credentials are issued anew where they were issued.

    A school enters itself who stands for its pupils and who works there. What it enters must not give it hold
    of an account with which a person is at another school (A34).

    Raises:
        IssuedElsewhere: there were credentials, none of them of this school, and the person belongs to
            another one.
    """
    account = candidate.account
    if account.had_credentials and candidate.belongs_elsewhere and not account.issued_here:
        raise IssuedElsewhere


def may_open(candidate: Candidate, reach: Reach) -> bool:
    """Whether a blocked account is opened by whom this reach belongs to: what the school itself has shut."""
    block = candidate.account.block
    if block is None or block.school_id != reach.school_id or not reach.whole:
        return False
    try:
        reach.require_entrusted(candidate)
        require_issuer(candidate)
    except (OwnCredentials, EmployeeAccount, IssuedElsewhere):
        return False
    return True


def require_documents(capacity: Capacity, seen: frozenset[Document]) -> None:
    """Raises `DocumentsMissing` unless everything was seen that the capacity asks for."""
    missing = CHECKLIST[capacity] - seen
    if missing:
        raise DocumentsMissing(missing)


def _of_pupil(candidate: Candidate, today: date) -> Capacity:
    own_papers = age_on(candidate.birth_date, today) >= OWN_PAPERS_FROM
    return Capacity.PUPIL if own_papers else Capacity.YOUNG_PUPIL
