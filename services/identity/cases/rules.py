"""A case: a profile and the register disagree, and the school has to settle which of them is right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as hidden
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName, Snils

KEPT_OPEN: Final = timedelta(days=90)
"""What nobody asked about and ESIA brought up no more for so long is closed, and what ESIA said forgotten."""
KEPT_CLOSED: Final = timedelta(days=365)
"""That there was a case, and what became of it, can be read for so long; what ESIA said cannot."""


class Kind(StrEnum):
    """What is to be settled: the names of `school.identity.v1.CaseKind` without their prefix.

    Most are called as the refusal by which they were noticed.
    """

    NAME_DIFFERS = "NAME_DIFFERS"
    BIRTH_DATE_DIFFERS = "BIRTH_DATE_DIFFERS"
    SNILS_DIFFERS = "SNILS_DIFFERS"
    SEVERAL_REGISTERED = "SEVERAL_REGISTERED"
    BOUND_TO_ANOTHER_PROFILE = "BOUND_TO_ANOTHER_PROFILE"
    PROFILE_BOUND_ELSEWHERE = "PROFILE_BOUND_ELSEWHERE"
    NAME_CHANGED = "NAME_CHANGED"
    PROFILE_CLOSED = "PROFILE_CLOSED"


class State(StrEnum):
    """What became of a case: the names of `school.identity.v1.CaseState` without their prefix."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    LAPSED = "LAPSED"


class Resolution(StrEnum):
    """How a case ended: the names of `school.identity.v1.CaseResolution` without their prefix."""

    ACCEPT_ESIA = "ACCEPT_ESIA"
    KEEP_REGISTER = "KEEP_REGISTER"
    KEEPS_SNILS = "KEEPS_SNILS"
    # By themselves: the two agree again, or nobody came back.
    AGREED = "AGREED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Said:
    """What ESIA said of a person; shows nothing of it when printed."""

    subject: str = hidden(repr=False)
    """The profile."""
    name: FullName
    birth_date: date | None = hidden(default=None, repr=False)
    snils: Snils | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case, at one moment."""

    id: UUID
    kind: Kind
    person_ids: tuple[UUID, ...]
    """Whom it is about; more than one when they claim the same SNILS."""
    school_ids: frozenset[UUID]
    """Whose registrars it waits for."""
    detail: str
    """The part of a name that differs; else empty."""
    opened_at: datetime
    last_at: datetime
    """When it was noticed last."""
    due_at: datetime
    said: Said | None = hidden(default=None, repr=False)
    state: State = State.OPEN
    resolution: Resolution | None = None
    reason: str = hidden(default="", repr=False)
    closed_at: datetime | None = None
    closed_by: UUID | None = None


NOTICED_BY: Final[Mapping[str, Kind]] = {
    kind.value: kind for kind in Kind if kind not in {Kind.NAME_CHANGED, Kind.PROFILE_CLOSED}
}
"""The kind of a case by the machine reason of the refusal that shows it."""


def key_of(kind: Kind, person_ids: Iterable[UUID], profile: bytes) -> bytes:
    """What two notices of one case have in common; ``profile``: its keyed digest, empty for none."""
    persons = "".join(sorted(str(person_id) for person_id in person_ids))
    return hashlib.sha256(f"{kind}\0{persons}\0".encode() + profile).digest()
