"""What is written down of a member of the cast."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.local.demo.world import FullName, Gender, Level, RelationKind


@dataclass(frozen=True, slots=True)
class Esia:
    """How the person's ESIA account differs from what the school wrote."""

    login: str = ""  # empty: made from the name, as everybody's
    name: FullName | None = None
    has_snils: bool = True
    another_snils: bool = False
    level: Level = Level.CONFIRMED


@dataclass(frozen=True, slots=True)
class Notes:
    """A role in the cast, and what it shows in both languages."""

    role: str
    ru: str
    en: str


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil of the cast and the class they sit in."""

    name: FullName
    gender: Gender
    school: str
    grade: int
    letter: str
    birthday: tuple[int, int]  # month and day; the year follows from the grade
    snils: str | None = None  # None: drawn
    esia: Esia | None = None
    notes: Notes | None = None


@dataclass(frozen=True, slots=True)
class Adult:
    """A guardian of the cast."""

    name: FullName
    gender: Gender
    age: int
    kind: RelationKind = RelationKind.PARENT
    snils: str | None = None  # None: drawn
    school_knows_snils: bool = True
    post: tuple[str, str, int] | None = None  # also a teacher: school, speciality, number
    credentials: tuple[str, str] | None = None  # login and password the school issued
    slip: tuple[str, str] | None = None  # login and temporary password, not activated yet
    esia: Esia = Esia()
    notes: Notes | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Adults who all stand for the same children."""

    adults: tuple[Adult, ...]
    children: tuple[Child, ...]


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works at a school; ``post`` is None for those who give no lessons."""

    name: FullName
    gender: Gender
    age: int
    school: str
    post: tuple[str, int] | None
    registrar: bool = False
    administrator: bool = False
    snils: str | None = None
    credentials: tuple[str, str] | None = None
    esia: Esia = Esia()
    notes: Notes | None = None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom ESIA knows and no school does."""

    name: FullName
    gender: Gender
    age: int
    snils: str
    esia: Esia
    notes: Notes
