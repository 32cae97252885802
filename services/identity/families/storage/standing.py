"""Relations between guardians and pupils, as rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    exists,
    literal,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.rules.relations import (
    Child,
    Relation,
    RelationBasis,
    RelationKind,
    Standing,
)
from services.identity.families.rules.schooling import Schooling
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, PersonStatus, Role
from services.identity.people.storage import people, person_roles

relations = Table(
    "relations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),  # the school that registered it
    Column("kind", Text, nullable=False),  # a `RelationKind`
    Column("valid_from", Date, nullable=False),
    # The last day, the last one of childhood at the most; null: no end is set.
    Column("valid_until", Date),
    # The last day as the school has set it; null: none but the end of childhood.
    Column("term", Date),
    Column("basis", Text, nullable=False, server_default=text("'SCHOOL'")),  # a `RelationBasis`
    # Which document the registrar was shown; empty: none was written down.
    Column("document", Text, nullable=False, server_default=text("''")),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("registered_by", Uuid),
    Column("ended_at", DateTime(timezone=True)),  # null: not ended by anybody
    Column("ended_by", Uuid),
    Column("ended_why", Text),
    # Grows with each change; the version of the relation's events.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # A guardian's children; and no two relations of the same two at once.
    Index(
        "relations_one_per_pair",
        "guardian_id",
        "pupil_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    # A pupil's guardians.
    Index("relations_by_pupil", "pupil_id"),
)

# The table of `leaving`, which stands above this capability; its ids grow with time.
_former_roles = table(
    "former_roles", column("id", Uuid), column("person_id", Uuid), column("school_id", Uuid), column("role")
)


def holds_on(day: Any) -> ColumnElement[bool]:
    """Whether a relation holds on a day."""
    return and_(
        relations.c.ended_at.is_(None),
        relations.c.valid_from <= day,
        or_(relations.c.valid_until.is_(None), relations.c.valid_until >= day),
    )


_CHILDREN = (
    select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic, relations.c.kind)
    .join_from(relations, people, people.c.id == relations.c.pupil_id)
    .where(
        relations.c.guardian_id == bindparam("guardian"),
        holds_on(bindparam("today")),
        # A pupil who has left the region is their child all the same: what was recorded is read on (R39).
        people.c.status != PersonStatus.BLOCKED,
    )
)


@dataclass(frozen=True, slots=True)
class Pupil:
    """What a relation needs to know of the pupil."""

    id: UUID
    name: FullName
    birth_date: date


@dataclass(frozen=True, slots=True)
class Ended:
    """A relation of the past, as a registrar reads it."""

    standing: Standing
    ended_at: datetime
    why: str


async def children_of(connection: AsyncConnection, guardian_id: UUID, *, today: date) -> list[Child]:
    """The pupils whom a guardian stands for on a day."""
    found = await connection.execute(_CHILDREN, {"guardian": guardian_id, "today": today})
    return [
        Child(row.id, FullName(row.surname, row.given_name, row.patronymic), RelationKind(row.kind))
        for row in found
    ]


async def person_exists(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether an active person of the region has this id."""
    found = await connection.execute(
        select(literal(1)).where(people.c.id == person_id, people.c.status == PersonStatus.ACTIVE)
    )
    return found.first() is not None


async def pupil(connection: AsyncConnection, pupil_id: UUID, *, lock: bool = False) -> Pupil | None:
    """A person for whom somebody may stand.

    ``lock``: until the transaction ends their family stays as it is; whoever changes a family, a court limit
    or the pupil's birth date waits for the others here.
    """
    query = select(
        people.c.id, people.c.surname, people.c.given_name, people.c.patronymic, people.c.birth_date
    ).where(people.c.id == pupil_id)
    found = await connection.execute(query.with_for_update(key_share=True) if lock else query)
    row = found.first()
    if row is None:
        return None
    return Pupil(row.id, FullName(row.surname, row.given_name, row.patronymic), row.birth_date)


async def insert_relation(connection: AsyncConnection, new: Relation, *, by: UUID, at: datetime) -> bool:
    """Insert a relation, unless the two have one that nobody has ended; whether this call did it."""
    inserted = await connection.execute(
        insert(relations).on_conflict_do_nothing().returning(relations.c.id),
        {
            "id": new.id,
            "guardian_id": new.guardian_id,
            "pupil_id": new.pupil_id,
            "school_id": new.school_id,
            "kind": new.kind,
            "valid_from": new.valid_from,
            "valid_until": new.valid_until,
            "term": new.term,
            "basis": new.basis,
            "document": new.document,
            "registered_at": at,
            "registered_by": by,
            "version": new.version,
        },
    )
    return inserted.first() is not None


async def relation_of_pair(connection: AsyncConnection, guardian_id: UUID, pupil_id: UUID) -> Relation | None:
    """The relation of the two that nobody has ended; its last day may have passed."""
    found = await connection.execute(
        select(relations).where(
            relations.c.guardian_id == guardian_id,
            relations.c.pupil_id == pupil_id,
            relations.c.ended_at.is_(None),
        )
    )
    row = found.first()
    return None if row is None else relation_of(row)


