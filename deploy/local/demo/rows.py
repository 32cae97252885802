"""Rows on their way into a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import asyncpg
from sqlalchemy import Table

Row = Mapping[str, Any]
"""A row by the names of its columns; all rows of one table name the same ones."""

Filling = Iterator[tuple[Table, Iterable[Row]]]
"""Tables in an order that foreign keys allow, each with its rows."""


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
