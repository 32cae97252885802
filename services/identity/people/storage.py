"""Persons and their roles, as rows.

Reads and inserts take the transaction's connection or one for reading; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import Keyring
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Person, PersonStatus, Role, Snils

# The school of a role that holds in the whole region (authority, operator): a key has no place for a null.
WHOLE_REGION = UUID(int=0)

people = Table(
    "people",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("surname", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("patronymic", Text, nullable=False),  # empty: the person has none
    Column("birth_date", Date, nullable=False),
    Column("gender", Text),  # a `Gender`; null: the school left it open
    # The SNILS as `hide_snils` gives it; all four are null while the school does not know it.
    Column("snils_box", LargeBinary),
    Column("snils_box_key", SmallInteger),
    Column("snils_index", LargeBinary),
    Column("snils_index_key", SmallInteger),
    # Two registered persons claim it: neither is matched until the schools have settled whose it is (A32).
    Column("snils_disputed", Boolean, nullable=False, server_default=text("false")),
    Column("status", Text, nullable=False, server_default=text("'active'")),  # a `PersonStatus`
    # Grows with each change; the version of the person's events.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    # Finding a person by full name and birth date: the date is the narrower of the two.
    Index("people_by_birth_date", "birth_date"),
    # A profile's match: every registered person with this SNILS, disputed ones too.
    Index("people_by_snils", "snils_index"),
    # One SNILS, one person.
    Index(
        "people_one_per_snils",
        "snils_index",
        unique=True,
        postgresql_where=text("NOT snils_disputed"),
    ),
)

NAME_WORDS: Final[ColumnElement[Any]] = func.name_words(
    people.c.surname, people.c.given_name, people.c.patronymic, type_=TSVECTOR
)
"""The words of a name without regard to case, ё and е; parted by whatever joins them (migration 0010)."""
# Finding people by words of their names.
Index("people_by_words", NAME_WORDS, postgresql_using="gin")

person_roles = Table(
    "person_roles",
    metadata,
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
    Column("school_id", Uuid, primary_key=True),  # the diary's id of the school, or `WHOLE_REGION`
    Column("role", Text, primary_key=True),  # a `Role`
    Column("granted_at", DateTime(timezone=True), nullable=False),
    # The people of a school, of whom some are looked for.
    Index("person_roles_by_school", "school_id", "person_id"),
    # The staff of a school, or of the region; families are many times more.
    Index(
        "person_roles_staff",
        "school_id",
        "person_id",
        postgresql_where=text("role NOT IN ('PUPIL', 'GUARDIAN')"),
    ),
)

# One row per person: what they are, wherever they are it.
roles_of_person = (
    select(func.array_agg(person_roles.c.role.distinct()))
    .where(person_roles.c.person_id == people.c.id)
    .scalar_subquery()
)


def hide_snils(keyring: Keyring, person_id: UUID, snils: Snils | None) -> dict[str, Any]:
    """The four columns of `people` that keep a SNILS; also for whoever loads persons in bulk."""
    if snils is None:
        return {"snils_box": None, "snils_box_key": None, "snils_index": None, "snils_index_key": None}
    sealed = keyring.seal(snils.digits, context=f"snils of {person_id}")
    index = keyring.index(snils.digits, kind="snils")
    return {
        "snils_box": sealed.box,
        "snils_box_key": sealed.key_version,
        "snils_index": index.digest,
        "snils_index_key": index.key_version,
    }


def snils_digests(keyring: Keyring, snils: Snils) -> list[bytes]:
    """What `people.snils_index` may hold for this SNILS, under each key in use."""
    return [index.digest for index in keyring.indexes(snils.digits, kind="snils")]


async def insert_person(
    connection: AsyncConnection,
    person: Person,
    *,
    birth_date: date,
    snils: Mapping[str, Any],
    registered_at: datetime,
) -> None:
    """Insert a person at version 1; ``snils``: the columns of `hide_snils`."""
    await connection.execute(
        insert(people),
        {
            "id": person.id,
            "surname": person.name.surname,
            "given_name": person.name.given_name,
            "patronymic": person.name.patronymic,
            "birth_date": birth_date,
            "status": PersonStatus.ACTIVE,
            "version": 1,
            "registered_at": registered_at,
            **snils,
        },
    )


async def insert_roles(
    connection: AsyncConnection, person_id: UUID, school_id: UUID, roles: Iterable[Role], *, at: datetime
) -> None:
    """Give a person roles at a school."""
    rows = [
        {"person_id": person_id, "school_id": school_id, "role": role, "granted_at": at}
        for role in sorted(roles)
    ]
    await connection.execute(insert(person_roles), rows)


async def next_version(connection: AsyncConnection, person_id: UUID) -> int | None:
    """Move the person to the next version, and let others who change them wait; None when there is none."""
    version: int | None = await connection.scalar(
        update(people)
        .where(people.c.id == person_id)
        .values(version=people.c.version + 1)
        .returning(people.c.version)
    )
    return version


async def come_back(connection: AsyncConnection, person_id: UUID) -> None:
    """Have a person who had left the region be in it again; one who is blocked stays so."""
    await connection.execute(
        update(people)
        .where(people.c.id == person_id, people.c.status == PersonStatus.LEFT)
        .values(status=PersonStatus.ACTIVE)
    )


async def lock_left(
    connection: AsyncConnection, digests: list[bytes], birth_date: date
) -> tuple[UUID, FullName] | None:
    """Who has left the region with this SNILS, undisputed, and this birth date; locked."""
    found = await connection.execute(
        select(people.c.id, people.c.surname, people.c.given_name, people.c.patronymic)
        .where(
            people.c.snils_index.in_(digests),
            people.c.birth_date == birth_date,
            people.c.status == PersonStatus.LEFT,
            people.c.snils_disputed.is_(False),
        )
        .with_for_update()
    )
    row = found.first()
    return None if row is None else (row.id, FullName(row.surname, row.given_name, row.patronymic))


async def snils_is_known(connection: AsyncConnection, digests: list[bytes]) -> bool:
    """Whether any registered person has the SNILS with these digests."""
    found = await connection.execute(select(literal(1)).where(people.c.snils_index.in_(digests)).limit(1))
    return found.first() is not None


async def is_disputed(connection: AsyncConnection, person_id: UUID) -> bool:
    """Whether somebody else claims the person's SNILS."""
    return bool(await connection.scalar(select(people.c.snils_disputed).where(people.c.id == person_id)))