async def were_related(connection: AsyncConnection, guardian_id: UUID, pupil_id: UUID) -> bool:
    """Whether the two have or had any relation."""
    found = await connection.execute(
        select(exists().where(relations.c.guardian_id == guardian_id, relations.c.pupil_id == pupil_id))
    )
    return bool(found.scalar_one())


async def relation(connection: AsyncConnection, relation_id: UUID) -> tuple[Relation, datetime | None] | None:
    """A relation, and when it was ended."""
    found = await connection.execute(select(relations).where(relations.c.id == relation_id))
    row = found.first()
    return None if row is None else (relation_of(row), row.ended_at)


async def lock_relation(connection: AsyncConnection, relation_id: UUID) -> None:
    """Have whoever grants something by a relation wait until the transaction ends."""
    await connection.execute(select(relations.c.id).where(relations.c.id == relation_id).with_for_update())


async def end_relation(
    connection: AsyncConnection, present: Relation, *, by: UUID, why: str, at: datetime
) -> None:
    """End a relation at its next version."""
    await connection.execute(
        update(relations)
        .where(relations.c.id == present.id)
        .values(ended_at=at, ended_by=by, ended_why=why, version=present.version + 1)
    )


async def move_relation(connection: AsyncConnection, moved: Relation) -> None:
    """Write down the days, the term and the document of a relation at its version."""
    await connection.execute(
        update(relations)
        .where(relations.c.id == moved.id)
        .values(
            valid_from=moved.valid_from,
            valid_until=moved.valid_until,
            term=moved.term,
            document=moved.document,
            version=moved.version,
        )
    )


async def relations_of_pupil(connection: AsyncConnection, pupil_id: UUID) -> list[Standing]:
    """Everybody who has a relation to the pupil that nobody has ended, on any day, the eldest first."""
    found = await connection.execute(_standing().where(relations.c.ended_at.is_(None), _of(pupil_id)))
    return [_stands(row) for row in found]


async def ended_of_pupil(connection: AsyncConnection, pupil_id: UUID, *, most: int) -> list[Ended]:
    """The relations to the pupil that somebody has ended, the newest first."""
    found = await connection.execute(
        _standing(relations.c.ended_at, relations.c.ended_why)
        .where(relations.c.ended_at.is_not(None), _of(pupil_id))
        .order_by(None)
        .order_by(relations.c.ended_at.desc())
        .limit(most)
    )
    return [Ended(_stands(row), row.ended_at, row.ended_why or "") for row in found]


async def schools_of_pupil(connection: AsyncConnection, pupil_id: UUID) -> list[UUID]:
    """The schools that registered somebody as their pupil; one who is none has none."""
    found = await connection.execute(
        select(person_roles.c.school_id)
        .where(person_roles.c.person_id == pupil_id, person_roles.c.role == Role.PUPIL)
        .order_by(person_roles.c.granted_at.desc(), person_roles.c.school_id)
    )
    return list(found.scalars())


async def schooling_of(connection: AsyncConnection, pupil_id: UUID) -> Schooling:
    """Where somebody is a pupil, and was."""
    present = await schools_of_pupil(connection, pupil_id)
    left = await connection.execute(
        select(_former_roles.c.school_id)
        .where(_former_roles.c.person_id == pupil_id, _former_roles.c.role == Role.PUPIL)
        .order_by(_former_roles.c.id.desc())
    )
    return Schooling(frozenset(present), tuple(left.scalars()))


async def names_of(connection: AsyncConnection, person_ids: Collection[UUID]) -> dict[UUID, FullName]:
    """The names of persons as they are registered now."""
    found = await connection.execute(
        select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic).where(
            people.c.id.in_(list(person_ids))
        )
    )
    return {row.id: FullName(row.surname, row.given_name, row.patronymic) for row in found}


def _of(pupil_id: UUID) -> ColumnElement[bool]:
    return relations.c.pupil_id == pupil_id


def _standing(*more: ColumnElement[Any]) -> Any:
    return (
        select(relations, people.c.surname, people.c.given_name, people.c.patronymic, *more)
        .join_from(relations, people, people.c.id == relations.c.guardian_id)
        .order_by(relations.c.registered_at, relations.c.id)
    )


def _stands(row: Any) -> Standing:
    return Standing(relation_of(row), FullName(row.surname, row.given_name, row.patronymic))


def relation_of(row: Any) -> Relation:
    """A relation from a row of ``relations``."""
    return Relation(
        row.id,
        row.guardian_id,
        row.pupil_id,
        row.school_id,
        RelationKind(row.kind),
        row.valid_from,
        row.valid_until,
        row.version,
        row.term,
        RelationBasis(row.basis),
        row.document,
    )
