"""A case: a profile and the register disagree, and the school has to settle which of them is right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as hidden
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.corrections.rules import Data
from services.identity.people.rules import BadField, BadName, FullName, Snils, require_plausible
from services.kit.errors import DomainError, StatusCode

NEWS_LIFE: Final = timedelta(days=7)
"""What became of a case is told for so long, if it cannot be told at once."""
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
    SNILS_UNREGISTERED = "SNILS_UNREGISTERED"


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
    UNBIND = "UNBIND"
    # By themselves: the two agree again, or nobody came back.
    AGREED = "AGREED"
    EXPIRED = "EXPIRED"


_EITHER_WAY: Final = frozenset({Resolution.ACCEPT_ESIA, Resolution.KEEP_REGISTER})
_KEEP: Final = frozenset({Resolution.KEEP_REGISTER})
_UNBIND: Final = frozenset({Resolution.KEEP_REGISTER, Resolution.UNBIND})
FITTING: Final[Mapping[Kind, frozenset[Resolution]]] = {
    Kind.NAME_DIFFERS: _EITHER_WAY,
    Kind.BIRTH_DATE_DIFFERS: _EITHER_WAY,
    Kind.NAME_CHANGED: _EITHER_WAY,
    Kind.SNILS_UNREGISTERED: _EITHER_WAY,
    # Another number is another human being until papers say otherwise: that is a correction of the person's.
    Kind.SNILS_DIFFERS: _UNBIND,
    Kind.SEVERAL_REGISTERED: frozenset({Resolution.KEEPS_SNILS}),
    Kind.BOUND_TO_ANOTHER_PROFILE: _UNBIND,
    Kind.PROFILE_BOUND_ELSEWHERE: _KEEP,
    Kind.PROFILE_CLOSED: _UNBIND,
}
"""How an employee may end a case of each kind."""
ASKS_FOR_PROOF: Final = frozenset({Resolution.ACCEPT_ESIA, Resolution.KEEPS_SNILS, Resolution.UNBIND})
"""Of these the employee shows once more who they are: they let a profile in, or shut one out (A8)."""
ASKABLE: Final = frozenset({Kind.NAME_DIFFERS, Kind.BIRTH_DATE_DIFFERS})
"""Of these the refused person may ask the school to compare."""
GONE_ONCE_EQUAL: Final = frozenset(
    {Kind.NAME_DIFFERS, Kind.BIRTH_DATE_DIFFERS, Kind.NAME_CHANGED, Kind.SNILS_UNREGISTERED}
)
"""These end by themselves when the register agrees with what ESIA said."""


class UnknownCase(DomainError):
    """There is no such case, or none that the caller may see."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_CASE"
    title = "There is no such case"


class CaseClosed(DomainError):
    """Somebody else settled it, or its reason is gone."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CASE_CLOSED"
    title = "The case is closed already"


class ResolutionUnfit(DomainError):
    """Such a case cannot end like that."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "RESOLUTION_UNFIT"
    title = "Such a case cannot end like that"


class OtherSchoolDecides(DomainError):
    """The number would be taken from a person of another school: that school gives it up, or the operator."""

    status = StatusCode.PERMISSION_DENIED
    reason = "OTHER_SCHOOL_DECIDES"
    title = "The other school gives the number up, or the operator decides"


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
    asked_at: datetime | None = None
    """When the refused person asked the school to compare."""
    email: str = hidden(default="", repr=False)
    """Where they want to be told."""
    key: bytes = hidden(default=b"", repr=False)

    def require_fit(self, resolution: Resolution) -> None:
        """Raises `ResolutionUnfit` when an employee cannot end such a case like that."""
        if resolution not in FITTING[self.kind]:
            raise ResolutionUnfit

    def resolved(self, resolution: Resolution, *, by: UUID, at: datetime, reason: str = "") -> Case | None:
        """The case once it is settled; None when the same employee did so before.

        Raises:
            CaseClosed: it ended in another way, or by somebody else.
        """
        if self.state is State.OPEN:
            return replace(
                self,
                state=State.RESOLVED,
                resolution=resolution,
                reason=reason,
                closed_by=by,
                closed_at=at,
                said=None,
            )
        if self.resolution is resolution and self.closed_by == by:
            return None
        raise CaseClosed


def taken_over(case: Case, present: Data, *, today: date) -> Data:
    """What the register holds once it takes over what ESIA said.

    Where ESIA has no patronymic, the registered one stays, unless it is what they differ in.

    Raises:
        BadField: what ESIA said cannot be registered.
        ResolutionUnfit: ESIA said nothing of it.
    """
    said = case.said
    if said is None:
        raise ResolutionUnfit
    if case.kind is Kind.SNILS_UNREGISTERED:
        if said.snils is None:
            raise ResolutionUnfit
        return replace(present, snils=said.snils)
    if case.kind is Kind.BIRTH_DATE_DIFFERS:
        if said.birth_date is None:
            raise ResolutionUnfit
        require_plausible(said.birth_date, today=today)
        return replace(present, birth_date=said.birth_date)
    patronymic = said.name.patronymic
    if not patronymic and case.detail != "patronymic":
        patronymic = present.name.patronymic
    try:
        name = FullName.registered(said.name.surname, said.name.given_name, patronymic)
    except BadName as bad:
        raise BadField(field=bad.metadata.get("part", "surname")) from None
    return replace(present, name=name)


NOTICED_BY: Final[Mapping[str, Kind]] = {
    kind.value: kind
    for kind in Kind
    if kind not in {Kind.NAME_CHANGED, Kind.PROFILE_CLOSED, Kind.SNILS_UNREGISTERED}
}
"""The kind of a case by the machine reason of the refusal that shows it."""


def key_of(kind: Kind, person_ids: Iterable[UUID], profile: bytes) -> bytes:
    """What two notices of one case have in common; ``profile``: its keyed digest, empty for none."""
    persons = "".join(sorted(str(person_id) for person_id in person_ids))
    return hashlib.sha256(f"{kind}\0{persons}\0".encode() + profile).digest()
