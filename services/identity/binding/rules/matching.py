"""Whether an ESIA profile is a person whom the school has registered: an explained verdict, never a guess.

The rule of the sources (R21): exactly one registered person has the profile's SNILS, all eleven digits of
it, and the full names agree. A birth date that both sides know is a second witness: disagreeing, it
refuses. A patronymic on which one side is silent is forgiven only if that witness agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.identity.binding.rules.assurance import Level
from services.identity.binding.rules.names import Likeness, NamePart, compare
from services.identity.cases.rules import Said
from services.identity.corrections.rules import Data
from services.identity.people.rules import FullName, Snils


@dataclass(frozen=True, slots=True)
class Profile:
    """What ESIA says about a person."""

    subject: str  # the oid
    name: FullName
    birth_date: date | None
    snils: Snils | None
    level: Level
    closed: bool = False
    """ESIA no longer counts it as registered: left, or merged into another one."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the school says about a person."""

    person_id: UUID
    name: FullName
    birth_date: date
    snils: Snils | None
    snils_disputed: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """The profile is this person."""

    person: Registered


@dataclass(frozen=True, slots=True)
class NoSnils:
    """ESIA has no SNILS: the diary's own login and password must show who it is (R22)."""


@dataclass(frozen=True, slots=True)
class SnilsUnknown:
    """No registered person has the profile's SNILS."""


@dataclass(frozen=True, slots=True)
class SeveralRegistered:
    """More than one registered person claims the SNILS (A12, A32)."""

    person_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SnilsDiffers:
    """The profile has another SNILS than the person: somebody else's Gosuslugi (A11)."""

    person: Registered


@dataclass(frozen=True, slots=True)
class NameDiffers:
    """The SNILS agrees, the name does not."""

    person: Registered
    part: NamePart


@dataclass(frozen=True, slots=True)
class BirthDateDiffers:
    """SNILS and name agree, the birth date does not."""

    person: Registered


Verdict: TypeAlias = (
    Agreed | NoSnils | SnilsUnknown | SeveralRegistered | SnilsDiffers | NameDiffers | BirthDateDiffers
)


def by_snils(profile: Profile, candidates: Sequence[Registered]) -> Verdict:
    """The verdict on a profile seen for the first time.

    Args:
        profile: from ESIA.
        candidates: every registered person who may have its SNILS; others among them do no harm.
    """
    if profile.snils is None:
        return NoSnils()
    same = [person for person in candidates if person.snils == profile.snils]
    if not same:
        return SnilsUnknown()
    if len(same) > 1 or same[0].snils_disputed:
        return SeveralRegistered(tuple(person.person_id for person in same))
    return _by_name(profile, same[0])


def by_password(profile: Profile, person: Registered) -> Verdict:
    """The verdict on a profile whose owner has shown the login and password of ``person`` (R22, A11)."""
    if profile.snils is not None and profile.snils != person.snils:
        return SnilsDiffers(person)
    return _by_name(profile, person)


def may_be_a_mistake(profile: Profile, verdict: Verdict) -> bool:
    """Whether what a password has shown to differ may be settled by comparing papers.

    Without a SNILS that agrees only the birth date speaks for one human being under two names. A parent who
    types the child's login is two human beings: taking over what ESIA says would rename the child (A11).
    """
    return isinstance(verdict, NameDiffers) and profile.birth_date == verdict.person.birth_date


def again(profile: Profile, person: Registered) -> Agreed | SnilsDiffers:
    """The verdict on a profile that is bound to ``person`` already.

    After binding issuer and oid are the key (A14): a new surname changes nothing here. Another SNILS
    does, for it shows that the profile never was this person's, as after a binding by password.
    """
    if None not in (profile.snils, person.snils) and profile.snils != person.snils:
        return SnilsDiffers(person)
    return Agreed(person)


def agrees(said: Said, data: Data) -> bool:
    """Whether a profile that once was refused would be bound to the person now, by name and birth date."""
    likeness = compare(said.name, data.name)
    if isinstance(likeness, NamePart):
        return False
    if said.birth_date is None:
        return likeness is Likeness.SAME
    return said.birth_date == data.birth_date


def _by_name(profile: Profile, person: Registered) -> Verdict:
    likeness = compare(profile.name, person.name)
    if isinstance(likeness, NamePart):
        return NameDiffers(person, likeness)
    if profile.birth_date is None:
        if likeness is Likeness.SILENT_ON_PATRONYMIC:
            return NameDiffers(person, NamePart.PATRONYMIC)
    elif profile.birth_date != person.birth_date:
        return BirthDateDiffers(person)
    return Agreed(person)
