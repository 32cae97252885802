"""Recoveries, as rows: what was sent is kept as digests alone, and used up by one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.contacts.rules import CODE_ATTEMPTS, Kind
from services.identity.metadata import metadata
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people
from services.identity.recoveries.rules import Recovery

recoveries = Table(
    "recoveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("contact", Text, nullable=False),  # a `Kind`
    # The address it went to, blindly indexed: changed meanwhile, the recovery is dead (A25, A26).
    Column("address_digest", LargeBinary, nullable=False),
    Column("proof_digest", LargeBinary, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("attempts_left", SmallInteger, nullable=False),
    Column("message_id", Uuid, nullable=False),
    # The last one alone holds.
    Index("recoveries_one_per_contact", "account_id", "contact", unique=True),
    # The link that somebody followed.
    Index("recoveries_by_proof", "proof_digest"),
    # The sweep of those that nobody completed.
    Index("recoveries_by_expiry", "expires_at"),
)

_may_enter = (accounts.c.state == AccountState.OPEN, people.c.status == PersonStatus.ACTIVE)
_COLUMNS = (
    recoveries.c.id,
    recoveries.c.account_id,
    accounts.c.person_id,
    accounts.c.login,
    recoveries.c.contact,
    recoveries.c.address_digest,
    recoveries.c.proof_digest,
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose password is to be recovered."""

    account_id: UUID
    person_id: UUID


async def lock_holder(connection: AsyncConnection, login: str) -> Holder | None:
    """The active account with this normal login, whose recoveries now begin one at a time."""
    found = await connection.execute(
        select(accounts.c.id, accounts.c.person_id)
        .join_from(accounts, people, people.c.id == accounts.c.person_id)
        .where(accounts.c.login == login, accounts.c.activated_at.is_not(None), *_may_enter)
        .with_for_update(key_share=True, of=accounts)
    )
    row = found.first()
    return None if row is None else Holder(row.id, row.person_id)


async def lock_account(connection: AsyncConnection, account_id: UUID) -> None:
    """Take the account's row before those of its recoveries, as everybody does: else two wait in a circle."""
    await connection.execute(
        select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True)
    )


async def insert_recovery(
    connection: AsyncConnection,
    recovery: Recovery,
    *,
    begun_at: datetime,
    expires_at: datetime,
    message_id: UUID,
) -> None:
    """Write down what was sent."""
    await connection.execute(
        insert(recoveries).values(
            id=recovery.id,
            account_id=recovery.account_id,
            contact=recovery.contact,
            address_digest=recovery.address_digest,
            proof_digest=recovery.proof_digest,
            begun_at=begun_at,
            expires_at=expires_at,
            attempts_left=CODE_ATTEMPTS,
            message_id=message_id,
        )
    )


async def by_link(connection: AsyncConnection, proof_digest: bytes, *, now: datetime) -> Recovery | None:
    """The recovery to which a link's token belongs."""
    found = await connection.execute(
        select(*_COLUMNS)
        .join_from(recoveries, accounts, accounts.c.id == recoveries.c.account_id)
        .join(people, people.c.id == accounts.c.person_id)
        .where(
            recoveries.c.proof_digest == proof_digest,
            recoveries.c.contact == Kind.EMAIL,
            recoveries.c.expires_at > now,
            *_may_enter,
        )
    )
    return _recovery(found.first())


async def count_attempt(connection: AsyncConnection, recovery_id: UUID, *, now: datetime) -> Recovery | None:
    """The recovery to whose code this is an attempt, now one fewer; None when none is left.

    One statement, so that of attempts at once no more than are left are looked at (A21).
    """
    found = await connection.execute(
        update(recoveries)
        .where(
            recoveries.c.id == recovery_id,
            recoveries.c.contact == Kind.MOBILE,
            recoveries.c.expires_at > now,
            recoveries.c.attempts_left > 0,
            accounts.c.id == recoveries.c.account_id,
            people.c.id == accounts.c.person_id,
            *_may_enter,
        )
        .values(attempts_left=recoveries.c.attempts_left - 1)
        .returning(*_COLUMNS)
    )
    return _recovery(found.first())


async def uncount_attempt(connection: AsyncConnection, recovery_id: UUID) -> None:
    """The code was right, the password was not: the attempt was none."""
    await connection.execute(
        update(recoveries)
        .where(recoveries.c.id == recovery_id)
        .values(attempts_left=recoveries.c.attempts_left + 1)
    )


async def take(connection: AsyncConnection, recovery: Recovery, *, now: datetime) -> bool:
    """Use a recovery up; whether it was still there. Of several at once one is told so."""
    taken = await connection.execute(
        delete(recoveries).where(
            recoveries.c.id == recovery.id,
            recoveries.c.proof_digest == recovery.proof_digest,
            recoveries.c.expires_at > now,
            accounts.c.id == recoveries.c.account_id,
            people.c.id == accounts.c.person_id,
            *_may_enter,
        )
    )
    return taken.rowcount == 1


async def forget_recoveries(
    connection: AsyncConnection, account_id: UUID, *, contact: Kind | None = None
) -> list[UUID]:
    """Have no recovery wait any more; returns the messages whose links and codes are dead by that."""
    forgotten = await connection.execute(
        delete(recoveries)
        .where(
            recoveries.c.account_id == account_id,
            *((recoveries.c.contact == contact,) if contact else ()),
        )
        .returning(recoveries.c.message_id)
    )
    return list(forgotten.scalars())


async def sweep_recoveries(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove what nobody completed in time."""
    await connection.execute(delete(recoveries).where(recoveries.c.expires_at <= now))


def _recovery(row: Any) -> Recovery | None:
    if row is None:
        return None
    return Recovery(
        row.id,
        row.account_id,
        row.person_id,
        row.login or "",
        Kind(row.contact),
        row.address_digest,
        row.proof_digest,
    )
