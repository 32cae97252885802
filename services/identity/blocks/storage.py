"""Blocked accounts, as rows."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.blocks.rules import Standing


async def lock(connection: AsyncConnection, account_id: UUID) -> Standing:
    """How the account stands, and does so for everybody else until the transaction ends."""
    found = await connection.execute(
        select(accounts.c.state, accounts.c.blocking_school_id)
        .where(accounts.c.id == account_id)
        .with_for_update()
    )
    row = found.one()
    return Standing(AccountState(row.state), row.blocking_school_id)


async def move(
    connection: AsyncConnection,
    account_id: UUID,
    after: AccountState,
    *,
    blocking_school_id: UUID | None = None,
) -> None:
    """Have a locked account be in another state from now on."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(state=after, blocking_school_id=blocking_school_id, version=accounts.c.version + 1)
    )