async def hold(connection: AsyncConnection, person_id: UUID) -> None:
    """Have whoever makes the person leave wait for this transaction; corrections of their data need not.

    Before the person's account is locked: the order of locks is in the README of this service.
    """
    held = select(people.c.id).where(people.c.id == person_id)
    await connection.execute(held.with_for_update(read=True, key_share=True))


async def holds_role(connection: AsyncConnection, person_id: UUID, school_id: UUID, role: Role) -> bool:
    """Whether the person is that at the school."""
    found = await connection.execute(
        select(literal(1)).where(
            person_roles.c.person_id == person_id,
            person_roles.c.school_id == school_id,
            person_roles.c.role == role,
        )
    )
    return found.first() is not None


async def person(connection: AsyncConnection, person_id: UUID) -> Person | None:
    """The person with this id, with all roles; None when there is none."""
    found = await connection.execute(
        select(
            people.c.id,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            roles_of_person.label("roles"),
        ).where(people.c.id == person_id)
    )
    row = found.first()
    return None if row is None else person_of(row)


def person_of(row: Any) -> Person:
    """A person from a row with id, the parts of the name, and roles."""
    return Person(
        row.id,
        FullName(row.surname, row.given_name, row.patronymic),
        frozenset(Role(role) for role in row.roles or ()),
    )
