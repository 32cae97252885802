"""What a person's name and SNILS may be, and what a person may be here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.kit.errors import DomainError, StatusCode

# Up to this number the check digits follow no rule (the Pension Fund began to compute them after it).
_LAST_UNCHECKED_NUMBER = 1_001_998
# ESIA's own test persons: their check digits need not hold.
_TEST_NUMBER = 600

_LONGEST_NAME = 100
# What may stand between the letters of a name: "Петрова-Водкина", "д'Артаньян", "Мамед оглы".
JOINTS = frozenset(
    "-\u2010\u2011\u2012\u2013\u2014\u2212 \u00a0\u202f'\u2018\u2019\u02b9\u02bb\u02bc\u2032`\u00b4"
)
_SEPARATORS = re.compile(r"[\s\-\u2010\u2011\u2013]+")


class Role(StrEnum):
    """What a person is in the region: the names of `school.access.v1.Role` without their prefix."""

    PUPIL = "PUPIL"
    GUARDIAN = "GUARDIAN"
    TEACHER = "TEACHER"
    REGISTRAR = "REGISTRAR"
    SCHOOL_ADMINISTRATOR = "SCHOOL_ADMINISTRATOR"
    AUTHORITY = "AUTHORITY"
    OPERATOR = "OPERATOR"


# The roles a school's registrar can give; staff rights come from elsewhere.
REGISTRABLE = frozenset({Role.PUPIL, Role.GUARDIAN, Role.TEACHER})


class PersonStatus(StrEnum):
    """Whether a person takes part in the region's school life."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LEFT = "left"


class Gender(StrEnum):
    """As documents have it."""

    MALE = "M"
    FEMALE = "F"


class BadName(DomainError):
    """A name is empty, too long, or mixes alphabets; the metadata names the part."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_NAME"
    title = "A name is empty or cannot be a name"


class BadSnils(DomainError):
    """Not eleven digits, or the check digits disagree."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_SNILS"
    title = "The SNILS has a mistake in it"


class BadRoles(DomainError):
    """A registrar registers pupils, guardians and teachers, at least one of these."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_ROLES"
    title = "A school registers pupils, guardians and teachers"


class BadField(DomainError):
    """A field that cannot be filled like that, or not by this caller; the metadata names it."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_FIELD"
    title = "This field cannot be filled like that"


class BadBirthDate(DomainError):
    """The birth date is in the future or too long ago."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "BAD_BIRTH_DATE"
    title = "Nobody alive has this birth date"


class SnilsTaken(DomainError):
    """Another person of the region is registered with this SNILS."""

    status = StatusCode.ALREADY_EXISTS
    reason = "SNILS_TAKEN"
    title = "Another person is registered with this SNILS"


class NotTheirSchool(DomainError):
    """The caller is no registrar of this school, or the object belongs to another one."""

    status = StatusCode.PERMISSION_DENIED
    reason = "NOT_THEIR_SCHOOL"
    title = "This belongs to another school"


class UnknownPerson(DomainError):
    """Nobody of the region has this id."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_PERSON"
    title = "There is no such person"


class MixedAlphabets(ValueError):
    """A name holds letters of two alphabets, or a letter that is neither Cyrillic nor Latin (A13)."""


def alphabet_of(text: str) -> str | None:
    """``"CYRILLIC"`` or ``"LATIN"``, None without letters. Raises `MixedAlphabets` for anything else."""
    found: str | None = None
    for letter in text:
        # The modifier apostrophe counts as a letter in Unicode, and joins names here.
        if not letter.isalpha() or letter in JOINTS:
            continue
        alphabet = unicodedata.name(letter, "").partition(" ")[0]
        if alphabet not in {"CYRILLIC", "LATIN"} or (found is not None and found != alphabet):
            raise MixedAlphabets
        found = alphabet
    return found


@dataclass(frozen=True, slots=True)
class FullName:
    """A full name as documents have it; the patronymic is empty when the person has none.

    Printed, it keeps its secret: names reach logs only by mistake, and then as ``***``.
    """

    surname: str
    given_name: str
    patronymic: str = ""

    @classmethod
    def registered(cls, surname: str, given_name: str, patronymic: str) -> FullName:
        """A name to be registered, with tidy spaces, in composed letters. Raises `BadName`."""
        name = cls(*(_tidy(part) for part in (surname, given_name, patronymic)))
        for part, text in (
            ("surname", name.surname),
            ("given_name", name.given_name),
            ("patronymic", name.patronymic),
        ):
            if not _can_be_a_name(text) and (text or part != "patronymic"):
                raise BadName(part=part)
        try:
            alphabet_of(name.surname + name.given_name + name.patronymic)
        except MixedAlphabets:
            raise BadName(part="alphabet") from None
        return name

    @property
    def display(self) -> str:
        """The name to show beside the person's deeds: "Иванова Анна Петровна"."""
        return " ".join(part for part in (self.surname, self.given_name, self.patronymic) if part)

    def __repr__(self) -> str:
        return "FullName(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Snils:
    """A SNILS: eleven digits, compared as such."""

    digits: str

    @classmethod
    def parse(cls, text: str, *, allow_test_range: bool) -> Snils:
        """Read a SNILS in any spelling: ``XXX-XXX-XXX YY`` or bare digits.

        The last two digits are Σ digit·(9…1) mod 101, 100 counting as 0, for numbers above 001-001-998.

        Args:
            text: what was written.
            allow_test_range: accept 000-000-600 NN, the persons of ESIA's test contour.

        Raises:
            BadSnils: it cannot be one.
        """
        digits = _SEPARATORS.sub("", text)
        if len(digits) != 11 or not digits.isascii() or not digits.isdigit():
            raise BadSnils
        number, check = int(digits[:9]), int(digits[9:])
        if number == 0 or (number == _TEST_NUMBER and not allow_test_range):
            raise BadSnils
        if number > _LAST_UNCHECKED_NUMBER:
            total = sum(int(digit) * (9 - place) for place, digit in enumerate(digits[:9]))
            if total % 101 % 100 != check:
                raise BadSnils
        return cls(digits)

    @property
    def masked(self) -> str:
        """What its owner knows it by, and nobody else: ``***-***-*12 34``."""
        return f"***-***-*{self.digits[7:9]} {self.digits[9:]}"

    def __repr__(self) -> str:
        return "Snils(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a school has registered, as they see themselves."""

    id: UUID
    name: FullName
    roles: frozenset[Role]


def require_registrable(roles: frozenset[Role]) -> None:
    """Raises `BadRoles` unless a registrar can give all of these, and there is one."""
    if not roles or not roles <= REGISTRABLE:
        raise BadRoles


def require_plausible(birth_date: date, *, today: date) -> None:
    """Raises `BadBirthDate` for a day to come, or one before any living person's."""
    if not 0 <= today.year - birth_date.year <= 125 or birth_date > today:
        raise BadBirthDate


def age_on(birth_date: date, today: date) -> int:
    """Full years; who was born on 29 February has the birthday on 1 March in common years."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)


def _tidy(part: str) -> str:
    return " ".join(unicodedata.normalize("NFC", part).split())


def _can_be_a_name(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_NAME
        and text[0].isalpha()
        and all(letter.isalpha() or letter in JOINTS for letter in text)
    )
