"""Erasures as rows; reading and erasing what a catalogue lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.metadata import metadata
from services.identity.own_data.rules import Cause, Erasure
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import hold, people, person_roles

_OPERATORS: Final = 0x6F70657261746F72  # operators go one at a time, so that one is left

erasures = Table(
    "erasures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("cause", Text, nullable=False),  # a `Cause`
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("erases_at", DateTime(timezone=True), nullable=False),
    # One of the two at the most; null both: it waits.
    Column("cancelled_at", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    # An account is erased once at a time.
    Index(
        "erasures_one_waiting",
        "account_id",
        unique=True,
        postgresql_where=text("cancelled_at IS NULL AND done_at IS NULL"),
    ),
    # The worker's question.
    Index("erasures_due", "erases_at", postgresql_where=text("cancelled_at IS NULL AND done_at IS NULL")),
    # An export's.
    Index("erasures_by_person", "person_id"),
)

_WAITS: Final = (erasures.c.cancelled_at.is_(None), erasures.c.done_at.is_(None))


async def lock_account(connection: AsyncConnection, person_id: UUID) -> UUID | None:
    """The account of a person, which changes for nobody else until the transaction ends."""
    await hold(connection, person_id)
    account: UUID | None = await connection.scalar(
        select(accounts.c.id).where(accounts.c.person_id == person_id).with_for_update()
    )
    return account


async def waiting(connection: AsyncConnection, account_id: UUID) -> Erasure | None:
    """The erasure of an account that waits."""
    found = await connection.execute(select(erasures).where(erasures.c.account_id == account_id, *_WAITS))
    row = found.first()
    return None if row is None else _erasure(row)


async def insert_erasure(connection: AsyncConnection, erasure: Erasure, *, at: datetime) -> None:
    """Have an account erased."""
    await connection.execute(
        insert(erasures).values(
            id=erasure.id,
            person_id=erasure.person_id,
            account_id=erasure.account_id,
            cause=erasure.cause,
            requested_at=at,
            erases_at=erasure.erases_at,
        )
    )


async def cancel(connection: AsyncConnection, account_id: UUID, *, at: datetime) -> list[Erasure]:
    """Take the erasure that waits back; which one it was."""
    cancelled = await connection.execute(
        update(erasures)
        .where(erasures.c.account_id == account_id, *_WAITS)
        .values(cancelled_at=at)
        .returning(*erasures.c)
    )
    return [_erasure(row) for row in cancelled]


async def take_due(connection: AsyncConnection, *, now: datetime) -> Erasure | None:
    """An erasure whose time has come, for this transaction alone."""
    found = await connection.execute(
        select(erasures)
        .where(erasures.c.erases_at <= now, *_WAITS)
        .order_by(erasures.c.erases_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = found.first()
    return None if row is None else _erasure(row)


async def done(connection: AsyncConnection, erasure_id: UUID, *, at: datetime) -> None:
    """The erasure has happened."""
    await connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(done_at=at))


async def move_account(
    connection: AsyncConnection, account_id: UUID, before: AccountState, after: AccountState
) -> bool:
    """Take an account from one state to another; whether it was in the first."""
    moved = await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.state == before)
        .values(state=after, version=accounts.c.version + 1)
    )
    return moved.rowcount == 1


async def is_last_operator(connection: AsyncConnection, person_id: UUID, *, at_once: bool) -> bool:
    """Whether the region would be without an operator; no other operator can go meanwhile.

    Args:
        connection: of the transaction that has the person go.
        person_id: who is to go.
        at_once: whether others who wait to be erased still count, because they can change their mind.
    """
    holds = exists().where(person_roles.c.person_id == person_id, person_roles.c.role == Role.OPERATOR)
    if not await connection.scalar(select(holds)):
        return False
    await connection.execute(select(func.pg_advisory_xact_lock(_OPERATORS)))
    goes = exists().where(erasures.c.account_id == accounts.c.id, *_WAITS)
    others = (
        select(literal(1))
        .join_from(person_roles, people, people.c.id == person_roles.c.person_id)
        .join(accounts, accounts.c.person_id == people.c.id)
        .where(
            person_roles.c.role == Role.OPERATOR,
            people.c.id != person_id,
            people.c.status == PersonStatus.ACTIVE,
            accounts.c.state == AccountState.OPEN,
        )
        .limit(1)
    )
    return await connection.scalar(others if at_once else others.where(~goes)) is None


async def next_version(connection: AsyncConnection, person_id: UUID) -> int:
    """The next version of a person, for an event about them."""
    moved = await connection.execute(
        update(people)
        .where(people.c.id == person_id)
        .values(version=people.c.version + 1)
        .returning(people.c.version)
    )
    return int(moved.scalar_one())


async def rows_of(
    connection: AsyncConnection, table: Table, theirs: Mapping[str, UUID]
) -> list[dict[str, Any]]:
    """The rows of a table that belong to somebody; ``theirs``: what its columns hold then."""
    if not theirs:
        return []
    found = await connection.execute(
        select(table).where(_belongs(table, theirs)).order_by(*table.primary_key.columns)
    )
    return [dict(row) for row in found.mappings()]


async def remove(connection: AsyncConnection, table: Table, theirs: Mapping[str, UUID]) -> None:
    """Remove the rows that belong to somebody."""
    await connection.execute(delete(table).where(_belongs(table, theirs)))


async def leave_with(
    connection: AsyncConnection, table: Table, theirs: Mapping[str, UUID], values: Mapping[str, Any]
) -> None:
    """Set columns of the rows that belong to somebody."""
    await connection.execute(update(table).where(_belongs(table, theirs)).values(**values))


def _belongs(table: Table, theirs: Mapping[str, UUID]) -> Any:
    return or_(*(table.c[column] == value for column, value in theirs.items()))


def _erasure(row: Any) -> Erasure:
    return Erasure(row.id, row.person_id, row.account_id, Cause(row.cause), row.erases_at)
