"""Activations, as rows: what each step left behind, and all that the next one needs to see."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Integer,
    SmallInteger,
    Table,
    Uuid,
    and_,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.activation.rules import Standing
from services.identity.contacts.rules import Contact, Kind
from services.identity.corrections.storage import waits_for
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, Gender, PersonStatus, Snils
from services.identity.people.storage import people

activations = Table(
    "activations",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), primary_key=True),
    # `accounts.issued_count` when it began: what the school issues anew is activated anew.
    Column("issue", Integer, primary_key=True),
    # The row is written by the first step.
    Column("data_confirmed_at", DateTime(timezone=True), nullable=False),
    Column("contacts_given_at", DateTime(timezone=True)),
    # How often the step that sets the password came again.
    Column("password_repeats", SmallInteger, nullable=False, server_default=text("0")),
)

_STANDING = (
    select(
        accounts.c.id.label("account_id"),
        accounts.c.person_id,
        accounts.c.password_hash,
        accounts.c.temporary_until,
        accounts.c.activated_at,
        accounts.c.issued_at,
        accounts.c.issued_count,
        people.c.surname,
        people.c.given_name,
        people.c.patronymic,
        people.c.birth_date,
        people.c.gender,
        people.c.snils_box,
        people.c.snils_box_key,
        activations.c.data_confirmed_at,
        activations.c.contacts_given_at,
        activations.c.password_repeats,
        waits_for(accounts.c.person_id).label("correction_waiting"),
    )
    .join_from(accounts, people, people.c.id == accounts.c.person_id)
    .join(
        activations,
        and_(activations.c.account_id == accounts.c.id, activations.c.issue == accounts.c.issued_count),
        isouter=True,
    )
    .where(
        accounts.c.id == bindparam("account"),
        accounts.c.state == AccountState.OPEN,
        people.c.status == PersonStatus.ACTIVE,
    )
)
_LOCK = select(accounts.c.id).where(accounts.c.id == bindparam("account")).with_for_update(key_share=True)


async def lock(connection: AsyncConnection, account_id: UUID) -> None:
    """Have the steps of an account follow each other, whatever comes at once.

    A statement of its own: what is read after it is what the one before us has left.
    """
    await connection.execute(_LOCK, {"account": account_id})


async def standing(
    connection: AsyncConnection, keyring: Keyring, account_id: UUID, contacts: Mapping[Kind, Contact]
) -> Standing | None:
    """Where a person stands; None when the account or its person may not be in.

    Args:
        connection: of the transaction, or for reading.
        keyring: opens what is stored.
        account_id: whose activation.
        contacts: of the account, as `services.identity.contacts.storage` reads them.
    """
    found = await connection.execute(_STANDING, {"account": account_id})
    row = found.first()
    return None if row is None else _standing(row, keyring, contacts)


async def data_confirmed(
    connection: AsyncConnection, at: Standing, *, gender: Gender | None, now: datetime
) -> None:
    """The person has read the data; ``gender``: what they filled in."""
    await connection.execute(
        insert(activations).values(account_id=at.account_id, issue=at.issue, data_confirmed_at=now)
    )
    if gender is not None:
        await connection.execute(update(people).where(people.c.id == at.person_id).values(gender=gender))


async def contacts_given(connection: AsyncConnection, at: Standing, *, now: datetime) -> None:
    """The person has given both contacts."""
    await connection.execute(_of(at).values(contacts_given_at=now))


async def count_repeat(connection: AsyncConnection, at: Standing) -> None:
    """The step that sets the password came again."""
    await connection.execute(_of(at).values(password_repeats=activations.c.password_repeats + 1))


async def password_hash(connection: AsyncConnection, account_id: UUID) -> str | None:
    """The hash of the password in force."""
    found = await connection.execute(select(accounts.c.password_hash).where(accounts.c.id == account_id))
    return found.scalar_one_or_none()


async def activate(connection: AsyncConnection, account_id: UUID, *, now: datetime) -> None:
    """The account is active."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(activated_at=now, version=accounts.c.version + 1)
    )


def _of(at: Standing) -> Any:
    return update(activations).where(
        activations.c.account_id == at.account_id, activations.c.issue == at.issue
    )


def _standing(row: Any, keyring: Keyring, contacts: Mapping[Kind, Contact]) -> Standing:
    masked = ""
    if row.snils_box is not None:
        sealed = Sealed(row.snils_box, row.snils_box_key)
        masked = Snils(keyring.open(sealed, context=f"snils of {row.person_id}")).masked
    return Standing(
        account_id=row.account_id,
        person_id=row.person_id,
        name=FullName(row.surname, row.given_name, row.patronymic),
        birth_date=row.birth_date,
        snils_masked=masked,
        gender=Gender(row.gender) if row.gender else None,
        issue=row.issued_count,
        issued_at=row.issued_at,
        temporary_until=row.temporary_until,
        has_password=row.password_hash is not None,
        activated_at=row.activated_at,
        data_confirmed_at=row.data_confirmed_at,
        contacts_given_at=row.contacts_given_at,
        password_repeats=row.password_repeats or 0,
        contacts=contacts,
        correction_waiting=row.correction_waiting,
    )
