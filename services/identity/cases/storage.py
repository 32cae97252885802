"""Cases, as rows: what ESIA said is sealed, and forgotten when the case is closed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.cases.rules import KEPT_CLOSED, KEPT_OPEN, Case, Kind, Resolution, Said, State
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Snils
from services.identity.people.storage import WHOLE_REGION, person_roles

cases = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),  # grows with time
    Column("kind", Text, nullable=False),  # a `Kind`
    Column("key", LargeBinary, nullable=False),  # `key_of`
    # Whose data the box is about; null when several claim one SNILS, and nothing of ESIA is kept.
    Column("person_id", Uuid, ForeignKey("people.id")),
    Column("detail", Text, nullable=False),
    # What ESIA said, sealed; null once the case is closed.
    Column("said_box", LargeBinary),
    Column("said_box_key", SmallInteger),
    Column("link_id", Uuid),  # the sign-in that was refused last
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # a `State`
    Column("resolution", Text),  # a `Resolution`
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Uuid),  # null: by itself
    # One open case of a matter, however often and by how many sign-ins at once it is noticed.
    Index("cases_one_open", "key", unique=True, postgresql_where=text("state = 'OPEN'")),
    # The operator's list.
    Index("cases_open", "id", postgresql_where=text("state = 'OPEN'")),
    # The browser whose sign-in was refused asks the school.
    Index("cases_by_link", "link_id", postgresql_where=text("link_id IS NOT NULL")),
    # A person's own, and an erasure.
    Index("cases_of_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    # The sweeps.
    Index("cases_by_last", "last_at", postgresql_where=text("state = 'OPEN'")),
    Index("cases_by_closing", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
)

case_people = Table(
    "case_people",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
    # The cases of a person, when something of them changes.
    Index("case_people_by_person", "person_id"),
)

case_schools = Table(
    "case_schools",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("school_id", Uuid, primary_key=True),
    # The list of a school.
    Index("case_schools_by_school", "school_id", "case_id"),
)


async def open_case(
    connection: AsyncConnection, keyring: Keyring, new: Case, *, key: bytes, link_id: UUID | None
) -> tuple[UUID, bool]:
    """Write a case down, or that an open one was noticed once more; its id, and whether it is new."""
    sealed = _sealed(keyring, key, new.said)
    noticed = {"last_at": new.last_at, "link_id": link_id, **sealed}
    opened = await connection.execute(
        insert(cases)
        .values(
            id=new.id,
            kind=new.kind,
            key=key,
            person_id=new.person_ids[0] if len(new.person_ids) == 1 else None,
            detail=new.detail,
            opened_at=new.opened_at,
            due_at=new.due_at,
            state=State.OPEN,
            **noticed,
        )
        .on_conflict_do_update(
            index_elements=[cases.c.key],
            index_where=cases.c.state == text("'OPEN'"),
            set_=noticed | {"detail": new.detail},
        )
        .returning(cases.c.id)
    )
    case_id: UUID = opened.scalar_one()
    if case_id == new.id:
        await connection.execute(
            insert(case_people),
            [{"case_id": case_id, "person_id": person_id} for person_id in new.person_ids],
        )
    await _add_schools(connection, case_id, new.person_ids)
    return case_id, case_id == new.id


async def sweep_cases(connection: AsyncConnection, *, now: datetime) -> None:
    """Close what nobody came back to, and remove what was closed long ago.

    Who claims one SNILS is not forgotten before it is settled.
    """
    await connection.execute(
        update(cases)
        .where(
            cases.c.state == State.OPEN,
            cases.c.last_at < now - KEPT_OPEN,
            cases.c.kind != Kind.SEVERAL_REGISTERED,
        )
        .values(
            state=State.LAPSED,
            resolution=Resolution.EXPIRED,
            closed_at=now,
            said_box=None,
            said_box_key=None,
            link_id=None,
        )
    )
    await connection.execute(delete(cases).where(cases.c.closed_at < now - KEPT_CLOSED))


async def _add_schools(connection: AsyncConnection, case_id: UUID, person_ids: Iterable[UUID]) -> None:
    """The schools where these persons are something; those who came since it was opened see it as well."""
    theirs = (
        select(person_roles.c.school_id)
        .distinct()
        .where(person_roles.c.person_id.in_(list(person_ids)), person_roles.c.school_id != WHOLE_REGION)
        .order_by(person_roles.c.school_id)
    )
    schools = [{"case_id": case_id, "school_id": row} for row in await connection.scalars(theirs)]
    if schools:
        await connection.execute(insert(case_schools).on_conflict_do_nothing(), schools)


def _sealed(keyring: Keyring, key: bytes, said: Said | None) -> dict[str, Any]:
    if said is None:
        return {"said_box": None, "said_box_key": None}
    sealed = keyring.seal(_to_json(said), context=_context(key))
    return {"said_box": sealed.box, "said_box_key": sealed.key_version}


def _context(key: bytes) -> str:
    return f"profile of case {key.hex()}"


def _to_json(said: Said) -> str:
    return json.dumps(
        {
            "subject": said.subject,
            "name": [said.name.surname, said.name.given_name, said.name.patronymic],
            "birth_date": said.birth_date.isoformat() if said.birth_date else None,
            "snils": said.snils.digits if said.snils else None,
        },
        ensure_ascii=False,
    )


def said_of(keyring: Keyring, key: bytes, sealed: Sealed) -> Said:
    """What ESIA said, as a case keeps it."""
    said = json.loads(keyring.open(sealed, context=_context(key)))
    return Said(
        said["subject"],
        FullName(*said["name"]),
        date.fromisoformat(said["birth_date"]) if said["birth_date"] else None,
        Snils(said["snils"]) if said["snils"] else None,
    )
