"""A copy that needs nobody to say that it is complete: for tests of what is done with it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from services.kit.database import Database

_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


async def complete_for_ever(database_url: str, stream: str = "IDENTITY") -> str:
    """Have a service's copy of ``stream`` count as complete, whatever it is told; returns the database."""
    async with Database(database_url, pool_size=1) as database, database.transaction() as tx:
        await tx.execute(
            text("INSERT INTO copies (stream, complete_as_of) VALUES (:stream, :as_of)"),
            {"stream": stream, "as_of": _FOR_EVER},
        )
    return database_url
