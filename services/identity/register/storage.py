"""The register, as it is looked into; who was refused, as the audit tells."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import TSQUERY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.keyring import Keyring, Sealed
from services.identity.people.rules import FullName, Role, Snils
from services.identity.people.storage import NAME_WORDS, WHOLE_REGION, people, person_roles, roles_of_person
from services.identity.register.rules import MOST_REFUSALS, Refusal, Span, Words
from services.identity.schools.storage import schools
from services.kit.ids import id_at
from services.kit.paging import BadPageToken
from services.kit.tables import audit

_REFUSED: Final = "refuse_binding"
_TITLES: Final = (
    select(func.array_agg(aggregate_order_by(schools.c.title.distinct(), schools.c.title)))
    .join_from(person_roles, schools, schools.c.school_id == person_roles.c.school_id)
    .where(person_roles.c.person_id == people.c.id)
    .scalar_subquery()
)
_SCHOOL_IDS: Final = (
    select(func.array_agg(person_roles.c.school_id.distinct()))
    .where(person_roles.c.person_id == people.c.id, person_roles.c.school_id != WHOLE_REGION)
    .scalar_subquery()
)
_BLOCKED: Final = (
    select(literal(1))
    .where(accounts.c.person_id == people.c.id, accounts.c.state == AccountState.BLOCKED)
    .correlate(people)
    .exists()
)
_BOUND: Final = (
    select(literal(1))
    .join_from(accounts, bindings, bindings.c.account_id == accounts.c.id)
    .where(accounts.c.person_id == people.c.id, bindings.c.ended_at.is_(None))
    .correlate(people)
    .exists()
)
_PEOPLE: Final = select(
    people.c.id,
    people.c.surname,
    people.c.given_name,
    people.c.patronymic,
    people.c.birth_date,
    people.c.snils_box,
    people.c.snils_box_key,
    people.c.snils_disputed,
    roles_of_person.label("roles"),
    _TITLES.label("schools"),
    _SCHOOL_IDS.label("school_ids"),
    _BOUND.label("bound"),
    _BLOCKED.label("blocked"),
)
_IN_ORDER: Final = (people.c.surname, people.c.given_name, people.c.patronymic, people.c.id)


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in the register."""

    person_id: UUID
    name: FullName
    birth_date: date
    snils: Snils | None
    snils_disputed: bool
    roles: frozenset[Role]
    schools: tuple[str, ...]
    """Titles."""
    school_ids: tuple[UUID, ...]
    bound: bool
    blocked: bool


async def search(
    connection: AsyncConnection,
    keyring: Keyring,
    words: Words,
    *,
    school_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Listed]:
    """People of a school, None: of the region, by name; ``after``: the last one shown.

    Raises:
        BadPageToken: this search shows nobody like that. From whom else it began would tell how the name of
            a stranger compares.
    """
    beginnings = " & ".join(f"'{word}':*" for word in words.beginnings)
    query = _PEOPLE.where(NAME_WORDS.op("@@")(cast(beginnings, TSQUERY)))
    if school_id is not None:
        query = query.where(people.c.id.in_(_people_of(school_id)))
    if after is not None:
        last = (
            await connection.execute(query.with_only_columns(*_IN_ORDER).where(people.c.id == after))
        ).first()
        if last is None:
            raise BadPageToken
        query = query.where(tuple_(*_IN_ORDER) > tuple_(*map(literal, last)))
    found = await connection.execute(query.order_by(*_IN_ORDER).limit(limit))
    return [_listed(row, keyring) for row in found]


async def one(connection: AsyncConnection, keyring: Keyring, person_id: UUID) -> Listed | None:
    """Somebody in the register."""
    row = (await connection.execute(_PEOPLE.where(people.c.id == person_id))).first()
    return None if row is None else _listed(row, keyring)


async def schools_of(connection: AsyncConnection, person_id: UUID) -> list[UUID]:
    """Where the person is something."""
    found = await connection.scalars(
        select(person_roles.c.school_id).distinct().where(person_roles.c.person_id == person_id)
    )
    return list(found)


async def registers_somewhere(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether the person is a registrar of any school."""
    found = await connection.execute(
        select(literal(1))
        .where(person_roles.c.person_id == person_id, person_roles.c.role == Role.REGISTRAR)
        .limit(1)
    )
    return found.first() is not None


async def refusals_of(connection: AsyncConnection, person_id: UUID, span: Span) -> list[Refusal]:
    """Why the person was refused, the latest first."""
    found = await connection.execute(
        select(audit.c.at, audit.c.why)
        .where(audit.c.subject == person_id, audit.c.action == _REFUSED, *_within(span))
        .order_by(audit.c.id.desc())
        .limit(MOST_REFUSALS)
    )
    refusals = []
    for row in found:
        reason, *details = (row.why or "").split(":")
        refusals.append(Refusal(row.at, reason, tuple(details)))
    return refusals


async def unknown_refusals(
    connection: AsyncConnection, span: Span, zone: ZoneInfo
) -> list[tuple[date, str, int]]:
    """Refusals of profiles that are no single person's here: day, reason and count, the latest day first."""
    day = cast(func.timezone(zone.key, audit.c.at), Date)
    reason = func.split_part(audit.c.why, ":", 1)
    found = await connection.execute(
        select(day.label("day"), reason.label("reason"), func.count().label("times"))
        .where(audit.c.object_kind == "esia_profile", audit.c.action == _REFUSED, *_within(span))
        .group_by(day, reason)
        .order_by(day.desc(), func.count().desc(), reason)
    )
    return [(row.day, row.reason, row.times) for row in found]


def _people_of(school_id: UUID) -> Select[Any]:
    return select(person_roles.c.person_id).where(person_roles.c.school_id == school_id)


def _within(span: Span) -> Collection[Any]:
    """Entries of a span: their ids grow with time, and every index of the audit ends with them.

    A millisecond around it belongs to the neighbours; the instants themselves are compared as well.
    """
    return (
        audit.c.id >= _least(id_at(span.begin)),
        audit.c.id <= _greatest(id_at(span.end)),
        audit.c.at >= span.begin,
        audit.c.at < span.end,
    )


def _least(identifier: UUID) -> UUID:
    return UUID(int=identifier.int >> 80 << 80)


def _greatest(identifier: UUID) -> UUID:
    return UUID(int=(identifier.int >> 80 << 80) | ((1 << 80) - 1))


def _listed(row: Any, keyring: Keyring) -> Listed:
    snils = None
    if row.snils_box is not None:
        sealed = Sealed(row.snils_box, row.snils_box_key)
        snils = Snils(keyring.open(sealed, context=f"snils of {row.id}"))
    return Listed(
        row.id,
        FullName(row.surname, row.given_name, row.patronymic),
        row.birth_date,
        snils,
        row.snils_disputed,
        frozenset(Role(role) for role in row.roles or ()),
        tuple(row.schools or ()),
        tuple(row.school_ids or ()),
        row.bound,
        row.blocked,
    )
