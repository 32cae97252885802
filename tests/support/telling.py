"""People who are told everything."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection


async def willing(_connection: AsyncConnection, _person_id: UUID, /) -> bool:
    """Nobody has refused messages."""
    return False
