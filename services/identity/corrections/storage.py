"""Corrections, and the fields of persons that they change, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.corrections.rules import KEPT, Correction, Data, Field, State
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Snils
from services.identity.people.storage import WHOLE_REGION, hide_snils, people, person_roles

corrections = Table(
    "corrections",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),
    Column("field", Text, nullable=False),  # a `Field`
    # Both values sealed: one of them may be a SNILS.
    Column("registered_box", LargeBinary, nullable=False),
    Column("registered_box_key", SmallInteger, nullable=False),
    Column("right_box", LargeBinary, nullable=False),
    Column("right_box_key", SmallInteger, nullable=False),
    Column("comment", Text, nullable=False),
    Column("state", Text, nullable=False),  # a `State`
    Column("reason", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Uuid),
    # One at a time for a field, whatever is asked at once.
    Index(
        "corrections_one_waiting",
        "person_id",
        "field",
        unique=True,
        postgresql_where=text("state = 'WAITING'"),
    ),
    # What a school has to look at; asked for in order of time, which is the order of the days they are due.
    Index("corrections_of_school", "school_id", "id", postgresql_where=text("state = 'WAITING'")),
    # A person's own.
    Index("corrections_of_person", "person_id", "id"),
    # The sweep of those that nobody will ask about any more.
    Index("corrections_by_decision", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
)

_DATA = (
    people.c.id,
    people.c.surname,
    people.c.given_name,
    people.c.patronymic,
    people.c.birth_date,
    people.c.snils_box,
    people.c.snils_box_key,
)


def waits_for(person_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether a correction of a person's data waits for the school."""
    return exists().where(corrections.c.person_id == person_id, corrections.c.state == State.WAITING)


async def data_for_update(connection: AsyncConnection, keyring: Keyring, person_id: UUID) -> Data | None:
    """What is registered of a person; until the transaction ends nobody else changes it."""
    found = await connection.execute(
        select(*_DATA).where(people.c.id == person_id).with_for_update(key_share=True)
    )
    row = found.first()
    if row is None:
        return None
    snils = None
    if row.snils_box is not None:
        sealed = Sealed(row.snils_box, row.snils_box_key)
        snils = Snils(keyring.open(sealed, context=f"snils of {row.id}"))
    return Data(FullName(row.surname, row.given_name, row.patronymic), row.birth_date, snils)


async def correct(
    connection: AsyncConnection,
    keyring: Keyring,
    person_id: UUID,
    field: Field,
    right: Data,
    *,
    disputed: bool = False,
) -> int:
    """Change one field of a person; the person's version by then.

    Another SNILS is in nobody's dispute, unless it is ``disputed`` by whoever is registered with it already.
    """
    changed: dict[str, Any]
    match field:
        case Field.BIRTH_DATE:
            changed = {"birth_date": right.birth_date}
        case Field.SNILS:
            changed = {**hide_snils(keyring, person_id, right.snils), "snils_disputed": disputed}
        case _:
            changed = {field.word: right.text(field)}
    moved = await connection.execute(
        update(people)
        .where(people.c.id == person_id)
        .values(**changed, version=people.c.version + 1)
        .returning(people.c.version)
    )
    return int(moved.scalar_one())


async def school_of(connection: AsyncConnection, person_id: UUID) -> UUID | None:
    """The school that answers for a person's data: the first one where they are something."""
    found = await connection.execute(
        select(person_roles.c.school_id)
        .where(person_roles.c.person_id == person_id, person_roles.c.school_id != WHOLE_REGION)
        .order_by(person_roles.c.granted_at, person_roles.c.school_id)
        .limit(1)
    )
    return found.scalar_one_or_none()


async def insert_correction(connection: AsyncConnection, keyring: Keyring, new: Correction) -> None:
    """Write a new correction down. `IntegrityError` of ``corrections_one_waiting``: one waits already."""
    registered = keyring.seal(new.registered, context=_context(new.id, "registered"))
    right = keyring.seal(new.right, context=_context(new.id, "right"))
    await connection.execute(
        insert(corrections).values(
            id=new.id,
            person_id=new.person_id,
            school_id=new.school_id,
            field=new.field,
            registered_box=registered.box,
            registered_box_key=registered.key_version,
            right_box=right.box,
            right_box_key=right.key_version,
            comment=new.comment,
            state=new.state,
            reason=new.reason,
            requested_at=new.requested_at,
            due_at=new.due_at,
        )
    )


async def waits(connection: AsyncConnection, person_id: UUID, field: Field) -> bool:
    """Whether a correction of this field is being looked at."""
    found = await connection.execute(
        select(corrections.c.id).where(
            corrections.c.person_id == person_id,
            corrections.c.field == field,
            corrections.c.state == State.WAITING,
        )
    )
    return found.first() is not None


async def correction(
    connection: AsyncConnection, keyring: Keyring, correction_id: UUID, *, for_update: bool = False
) -> Correction | None:
    """The correction with this id."""
    query = select(corrections).where(corrections.c.id == correction_id)
    found = await connection.execute(query.with_for_update() if for_update else query)
    row = found.first()
    return None if row is None else _correction(row, keyring)


async def of_person(
    connection: AsyncConnection, keyring: Keyring, person_id: UUID, *, since: datetime
) -> list[Correction]:
    """A person's corrections, the newest first."""
    found = await connection.execute(
        select(corrections)
        .where(corrections.c.person_id == person_id, corrections.c.requested_at >= since)
        .order_by(corrections.c.id.desc())
    )
    return [_correction(row, keyring) for row in found]


async def waiting_at(
    connection: AsyncConnection, keyring: Keyring, school_id: UUID, *, after: UUID | None, limit: int
) -> list[Correction]:
    """Corrections that wait at a school, the most urgent first; ``after``: the last one shown."""
    query = select(corrections).where(
        corrections.c.school_id == school_id, corrections.c.state == State.WAITING
    )
    if after is not None:
        query = query.where(corrections.c.id > after)
    found = await connection.execute(query.order_by(corrections.c.id).limit(limit))
    return [_correction(row, keyring) for row in found]


async def decide(connection: AsyncConnection, decided: Correction) -> None:
    """Write down what became of a correction."""
    await connection.execute(
        update(corrections)
        .where(corrections.c.id == decided.id)
        .values(
            state=decided.state,
            reason=decided.reason,
            decided_at=decided.decided_at,
            decided_by=decided.decided_by,
        )
    )


async def names_of(connection: AsyncConnection, person_ids: Sequence[UUID]) -> dict[UUID, FullName]:
    """The names of persons as they are registered now."""
    found = await connection.execute(
        select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic).where(
            people.c.id.in_(person_ids)
        )
    )
    return {row.id: FullName(row.surname, row.given_name, row.patronymic) for row in found}


async def sweep_corrections(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove what was decided so long ago that nobody will ask."""
    await connection.execute(delete(corrections).where(corrections.c.decided_at < now - KEPT))


def _context(correction_id: UUID, which: str) -> str:
    return f"{which} value of correction {correction_id}"


def _correction(row: Any, keyring: Keyring) -> Correction:
    registered = Sealed(row.registered_box, row.registered_box_key)
    right = Sealed(row.right_box, row.right_box_key)
    return Correction(
        id=row.id,
        person_id=row.person_id,
        school_id=row.school_id,
        field=Field(row.field),
        registered=keyring.open(registered, context=_context(row.id, "registered")),
        right=keyring.open(right, context=_context(row.id, "right")),
        comment=row.comment,
        requested_at=row.requested_at,
        due_at=row.due_at,
        state=State(row.state),
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
