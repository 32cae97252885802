"""What a demo region consists of: plain facts, no behaviour beyond reading them.

Instants are aware UTC; dates and lesson times are those of the school's zone. SNILS is eleven digits
without separators. Everything is frozen: a world is built once and only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person is in the region; the names of `school.access.v1.Role` without their prefix."""

    PUPIL = "PUPIL"
    GUARDIAN = "GUARDIAN"
    TEACHER = "TEACHER"
    REGISTRAR = "REGISTRAR"
    SCHOOL_ADMINISTRATOR = "SCHOOL_ADMINISTRATOR"


class RelationKind(StrEnum):
    """In what capacity someone stands for a pupil; the names of `school.identity.v1.RelationKind`."""

    PARENT = "PARENT"
    REPRESENTATIVE = "REPRESENTATIVE"


class Gender(StrEnum):
    """As ESIA writes it."""

    MALE = "M"
    FEMALE = "F"


class Level(StrEnum):
    """How far ESIA has assured itself of a person (R5, R6)."""

    SIMPLIFIED = "simplified"
    STANDARD = "standard"
    CONFIRMED = "confirmed"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Region:
    """The region: its code in the directory and its name."""

    code: str
    title_ru: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Term:
    """A period that ends with final marks, for some grades of a school; both dates belong to it."""

    id: UUID
    school_id: UUID
    title: str
    grades: frozenset[int]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days without lessons for some grades of a school; both dates belong to it."""

    id: UUID
    school_id: UUID
    title: str
    grades: frozenset[int]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Bell:
    """When a lesson with this number begins and ends."""

    number: int
    starts_at: time
    ends_at: time


@dataclass(frozen=True, slots=True)
class BellSchedule:
    """The bells of some weekdays (Monday is 0) for some grades of one shift."""

    shift: int
    weekdays: frozenset[int]
    grades: frozenset[int]
    bells: tuple[Bell, ...]


@dataclass(frozen=True, slots=True)
class School:
    """A school; ``code`` is unique in the region and reads well in a login."""

    id: UUID
    code: str
    title: str
    full_title: str
    zone: str
    bells: tuple[BellSchedule, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject as one school names it; ``code`` is the same in every school."""

    id: UUID
    school_id: UUID
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class WorkType:
    """What the marks of a lesson are for, and how heavily they count in the mean."""

    code: str
    title: str
    weight: int


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """A class of the present school year."""

    id: UUID
    school_id: UUID
    grade: int
    letter: str
    shift: int
    homeroom_teacher_id: UUID
    room: str

    @property
    def title(self) -> str:
        """As people say it: "7Б"."""
        return f"{self.grade}{self.letter}"


@dataclass(frozen=True, slots=True)
class FullName:
    """A name from the documents; the patronymic is empty when there is none."""

    surname: str
    given_name: str
    patronymic: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.surname, self.given_name, self.patronymic) if part)


@dataclass(frozen=True, slots=True)
class Place:
    """What a person is at one school."""

    school_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom at least one school has registered."""

    id: UUID
    name: FullName
    gender: Gender
    birth_date: date
    snils: str | None
    places: tuple[Place, ...]  # at least one

    @property
    def roles(self) -> frozenset[Role]:
        """What the person is, wherever they are it."""
        return frozenset(place.role for place in self.places)


@dataclass(frozen=True, slots=True)
class Membership:
    """A pupil's place in a class, from its first day on."""

    class_id: UUID
    pupil_id: UUID
    since: date


@dataclass(frozen=True, slots=True)
class Relation:
    """A guardian stands for a pupil."""

    id: UUID
    guardian_id: UUID
    pupil_id: UUID
    school_id: UUID  # the school that registered it
    kind: RelationKind
    valid_from: date
    valid_until: date  # the last day of the pupil's childhood


@dataclass(frozen=True, slots=True)
class Credentials:
    """A school-issued login with its password; only the cast has any."""

    person_id: UUID
    login: str
    password: str
    temporary: bool = False
    """Whether the password is the slip's, to be replaced by activation."""


@dataclass(frozen=True, slots=True)
class TimetableEntry:
    """One cell of the weekly timetable: a class in one lesson of a weekday (Monday is 0)."""

    class_id: UUID
    weekday: int
    number: int
    subject_id: UUID
    teacher_id: UUID
    room: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson on a date."""

    id: UUID
    school_id: UUID
    class_id: UUID
    subject_id: UUID
    teacher_id: UUID
    date: date
    number: int
    starts_at: time
    ends_at: time
    room: str
    topic: str
    work_type: str  # the `WorkType` code of what its marks are for


@dataclass(frozen=True, slots=True)
class Homework:
    """What is to be done for a lesson, set at the lesson before it."""

    lesson_id: UUID
    school_id: UUID
    class_id: UUID
    lesson_date: date
    text: str
    set_by: UUID
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """A pupil's mark on a lesson; the lesson says for what work."""

    id: UUID
    school_id: UUID
    lesson_id: UUID
    lesson_date: date
    pupil_id: UUID
    text: str
    comment: str
    set_by: UUID
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """What a teacher wrote about a pupil on a lesson."""

    id: UUID
    school_id: UUID
    lesson_id: UUID
    lesson_date: date
    pupil_id: UUID
    text: str
    left_by: UUID
    left_at: datetime


@dataclass(frozen=True, slots=True)
class EsiaAccount:
    """How ESIA knows somebody; may differ from what the school wrote, or be unknown to any school."""

    oid: int
    login: str
    password: str
    name: FullName
    gender: Gender
    birth_date: date
    snils: str | None
    level: Level
    email: str | None
    mobile: str | None
    kids: tuple[UUID, ...]  # the children ESIA has on record, as persons of this world
    person_id: UUID | None  # whom the account belongs to; None for a stranger


@dataclass(frozen=True, slots=True)
class CastMember:
    """Somebody worth signing in as, and what they show."""

    role: str
    name: FullName
    person_id: UUID | None
    esia_login: str | None
    note_ru: str
    note_en: str


@dataclass(frozen=True, slots=True)
class Showcase:
    """Where a walk through the product finds something to look at.

    ``day`` is the last day with lessons not after today, for there are none on a Sunday or in summer.
    On ``lesson_id`` the pupil has no mark yet and the cast's teacher may set one.
    """

    day: date
    pupil_id: UUID
    teacher_id: UUID
    lesson_id: UUID


@dataclass(frozen=True, slots=True)
class World:
    """A whole demo region."""

    seed: int
    today: date
    region: Region
    schools: tuple[School, ...]
    terms: tuple[Term, ...]
    holidays: tuple[Holiday, ...]
    subjects: tuple[Subject, ...]
    work_types: tuple[WorkType, ...]
    classes: tuple[SchoolClass, ...]
    people: tuple[Person, ...]
    memberships: tuple[Membership, ...]
    relations: tuple[Relation, ...]
    credentials: tuple[Credentials, ...]
    timetable: tuple[TimetableEntry, ...]
    lessons: tuple[Lesson, ...]
    homework: tuple[Homework, ...]
    marks: tuple[Mark, ...]
    remarks: tuple[Remark, ...]
    esia: tuple[EsiaAccount, ...]
    featured: tuple[CastMember, ...]
    showcase: Showcase

    def cast(self, role: str) -> CastMember:
        """The cast member with this role. Raises `KeyError` when there is none."""
        for member in self.featured:
            if member.role == role:
                return member
        raise KeyError(role)
