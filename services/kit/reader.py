"""Hot reads: SQLAlchemy Core writes the SQL, once; asyncpg runs it.

Through an `AsyncConnection` a statement costs the service about three times the processor time: two
greenlets with stacks of their own, an execution context, a cursor and its result. A read that families do
all evening goes without; everything else uses `services.kit.database`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import asyncpg
import orjson
from sqlalchemy import ARRAY, Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeEngine

from services.kit.postgres import POOL_WAIT_S, connect_arguments, naming_unavailable

Record: TypeAlias = asyncpg.Record
"""A row as the driver gives it: a sequence of values that also knows its columns' names."""

_DIALECT: Final = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
# Seconds for reads in progress to end when the service stops.
_CLOSE_S: Final = 5


class NotForTheDriver(TypeError):
    """A statement needs conversions that SQLAlchemy does and the driver does not."""


class Query:
    """A statement for `Reader`, compiled once.

    Raises `NotForTheDriver` when a parameter or column is of a type that the driver does not pass as it is.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        if compiled.post_compile_params:
            raise NotForTheDriver("the SQL depends on the values of its parameters")
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        for name in self._names:
            if _impl(compiled.binds[name].type).bind_processor(_DIALECT) is not None:
                raise NotForTheDriver(f"parameter {name}")
        for column in statement.selected_columns:
            if _impl(column.type).result_processor(_DIALECT, None) is not None:
                raise NotForTheDriver(f"column {column}")
        # Literals of the statement: SQLAlchemy makes them parameters as well.
        self._literals = {
            name: compiled.binds[name].value for name in self._names if not compiled.binds[name].required
        }

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """``values`` in the order of the statement. Raises `KeyError` when one is missing."""
        known = self._literals | values
        return [known[name] for name in self._names]


class Reader:
    """A pool of connections to the service's own database that only read, each statement by itself.

    Use as an async context manager; the first connection is made when it is first needed.

    Args:
        url: as of `services.kit.database.Database`.
        pool_size: the most connections held at once, beside those of `Database`.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        _, address = _DIALECT.create_connect_args(make_url(url))  # type: ignore[no-untyped-call]
        # The last one used is warm, and idle ones are closed after some minutes: the pool's own defaults.
        self._pool = asyncpg.create_pool(
            **address,
            **connect_arguments(),
            min_size=0,
            max_size=pool_size,
            init=_with_json,
            # Nothing here changes a session, so there is nothing to undo: the default is a round trip.
            reset=_nothing,
        )

    async def __aenter__(self) -> Self:
        await self._pool
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Out of patience the pool cuts its connections.
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._pool.close()

    async def rows(self, query: Query, /, **values: Any) -> list[Record]:
        """All rows of ``query``.

        Raises:
            Unavailable: the database is down, full or overloaded.
        """
        with naming_unavailable():
            async with asyncio.timeout(POOL_WAIT_S):
                connection = await self._pool.acquire()
            try:
                found: list[Record] = await connection.fetch(query.sql, *query.arguments(values))
                return found
            finally:
                # Shielded by the pool; it also waits until a cancelled statement has ended.
                await self._pool.release(connection)


def _impl(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # The driver makes lists of arrays by itself: what counts is what they hold.
    one = kind.item_type if isinstance(kind, ARRAY) else kind
    return one.dialect_impl(_DIALECT)


async def _with_json(connection: asyncpg.Connection) -> None:
    """Read ``jsonb`` as Python values, as SQLAlchemy does."""
    await connection.set_type_codec(
        "jsonb", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
    )


async def _nothing(_: asyncpg.Connection) -> None:
    """Leave a connection as it is."""
