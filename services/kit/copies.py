"""A copy of another service's facts: told late, twice or in any order, the newest version stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def keep_newest(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Write a copied fact unless the table holds it at the same or a newer version; true when it was written.

    Args:
        connection: of the event's transaction.
        table: has a column ``version``, that of the owner's fact.
        row: the fact; columns that it does not name keep what they hold.
    """
    fresh = insert(table).values(row)
    key = [column.name for column in table.primary_key.columns]
    changed = {name: fresh.excluded[name] for name in row if name not in key}
    written = await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=key, set_=changed, where=table.c.version < fresh.excluded.version
        )
    )
    return written.rowcount == 1
