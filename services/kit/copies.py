"""A copy of another service's facts: told late, twice or in any order, the newest version stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, and_, func, or_, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

# Says by which event a fact came, and nothing of the fact itself.
_SOURCE: Final = "source_event"


async def keep_newest(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Write a copied fact unless the table holds a newer one, or the same; true when it was written.

    A version is one fact: where the table holds something else at it, what the owner says now is true. So an
    owner that tells its facts again puts a copy right that had gone wrong.

    Args:
        connection: of the event's transaction.
        table: has a column ``version``, that of the owner's fact.
        row: the fact; columns that it does not name keep what they hold.
    """
    fresh = insert(table).values(row)
    key = [column.name for column in table.primary_key.columns]
    changed = {name: fresh.excluded[name] for name in row if name not in key}
    told = [name for name in changed if name not in {"version", _SOURCE}]
    differs = tuple_(*(table.c[name] for name in told)).is_distinct_from(
        tuple_(*(changed[name] for name in told))
    )
    newest = or_(
        table.c.version < fresh.excluded.version,
        and_(table.c.version == fresh.excluded.version, differs),
    )
    written = await connection.execute(
        fresh.on_conflict_do_update(index_elements=key, set_=changed, where=newest)
    )
    return written.rowcount == 1


async def count_as_over(connection: AsyncConnection, table: Table, key: UUID, *, version: int) -> None:
    """Have a copied right count as over, if what its owner said of it at ``version`` could not be read.

    It counts as known at that version, also where nothing was known of it: what is older does not bring it
    back, whenever it is told; that version does, and whatever is newer.

    Args:
        connection: of the transaction that gives the event up.
        table: has a key of one column, a ``version``, and ``ended_at``; all else may be empty.
        key: which right.
        version: of the owner's fact.
    """
    [name] = [column.name for column in table.primary_key.columns]
    unread = insert(table).values({name: key, "ended_at": func.now(), "version": version})
    await connection.execute(
        unread.on_conflict_do_update(
            index_elements=[name],
            set_={
                "ended_at": func.coalesce(table.c.ended_at, unread.excluded.ended_at),
                "version": unread.excluded.version,
            },
            where=table.c.version < unread.excluded.version,
        )
    )


async def know_no_more(
    connection: AsyncConnection, table: Table, key: UUID, *columns: str, version: int, source_event: UUID
) -> None:
    """Empty the columns of a copied fact by which it opens something, if it could not be read at ``version``.

    It counts as known at that version, as with `count_as_over`.

    Args:
        connection: of the transaction that gives the event up.
        table: has a key of one column, a ``version`` and a ``source_event``; all else may be empty.
        key: which fact.
        columns: what opens something.
        version: of the owner's fact.
        source_event: the event.
    """
    [name] = [column.name for column in table.primary_key.columns]
    emptied = {**dict.fromkeys(columns), "version": version, _SOURCE: source_event}
    unread = insert(table).values({name: key, **emptied})
    await connection.execute(
        unread.on_conflict_do_update(
            index_elements=[name], set_=emptied, where=table.c.version < unread.excluded.version
        )
    )
