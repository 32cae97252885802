"""People of the register, and why they were refused, as an office reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.register_pb2 import Refusal, RefusalCount, RegisteredPerson
from services.gateway.pages.frame import ROLE_KEYS
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown, moment

REFUSALS: Final = frozenset(
    {
        "NAME_DIFFERS",
        "BIRTH_DATE_DIFFERS",
        "SNILS_DIFFERS",
        "SEVERAL_REGISTERED",
        "SNILS_UNKNOWN",
        "BOUND_TO_ANOTHER_PROFILE",
        "PROFILE_BOUND_ELSEWHERE",
        "LEVEL_TOO_LOW",
        "ACCOUNT_BLOCKED",
        "PERSON_LEFT",
        "ACCOUNT_NOT_ACTIVATED",
        "REGION_DIFFERS",
        "NO_SNILS",
    }
)
"""Machine reasons with words of their own: ``refusal.<reason>`` and ``.step``."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody in the register."""

    person_id: str
    name: str
    born: str
    snils: str
    disputed: bool
    roles: tuple[str, ...]
    schools: str
    bound: bool
    blocked: bool
    school_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A search and what it brought; shows nothing of it when printed."""

    words: str = field(default="", repr=False)
    people: tuple[PersonLine, ...] | None = field(default=None, repr=False)
    """None while nothing was searched for."""
    next_page_token: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """A refusal at the door."""

    at: datetime
    key: str
    """``.step`` says what the registrar can do."""
    parts: tuple[str, ...]
    """Keys of the words for what it was about."""
    reason: str


@dataclass(frozen=True, slots=True)
class CountLine:
    """Refusals of one day for one reason."""

    key: str
    reason: str
    count: int


_PARTS: Final = {
    "surname": "fixes.field.surname",
    "given_name": "fixes.field.given_name",
    "patronymic": "fixes.field.patronymic",
    "alphabet": "refusal.alphabet",
}


def person_line(person: RegisteredPerson) -> PersonLine:
    """Somebody in the register."""
    held = set(person.roles)
    return PersonLine(
        person_id=person.person_id,
        name=full_name(person.name),
        born=date_shown(person.birth_date),
        snils=person.snils_masked,
        disputed=person.snils_disputed,
        roles=tuple(key for role, key in ROLE_KEYS.items() if role in held),
        schools=", ".join(person.schools),
        bound=person.esia_bound,
        blocked=person.account_blocked,
        school_ids=tuple(person.school_ids),
    )


def refusal_lines(refusals: Iterable[Refusal], zone: ZoneInfo) -> tuple[tuple[date, list[RefusalLine]], ...]:
    """The refusals by day, in the order given."""
    lines = (
        RefusalLine(
            at=moment(each.at, zone),
            key=_key(each.reason),
            parts=tuple(_PARTS[detail] for detail in each.details if detail in _PARTS),
            reason=each.reason,
        )
        for each in refusals
    )
    return tuple((day, list(group)) for day, group in groupby(lines, key=lambda line: line.at.date()))


def count_lines(counts: Iterable[RefusalCount]) -> tuple[tuple[date, list[CountLine]], ...]:
    """The counts by day, in the order given."""
    return tuple(
        (
            date.fromisoformat(day),
            [CountLine(_key(each.reason), each.reason, each.count) for each in group],
        )
        for day, group in groupby(counts, key=lambda each: each.day)
    )


def _key(reason: str) -> str:
    return f"refusal.{reason}" if reason in REFUSALS else "refusal.OTHER"
