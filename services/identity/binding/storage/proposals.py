"""What a person is, and where, as somebody recognises themselves by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.people.rules import Role
from services.identity.people.storage import person_roles
from services.identity.schools.storage import classes, holds_on, memberships, schools


@dataclass(frozen=True, slots=True)
class ProposedRole:
    """A role at a school, with a pupil's class; titles are empty where the diary has told none."""

    role: Role
    school_title: str
    class_title: str


async def roles_of(connection: AsyncConnection, person_id: UUID, *, today: date) -> tuple[ProposedRole, ...]:
    """The roles of a person, from identity's copy of schools and classes."""
    found = await connection.execute(
        select(person_roles.c.role, schools.c.title.label("school"), classes.c.title.label("class_title"))
        .join_from(person_roles, schools, schools.c.school_id == person_roles.c.school_id, isouter=True)
        .join(
            memberships,
            and_(
                person_roles.c.role == Role.PUPIL,
                memberships.c.pupil_id == person_roles.c.person_id,
                memberships.c.school_id == person_roles.c.school_id,
                holds_on(today),
            ),
            isouter=True,
        )
        .join(classes, classes.c.class_id == memberships.c.class_id, isouter=True)
        .where(person_roles.c.person_id == person_id)
        .order_by(person_roles.c.role, schools.c.title, classes.c.title)
    )
    return tuple(ProposedRole(Role(row.role), row.school or "", row.class_title or "") for row in found)
