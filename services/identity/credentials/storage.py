"""Passwords of accounts, as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.credentials.rules.policy import Known
from services.identity.people.rules import FullName
from services.identity.people.storage import people


@dataclass(frozen=True, slots=True)
class Present:
    """What is in force before a password is set."""

    known: Known
    person_id: UUID
    password_hash: str | None = field(repr=False)
    is_temporary: bool


async def present(connection: AsyncConnection, account_id: UUID) -> Present | None:
    """The account's person and password; None when there is no such account."""
    found = await connection.execute(
        select(
            accounts.c.person_id,
            accounts.c.login,
            accounts.c.password_hash,
            accounts.c.temporary_until,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            people.c.birth_date,
        )
        .join_from(accounts, people, people.c.id == accounts.c.person_id)
        .where(accounts.c.id == account_id)
    )
    row = found.first()
    if row is None:
        return None
    name = FullName(row.surname, row.given_name, row.patronymic)
    return Present(
        Known(row.login or "", name, row.birth_date),
        row.person_id,
        row.password_hash,
        row.temporary_until is not None,
    )


async def replace_password(
    connection: AsyncConnection,
    account_id: UUID,
    password_hash: str,
    *,
    instead_of: str | None,
    now: datetime,
) -> bool:
    """Put a password that the person chose into force, if ``instead_of`` still is; whether it was.

    A temporary one is dead from now on (R13, A23).
    """
    moved = await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash.is_not_distinct_from(instead_of))
        .values(
            password_hash=password_hash,
            password_set_at=now,
            temporary_until=None,
            version=accounts.c.version + 1,
        )
    )
    return moved.rowcount == 1
