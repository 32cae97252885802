"""The register of everybody: persons in the making, and how they belong together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

from deploy.local.demo import members
from deploy.local.demo.identifiers import Identifiers
from deploy.local.demo.names import RUSSIAN, Tradition
from deploy.local.demo.school_year import SchoolYear
from deploy.local.demo.schools import SchoolPlan
from deploy.local.demo.world import (
    CastMember,
    Credentials,
    FullName,
    Gender,
    Membership,
    Person,
    Place,
    Relation,
    RelationKind,
    Role,
    School,
    SchoolClass,
)
from services.identity.families.rules.relations import last_day


@dataclass(slots=True)
class Draft:
    """A person in the making."""

    id: UUID
    name: FullName
    gender: Gender
    birth_date: date
    snils: str  # as documents have it
    school_knows_snils: bool = True
    places: list[Place] = field(default_factory=list)
    esia: members.Esia | None = None  # None: whatever is usual
    tradition: Tradition = RUSSIAN
    family_name: str = ""  # the surname in the masculine, for children

    def place(self, school_id: UUID, role: Role) -> None:
        """Give a role at a school, once."""
        if Place(school_id, role) not in self.places:
            self.places.append(Place(school_id, role))

    def person(self) -> Person:
        """The finished person, as the school has them."""
        snils = self.snils if self.school_knows_snils else None
        return Person(self.id, self.name, self.gender, self.birth_date, snils, tuple(self.places))


@dataclass(slots=True)
class Seats:
    """A class and how many it will hold."""

    school: School
    plan: SchoolPlan
    school_class: SchoolClass
    size: int
    taken: int = 0

    @property
    def free(self) -> bool:
        """Whether one more fits."""
        return self.taken < self.size


@dataclass(slots=True)
class Population:
    """Everybody, and how they belong together."""

    drafts: dict[UUID, Draft] = field(default_factory=dict)
    classes: list[SchoolClass] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    credentials: list[Credentials] = field(default_factory=list)
    featured: list[CastMember] = field(default_factory=list)
    teachers: dict[UUID, list[UUID]] = field(default_factory=dict)  # school → person of each post


class Register:
    """Writes people down."""

    def __init__(self, random: Random, ids: Identifiers, year: SchoolYear) -> None:
        self._random = random
        self._ids = ids
        self._year = year
        self.population = Population()

    def add(
        self,
        name: FullName,
        gender: Gender,
        birth_date: date,
        snils: str | None = None,
        *,
        esia: members.Esia | None = None,
    ) -> Draft:
        """A new person; without a SNILS one is drawn."""
        draft = Draft(self._ids.uuid(), name, gender, birth_date, snils or self._ids.snils(), esia=esia)
        self.population.drafts[draft.id] = draft
        return draft

    def seat(self, pupil: Draft, seats: Seats) -> None:
        """Put a pupil into a class from 1 September on."""
        seats.taken += 1
        pupil.place(seats.school.id, Role.PUPIL)
        since = date(self._year.begins, 9, 1)
        self.population.memberships.append(Membership(seats.school_class.id, pupil.id, since))

    def relate(self, guardian: Draft, pupil: Draft, school: School, kind: RelationKind) -> None:
        """Let somebody stand for a pupil; the school wrote it down in the summer."""
        guardian.place(school.id, Role.GUARDIAN)
        since = date(self._year.begins, 9, 1) - timedelta(days=self._random.randrange(1, 60))
        until = last_day(None, pupil.birth_date)
        relation = Relation(self._ids.uuid(), guardian.id, pupil.id, school.id, kind, since, until)
        self.population.relations.append(relation)

    def feature(
        self,
        draft: Draft,
        notes: members.Notes | None,
        credentials: tuple[str, str] | None,
        *,
        slip: tuple[str, str] | None = None,
    ) -> None:
        """Put a person on the list of the cast, and give them a password when the cast says so."""
        if notes and draft.esia:
            member = CastMember(notes.role, draft.name, draft.id, draft.esia.login, notes.ru, notes.en)
            self.population.featured.append(member)
        if credentials:
            self.population.credentials.append(Credentials(draft.id, *credentials))
        if slip:
            self.population.credentials.append(Credentials(draft.id, *slip, temporary=True))

    def born(self, age: int) -> date:
        """A birth date of somebody who is this old when the school year begins."""
        days = age * 365 + age // 4 + self._random.randrange(365)
        return date(self._year.begins, 9, 1) - timedelta(days=days)

    def first_birth(self, grade: int) -> date:
        """The first birth date of a grade: children enter school at six years and eleven months or later."""
        return date(self._year.begins - 7 - grade, 10, 1)

    def birth_in(self, grade: int, birthday: tuple[int, int]) -> date:
        """The birth date of a pupil of this grade with this birthday (month, day)."""
        first = self.first_birth(grade)
        day = date(first.year, *birthday)
        return day if day >= first else day.replace(year=first.year + 1)
