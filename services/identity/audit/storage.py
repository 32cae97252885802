"""Whose objects the audit's entries speak of, and what their actors are called."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.storage import relations
from services.identity.people.rules import FullName
from services.identity.people.storage import people


async def relations_of(connection: AsyncConnection, person_id: UUID) -> list[UUID]:
    """Every relation that a person is or was part of: an entry about one concerns two."""
    found = await connection.scalars(
        select(relations.c.id).where(
            or_(relations.c.guardian_id == person_id, relations.c.pupil_id == person_id)
        )
    )
    return list(found)


async def names_of(connection: AsyncConnection, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The name to show beside the deeds of each of these persons."""
    found = await connection.execute(
        select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic).where(
            people.c.id.in_(list(person_ids))
        )
    )
    return {row.id: FullName(row.surname, row.given_name, row.patronymic).display for row in found}
