"""People as those see them who issue credentials: class, wards, roles and account, in four statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.families.rules.relations import (
    RelationKind,
)
from services.identity.families.storage import relations
from services.identity.families.storage.standing import holds_on as relation_holds_on
from services.identity.issuing.rules.people import AccountFacts, Block, Candidate, ClassPlace, Ward
from services.identity.issuing.storage.issues import credential_issues
from services.identity.people.rules import FullName, PersonStatus, Role
from services.identity.people.storage import people, person_roles
from services.identity.schools.storage import SchoolClass, classes_of_pupils, holds_on, memberships, schools

# Of one birth date at one school there are a few; a bound all the same.
_MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """How far a class is."""

    people: int = 0
    issued: int = 0
    active: int = 0


async def candidates(
    connection: AsyncConnection, school_id: UUID, person_ids: Collection[UUID], *, today: date
) -> dict[UUID, Candidate]:
    """The persons with these ids as the school sees them; who is nobody, or has no account, is not named."""
    if not person_ids:
        return {}
    ids = list(person_ids)
    places = await _places(connection, ids)
    standing = await _wards(connection, school_id, ids, today=today)
    pupils = {row.id for rows in standing.values() for row in rows}
    studies = await classes_of_pupils(connection, school_id, {*ids, *pupils}, today=today)
    rows = await connection.execute(
        select(
            people.c.id,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            people.c.birth_date,
            people.c.status,
            people.c.snils_index,
            people.c.snils_disputed,
            accounts.c.id.label("account_id"),
            accounts.c.login,
            accounts.c.state,
            accounts.c.blocking_school_id,
            schools.c.title.label("blocking_school"),
            accounts.c.temporary_until,
            accounts.c.activated_at,
            accounts.c.issued_count,
            _issued_by(school_id).label("issued_here"),
            _stands_outside(school_id, today).label("stands_outside"),
        )
        .join_from(people, accounts, accounts.c.person_id == people.c.id)
        .outerjoin(schools, schools.c.school_id == accounts.c.blocking_school_id)
        .where(people.c.id.in_(ids))
    )
    return {
        row.id: Candidate(
            row.id,
            _name(row),
            row.birth_date,
            _account(row),
            frozenset(places.get(row.id, ())),
            tuple(
                Ward(ward.id, _name(ward), RelationKind(ward.kind), _class_places(studies.get(ward.id, ())))
                for ward in standing.get(row.id, ())
            ),
            _class_places(studies.get(row.id, ())),
            row.stands_outside or any(place != school_id for place, _ in places.get(row.id, ())),
            None if row.snils_disputed else row.snils_index,
        )
        for row in rows
    }


async def find(
    connection: AsyncConnection,
    school_id: UUID,
    *,
    birth_dates: Iterable[date] = (),
    snils_digests: Iterable[bytes] = (),
    today: date,
) -> list[UUID]:
    """The persons of a school, or who stand for its pupils, with one of these birth dates or SNILS."""
    pupil = person_roles.alias("pupil")
    here = exists().where(person_roles.c.person_id == people.c.id, person_roles.c.school_id == school_id)
    stands = exists().where(
        relations.c.guardian_id == people.c.id,
        relation_holds_on(today),
        pupil.c.person_id == relations.c.pupil_id,
        pupil.c.school_id == school_id,
        pupil.c.role == Role.PUPIL,
    )
    found = await connection.execute(
        select(people.c.id)
        .where(
            or_(
                people.c.birth_date.in_(list(birth_dates)),
                and_(people.c.snils_index.in_(list(snils_digests)), people.c.snils_disputed.is_(False)),
            ),
            or_(here, stands),
        )
        .limit(_MOST_FOUND)
    )
    return list(found.scalars())


async def guardians(
    connection: AsyncConnection, pupil_ids: Collection[UUID], *, today: date
) -> dict[UUID, list[UUID]]:
    """Who stands for these pupils today."""
    found = await connection.execute(
        select(relations.c.pupil_id, relations.c.guardian_id)
        .where(relations.c.pupil_id.in_(list(pupil_ids)), relation_holds_on(today))
        .order_by(relations.c.pupil_id, relations.c.guardian_id)
    )
    standing: dict[UUID, list[UUID]] = {}
    for row in found:
        standing.setdefault(row.pupil_id, []).append(row.guardian_id)
    return standing


async def class_counts(
    connection: AsyncConnection, class_ids: Collection[UUID], *, today: date
) -> dict[UUID, ClassCounts]:
    """How many pupils and guardians each class has, how many of them have credentials, and active ones."""
    studying = (
        select(memberships.c.class_id, memberships.c.pupil_id)
        .where(memberships.c.class_id.in_(list(class_ids)), holds_on(today))
        .cte("studying")
    )
    belonging = union(
        select(studying.c.class_id, studying.c.pupil_id.label("person_id")),
        select(studying.c.class_id, relations.c.guardian_id)
        .join_from(studying, relations, relations.c.pupil_id == studying.c.pupil_id)
        .where(relation_holds_on(today)),
    ).subquery("belonging")
    is_open = accounts.c.state != AccountState.CLOSED
    issued = and_(is_open, or_(accounts.c.login.is_not(None), accounts.c.activated_at.is_not(None)))
    active = and_(is_open, accounts.c.activated_at.is_not(None))
    found = await connection.execute(
        select(
            belonging.c.class_id,
            func.count().label("people"),
            func.count().filter(issued).label("issued"),
            func.count().filter(active).label("active"),
        )
        .join_from(belonging, accounts, accounts.c.person_id == belonging.c.person_id)
        .group_by(belonging.c.class_id)
    )
    return {row.class_id: ClassCounts(row.people, row.issued, row.active) for row in found}


async def _places(connection: AsyncConnection, ids: list[UUID]) -> dict[UUID, list[tuple[UUID, Role]]]:
    found = await connection.execute(
        select(person_roles.c.person_id, person_roles.c.school_id, person_roles.c.role).where(
            person_roles.c.person_id.in_(ids)
        )
    )
    places: dict[UUID, list[tuple[UUID, Role]]] = {}
    for row in found:
        places.setdefault(row.person_id, []).append((row.school_id, Role(row.role)))
    return places


async def _wards(
    connection: AsyncConnection, school_id: UUID, ids: list[UUID], *, today: date
) -> dict[UUID, list[Any]]:
    found = await connection.execute(
        select(
            relations.c.guardian_id,
            relations.c.kind,
            people.c.id,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
        )
        .join_from(relations, people, people.c.id == relations.c.pupil_id)
        .join(
            person_roles,
            and_(
                person_roles.c.person_id == people.c.id,
                person_roles.c.school_id == school_id,
                person_roles.c.role == Role.PUPIL,
            ),
        )
        .where(relations.c.guardian_id.in_(ids), relation_holds_on(today))
        .order_by(people.c.surname, people.c.given_name, people.c.id)
    )
    wards: dict[UUID, list[Any]] = {}
    for row in found:
        wards.setdefault(row.guardian_id, []).append(row)
    return wards


def _issued_by(school_id: UUID) -> ColumnElement[bool]:
    return exists().where(
        credential_issues.c.account_id == accounts.c.id, credential_issues.c.school_id == school_id
    )


def _stands_outside(school_id: UUID, today: date) -> ColumnElement[bool]:
    """Whether the person stands for a pupil of another school."""
    pupil = person_roles.alias("pupil_outside")
    return exists().where(
        relations.c.guardian_id == people.c.id,
        relation_holds_on(today),
        pupil.c.person_id == relations.c.pupil_id,
        pupil.c.school_id != school_id,
        pupil.c.role == Role.PUPIL,
    )


def _account(row: Any) -> AccountFacts:
    return AccountFacts(
        row.account_id,
        row.login,
        row.state != AccountState.BLOCKED and row.status == PersonStatus.ACTIVE,
        row.state == AccountState.CLOSED,
        row.temporary_until,
        row.activated_at,
        row.issued_count,
        row.issued_here,
        Block(row.blocking_school_id, row.blocking_school or "")
        if row.state == AccountState.BLOCKED
        else None,
    )


def _class_places(classes: Sequence[SchoolClass]) -> tuple[ClassPlace, ...]:
    return tuple(ClassPlace(each.id, each.title) for each in classes)


def _name(row: Any) -> FullName:
    return FullName(row.surname, row.given_name, row.patronymic)
