"""Blocked accounts, as rows."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts


async def lock_state(connection: AsyncConnection, account_id: UUID) -> AccountState:
    """How the account is, and stays for everybody else until the transaction ends."""
    found = await connection.execute(
        select(accounts.c.state).where(accounts.c.id == account_id).with_for_update()
    )
    return AccountState(found.scalar_one())
