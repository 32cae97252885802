"""What has to be settled, as an office reads it: who, what differs, and how it may end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.cases_pb2 import Case, CaseKind, CasePerson, CaseResolution
from services.gateway.pages.disagreements import KINDS
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown, moment
from services.gateway.pages.school.failure import NO_FAILURE, Failure

DONE: Final = {
    "accepted": "cases.accepted",
    "kept": "cases.kept",
    "number": "cases.number_settled",
    "unbound": "cases.unbound",
}
"""What was just done, as the address names it, and how the page says it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One field on both sides."""

    key: str
    registered: str
    said: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Claimant:
    """Somebody whom a case is about."""

    person_id: str
    name: str
    """Empty: a person of another school."""
    born: str
    snils: str
    schools: str
    may_keep: bool
    registered: datetime | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case that waits."""

    case_id: str
    key: str
    title: str
    """The person's name; empty when several are meant."""
    people: tuple[Claimant, ...]
    compared: tuple[Compared, ...]
    opened: datetime
    last: datetime
    due: datetime
    asked: datetime | None
    overdue: bool
    accept: bool
    keep: bool
    unbind: bool
    number: bool
    """Whether somebody may be let keep the SNILS."""
    failure: Failure

    @property
    def again(self) -> bool:
        """Whether it was noticed on a later day once more."""
        return self.last.date() > self.opened.date()

    @property
    def several(self) -> bool:
        """Whether it is about one SNILS of several persons."""
        return self.key == KINDS[CaseKind.CASE_KIND_SEVERAL_REGISTERED]


def case_views(
    cases: Iterable[Case], zone: ZoneInfo, now: datetime, failure: Failure = NO_FAILURE
) -> tuple[CaseView, ...]:
    """The cases in the order given; those of a kind that this page does not know are left to a newer one."""
    return tuple(_case(each, zone, now, failure.at(each.case_id)) for each in cases if each.kind in KINDS)


def _case(case: Case, zone: ZoneInfo, now: datetime, failure: Failure) -> CaseView:
    offered = set(case.resolutions)
    people = tuple(_claimant(each, zone) for each in case.people)
    return CaseView(
        case_id=case.case_id,
        key=KINDS[case.kind],
        title=people[0].name if len(people) == 1 else "",
        people=people,
        compared=_compared(case) if len(people) == 1 and case.HasField("profile") else (),
        opened=moment(case.opened_at, zone),
        last=moment(case.last_at, zone),
        due=moment(case.due_at, zone),
        asked=moment(case.asked_at, zone) if case.HasField("asked_at") else None,
        overdue=case.due_at.ToSeconds() < now.timestamp(),
        accept=CaseResolution.CASE_RESOLUTION_ACCEPT_ESIA in offered,
        keep=CaseResolution.CASE_RESOLUTION_KEEP_REGISTER in offered,
        unbind=CaseResolution.CASE_RESOLUTION_UNBIND in offered,
        number=CaseResolution.CASE_RESOLUTION_KEEPS_SNILS in offered,
        failure=failure,
    )


def _claimant(person: CasePerson, zone: ZoneInfo) -> Claimant:
    return Claimant(
        person_id=person.person_id,
        name=full_name(person.name),
        born=date_shown(person.birth_date),
        snils=person.snils_masked,
        schools=", ".join(person.schools),
        may_keep=person.may_keep_snils,
        registered=moment(person.registered_at, zone) if person.HasField("registered_at") else None,
    )


def _compared(case: Case) -> tuple[Compared, ...]:
    """Both sides, field by field; what neither knows is left out."""
    person, profile = case.people[0], case.profile
    sides = (
        ("fixes.field.surname", person.name.surname, profile.name.surname),
        ("fixes.field.given_name", person.name.given_name, profile.name.given_name),
        ("fixes.field.patronymic", person.name.patronymic, profile.name.patronymic),
        ("fixes.field.birth_date", date_shown(person.birth_date), date_shown(profile.birth_date)),
        ("fixes.field.snils", person.snils_masked, profile.snils_masked),
    )
    return tuple(
        Compared(key, registered, said, _folded(registered) != _folded(said))
        for key, registered, said in sides
        if registered or said
    )


def _folded(text: str) -> str:
    """As it is compared at entering: case, ё and е make no difference."""
    return text.casefold().replace("ё", "е")
