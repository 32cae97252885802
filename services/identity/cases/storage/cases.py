"""Cases, as rows: what ESIA said is sealed, and forgotten when the case is closed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.cases.rules import KEPT_CLOSED, KEPT_OPEN, Case, Kind, Resolution, Said, State
from services.identity.cases.storage.tables import case_people, case_schools, cases
from services.identity.keyring import Keyring, Sealed
from services.identity.people.rules import FullName, Snils
from services.identity.people.storage import WHOLE_REGION, person_roles

_PERSONS: Final = (
    select(func.array_agg(case_people.c.person_id))
    .where(case_people.c.case_id == cases.c.id)
    .correlate(cases)
    .scalar_subquery()
)
# A school that everybody of a case has left settles nothing of them any more, and reads nothing (A34).
_STILL_THEIRS: Final = (
    select(literal(1))
    .join_from(case_people, person_roles, person_roles.c.person_id == case_people.c.person_id)
    .where(
        case_people.c.case_id == case_schools.c.case_id, person_roles.c.school_id == case_schools.c.school_id
    )
    .correlate(case_schools)
    .exists()
)
_SCHOOLS: Final = (
    select(func.array_agg(case_schools.c.school_id))
    .where(case_schools.c.case_id == cases.c.id, _STILL_THEIRS)
    .correlate(cases)
    .scalar_subquery()
)
_CASES: Final = select(cases, _PERSONS.label("person_ids"), _SCHOOLS.label("school_ids"))
FORGOTTEN: Final = {
    "said_box": None,
    "said_box_key": None,
    "email_box": None,
    "email_box_key": None,
    "link_id": None,
}
"""What a closed case keeps nothing of."""


async def open_case(
    connection: AsyncConnection, keyring: Keyring, new: Case, *, link_id: UUID | None
) -> tuple[UUID, list[UUID]]:
    """Write a case down, or that an open one was noticed once more; its id, and whom it is about only now."""
    noticed = {"last_at": new.last_at, "detail": new.detail, **_sealed(keyring, new)}
    if link_id is not None:
        noticed["link_id"] = link_id
    opened = await connection.execute(
        insert(cases)
        .values(
            id=new.id,
            kind=new.kind,
            key=new.key,
            person_id=new.person_ids[0] if new.kind is not Kind.SEVERAL_REGISTERED else None,
            opened_at=new.opened_at,
            due_at=new.due_at,
            state=State.OPEN,
            **noticed,
        )
        .on_conflict_do_update(
            index_elements=[cases.c.key], index_where=cases.c.state == text("'OPEN'"), set_=noticed
        )
        .returning(cases.c.id)
    )
    case_id: UUID = opened.scalar_one()
    added = await connection.scalars(
        insert(case_people)
        .values([{"case_id": case_id, "person_id": person_id} for person_id in new.person_ids])
        .on_conflict_do_nothing()
        .returning(case_people.c.person_id)
    )
    await _add_schools(connection, case_id, new.person_ids)
    return case_id, list(added)


async def one(
    connection: AsyncConnection, keyring: Keyring, case_id: UUID, *, for_update: bool = False
) -> Case | None:
    """The case with this id; ``for_update``: nobody else changes it until the transaction ends."""
    return await _first(connection, keyring, _CASES.where(cases.c.id == case_id), for_update=for_update)


async def of_link(connection: AsyncConnection, keyring: Keyring, link_id: UUID) -> Case | None:
    """The open case that the refusal of a sign-in left last, locked until the transaction ends."""
    query = _CASES.where(cases.c.link_id == link_id, cases.c.state == State.OPEN)
    return await _first(connection, keyring, query.order_by(cases.c.last_at.desc()).limit(1), for_update=True)


async def of_code(connection: AsyncConnection, keyring: Keyring, digest: bytes) -> Case | None:
    """The case with this tracking code."""
    return await _first(connection, keyring, _CASES.where(cases.c.tracking_digest == digest))


async def open_of_key(connection: AsyncConnection, keyring: Keyring, key: bytes) -> Case | None:
    """The open case of a matter, locked until the transaction ends."""
    query = _CASES.where(cases.c.key == key, cases.c.state == State.OPEN)
    return await _first(connection, keyring, query, for_update=True)


async def open_of_person(
    connection: AsyncConnection, keyring: Keyring, person_id: UUID, kinds: Collection[Kind]
) -> list[Case]:
    """The open cases of these kinds about a person, locked until the transaction ends."""
    found = await connection.execute(
        _CASES.where(
            cases.c.person_id == person_id, cases.c.state == State.OPEN, cases.c.kind.in_(sorted(kinds))
        )
        .order_by(cases.c.id)
        .with_for_update(of=cases)
    )
    return [_case(row, keyring) for row in found]


async def of_person(
    connection: AsyncConnection, keyring: Keyring, person_id: UUID, *, since: datetime
) -> list[Case]:
    """Every case about a person, the newest first."""
    theirs = select(case_people.c.case_id).where(case_people.c.person_id == person_id)
    found = await connection.execute(
        _CASES.where(cases.c.id.in_(theirs), cases.c.opened_at >= since).order_by(cases.c.id.desc())
    )
    return [_case(row, keyring) for row in found]


async def open_cases(
    connection: AsyncConnection, keyring: Keyring, school_id: UUID | None, *, after: UUID | None, limit: int
) -> list[Case]:
    """The open cases of a school, None: of the region, the oldest first; ``after``: the last one shown."""
    query = _CASES.where(cases.c.state == State.OPEN)
    if school_id is not None:
        query = query.join(case_schools, case_schools.c.case_id == cases.c.id).where(
            case_schools.c.school_id == school_id, _STILL_THEIRS
        )
    if after is not None:
        query = query.where(cases.c.id > after)
    found = await connection.execute(query.order_by(cases.c.id).limit(limit))
    return [_case(row, keyring) for row in found]


async def close(connection: AsyncConnection, closed: Case) -> None:
    """Write down how a case ended; what ESIA said and where the person is told are forgotten."""
    await connection.execute(
        update(cases)
        .where(cases.c.id == closed.id)
        .values(
            state=closed.state,
            resolution=closed.resolution,
            reason=closed.reason,
            closed_at=closed.closed_at,
            closed_by=closed.closed_by,
            **FORGOTTEN,
        )
    )


async def ask(connection: AsyncConnection, keyring: Keyring, asked: Case, *, digest: bytes) -> None:
    """Write down that the person asked the school, and by which code they follow it."""
    sealed = keyring.seal(asked.email, context=_context(asked.key, "e-mail")) if asked.email else None
    await connection.execute(
        update(cases)
        .where(cases.c.id == asked.id)
        .values(
            asked_at=asked.asked_at,
            due_at=asked.due_at,
            tracking_digest=digest,
            email_box=sealed.box if sealed else None,
            email_box_key=sealed.key_version if sealed else None,
        )
    )


async def sweep_cases(connection: AsyncConnection, *, now: datetime) -> None:
    """Close what nobody came back to, and remove what was closed long ago.

    What the person asked for, and who claims one SNILS, waits until somebody settles it.
    """
    await connection.execute(
        update(cases)
        .where(
            cases.c.state == State.OPEN,
            cases.c.last_at < now - KEPT_OPEN,
            cases.c.asked_at.is_(None),
            cases.c.kind != Kind.SEVERAL_REGISTERED,
        )
        .values(state=State.LAPSED, resolution=Resolution.EXPIRED, closed_at=now, **FORGOTTEN)
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
    found = [{"case_id": case_id, "school_id": row} for row in await connection.scalars(theirs)]
    if found:
        await connection.execute(insert(case_schools).on_conflict_do_nothing(), found)


async def _first(
    connection: AsyncConnection, keyring: Keyring, query: Select[Any], *, for_update: bool = False
) -> Case | None:
    found = await connection.execute(query.with_for_update(of=cases) if for_update else query)
    row = found.first()
    return None if row is None else _case(row, keyring)


def _case(row: Any, keyring: Keyring) -> Case:
    said, email = None, ""
    if row.said_box is not None:
        opened = keyring.open(Sealed(row.said_box, row.said_box_key), context=_context(row.key, "profile"))
        said = _from_json(opened)
    if row.email_box is not None:
        email = keyring.open(Sealed(row.email_box, row.email_box_key), context=_context(row.key, "e-mail"))
    return Case(
        id=row.id,
        kind=Kind(row.kind),
        person_ids=tuple(sorted(row.person_ids or ())),
        school_ids=frozenset(row.school_ids or ()),
        detail=row.detail,
        opened_at=row.opened_at,
        last_at=row.last_at,
        due_at=row.due_at,
        said=said,
        state=State(row.state),
        resolution=Resolution(row.resolution) if row.resolution else None,
        reason=row.reason,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        asked_at=row.asked_at,
        email=email,
        key=bytes(row.key),
    )


def _sealed(keyring: Keyring, new: Case) -> dict[str, Any]:
    if new.said is None:
        return {"said_box": None, "said_box_key": None}
    sealed = keyring.seal(_to_json(new.said), context=_context(new.key, "profile"))
    return {"said_box": sealed.box, "said_box_key": sealed.key_version}


def _context(key: bytes, what: str) -> str:
    """By the key, not the id: a case that is noticed once more keeps its id, and its key is the same."""
    return f"{what} of case {key.hex()}"


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


def _from_json(text_: str) -> Said:
    said = json.loads(text_)
    return Said(
        said["subject"],
        FullName(*said["name"]),
        date.fromisoformat(said["birth_date"]) if said["birth_date"] else None,
        Snils(said["snils"]) if said["snils"] else None,
    )
