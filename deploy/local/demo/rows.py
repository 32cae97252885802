"""Rows on their way into a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from google.protobuf.message import Message
from sqlalchemy import Table

from services.kit.ids import new_id

Row = Mapping[str, Any]
"""A row by the names of its columns; all rows of one table name the same ones."""

Filling = Iterator[tuple[Table, Iterable[Row]]]
"""Tables in an order that foreign keys allow, each with its rows."""


FIRST_VERSION = 1
"""Of everything that is loaded."""


def event_row(aggregate: UUID, event: Message, now: datetime) -> Row:
    """An event in the outbox, as publishing the first version of ``aggregate`` would leave it."""
    return {
        "id": new_id(),
        "type": event.DESCRIPTOR.full_name,
        "aggregate_id": aggregate,
        "aggregate_version": FIRST_VERSION,
        "payload": event.SerializeToString(),
        "occurred_at": now,
    }


async def copy(connection: asyncpg.Connection, filling: Filling) -> None:
    """Fill the tables by COPY, then have the planner look at them.

    Raises:
        KeyError: a row names a column that its table does not have.
    """
    for table, rows in filling:
        listed = list(rows)
        if not listed:
            continue
        columns = [table.c[name].name for name in listed[0]]
        await connection.copy_records_to_table(
            table.name, records=[tuple(row.values()) for row in listed], columns=columns
        )
        await connection.execute(f'ANALYZE "{table.name}"')
