"""The registered persons whom cases are about, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import Keyring, Sealed
from services.identity.people.rules import FullName, Role, Snils
from services.identity.people.storage import people, person_roles
from services.identity.schools.storage import schools


@dataclass(frozen=True, slots=True)
class Involved:
    """Somebody whom a case is about, as the register has them now."""

    person_id: UUID
    name: FullName
    birth_date: date
    snils: Snils | None
    disputed: bool
    registered_at: datetime
    school_ids: frozenset[UUID]
    schools: tuple[str, ...]
    """Titles, as far as the diary has told of them."""


_TITLES = (
    select(func.array_agg(aggregate_order_by(schools.c.title.distinct(), schools.c.title)))
    .join_from(person_roles, schools, schools.c.school_id == person_roles.c.school_id)
    .where(person_roles.c.person_id == people.c.id)
    .scalar_subquery()
)
_SCHOOL_IDS = (
    select(func.array_agg(person_roles.c.school_id))
    .where(person_roles.c.person_id == people.c.id)
    .scalar_subquery()
)


async def involved(
    connection: AsyncConnection, keyring: Keyring, person_ids: Collection[UUID]
) -> dict[UUID, Involved]:
    """These persons as they are registered now."""
    found = await connection.execute(
        select(people, _TITLES.label("schools"), _SCHOOL_IDS.label("school_ids")).where(
            people.c.id.in_(list(person_ids))
        )
    )
    seen: dict[UUID, Involved] = {}
    for row in found:
        snils = None
        if row.snils_box is not None:
            sealed = Sealed(row.snils_box, row.snils_box_key)
            snils = Snils(keyring.open(sealed, context=f"snils of {row.id}"))
        seen[row.id] = Involved(
            row.id,
            FullName(row.surname, row.given_name, row.patronymic),
            row.birth_date,
            snils,
            row.snils_disputed,
            row.registered_at,
            frozenset(row.school_ids or ()),
            tuple(row.schools or ()),
        )
    return seen


async def lock(connection: AsyncConnection, person_ids: Iterable[UUID]) -> None:
    """Until the transaction ends nobody else changes these persons; always in the same order."""
    await connection.execute(
        select(people.c.id)
        .where(people.c.id.in_(list(person_ids)))
        .order_by(people.c.id)
        .with_for_update(key_share=True)
    )


async def claim_alone(connection: AsyncConnection, digest: bytes) -> None:
    """Have others who register the SNILS of this digest as claimed by several wait for this transaction."""
    key = int.from_bytes(digest[:8], "big", signed=True)
    await connection.execute(select(func.pg_advisory_xact_lock(key)))


async def claimants(connection: AsyncConnection, digests: Collection[bytes]) -> list[UUID]:
    """Every registered person with the SNILS of these digests."""
    found = await connection.scalars(
        select(people.c.id).where(people.c.snils_index.in_(list(digests))).order_by(people.c.id)
    )
    return list(found)


async def set_disputed(connection: AsyncConnection, person_ids: Iterable[UUID], *, disputed: bool) -> None:
    """Take persons into the quarantine, or out of it."""
    await connection.execute(
        update(people).where(people.c.id.in_(list(person_ids))).values(snils_disputed=disputed)
    )


async def registrars_of(connection: AsyncConnection, school_ids: Collection[UUID]) -> list[UUID]:
    """Whoever registers people at one of these schools."""
    found = await connection.scalars(
        select(person_roles.c.person_id)
        .distinct()
        .where(
            person_roles.c.school_id.in_(list(school_ids)),
            person_roles.c.role == Role.REGISTRAR,
            # Said again, so that the index of staff is used.
            person_roles.c.role.not_in((Role.PUPIL, Role.GUARDIAN)),
        )
        .order_by(person_roles.c.person_id)
    )
    return list(found)
