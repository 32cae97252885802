"""One PostgreSQL database, one transaction per use case.

A use case changes rows, publishes events and leaves audit entries in one `Transaction`; all of it is
committed together or not at all. Nobody calls commit: leaving the block does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeAlias
from uuid import UUID

import asyncpg
from google.protobuf.message import Message
from sqlalchemy import CursorResult, Executable, literal, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.kit.errors import DomainError, Unavailable
from services.kit.ids import new_id
from services.kit.postgres import POOL_WAIT_S, connect_arguments, naming_unavailable, tells_unavailable

Driver: TypeAlias = "asyncpg.Connection"
"""A connection as the driver gives it."""

# Connections are renewed, so that a load balancer's or standby's change is noticed by idle ones too.
_RECYCLE_S: Final = 1800
# Every writing transaction ends with these, run by the driver itself: with SQLAlchemy around them they would
# cost it a tenth of its CPU.
_EVENTS: Final = (
    "INSERT INTO outbox (id, type, aggregate_id, aggregate_version, payload, occurred_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)"
)
_AUDIT: Final = (
    "INSERT INTO audit (id, at, actor, action, object_kind, object_id, why, subject) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_NOTHING: Final = select(literal(1))


class Transaction:
    """What one use case does to the database: rows, events and audit entries that stand or fall together."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._events: list[tuple[object, ...]] = []
        self._audit: list[tuple[object, ...]] = []
        self._afterwards: list[Callable[[], None]] = []

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement of SQLAlchemy Core; ``parameters``: one mapping, or a list for many rows."""
        return await self.connection.execute(statement, parameters)

    def publish(self, event: Message, *, aggregate: UUID, version: int) -> UUID:
        """Tell other services of a fact, once this transaction has committed; returns the event's id.

        Args:
            event: a message whose full name is the event's type and subject.
            aggregate: what the fact is about.
            version: grows with each change of the aggregate; consumers ignore what is older than they know.
        """
        event_id = new_id()
        kind, payload = event.DESCRIPTOR.full_name, event.SerializeToString()
        self._events.append((event_id, kind, aggregate, version, payload, datetime.now(UTC)))
        return event_id

    def audit(
        self,
        *,
        actor: str,
        action: str,
        object_kind: str,
        object_id: str,
        why: str | None = None,
        subject: UUID | None = None,
    ) -> None:
        """Leave an entry in the append-only audit: who did what to which object, and why if they said.

        Args:
            actor: the person's id, the same in every service; ``esia:…`` for somebody who is nobody here yet.
            action: the use case's verb, such as ``set_mark``.
            object_kind: what it was done to, such as ``mark``.
            object_id: which one.
            why: in the actor's words, or a machine reason.
            subject: the person whom it concerns, who may read the entry; None when it is nobody, or many.
        """
        entry = (new_id(), datetime.now(UTC), actor, action, object_kind, object_id, why, subject)
        self._audit.append(entry)

    def once_committed(self, call: Callable[[], None]) -> None:
        """Have ``call`` called when this has been committed, to wake who works on it; it must not block."""
        self._afterwards.append(call)

    def committed(self) -> None:
        """Call those who wanted to know; called once, just after the commit."""
        for call in self._afterwards:
            call()

    @property
    def has_events(self) -> bool:
        """Whether something was published."""
        return bool(self._events)

    @property
    def has_audit(self) -> bool:
        """Whether entries were left in the audit."""
        return bool(self._audit)

    async def flush(self) -> None:
        """Write the buffered events and audit entries; called once, just before the commit."""
        if not (self._events or self._audit):
            return
        driver = driver_of(self.connection)
        if not driver.is_in_transaction():
            # SQLAlchemy begins one with its first statement, and there was none.
            await self.connection.execute(_NOTHING)
        if self._events:
            await driver.executemany(_EVENTS, self._events)
        if self._audit:
            await driver.executemany(_AUDIT, self._audit)


class Database:
    """A pool of connections to the service's own database; opens the first one when it is first needed.

    ``async with`` closes it in the end.

    Args:
        url: ``postgresql+asyncpg://user:password@host:port/name``, or with ``?host=/folder`` for a socket.
        pool_size: the most connections held at once, beside those of `services.kit.reader.Reader`.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        connect_args = connect_arguments()
        self._engine = create_async_engine(
            url,
            connect_args=connect_args,
            hide_parameters=True,  # error texts reach logs, and parameters are names and numbers of people
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_S,
            pool_recycle=_RECYCLE_S,
            # The last one used is warm (its prepared statements, the server's caches), and idle ones may age.
            pool_use_lifo=True,
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._sessions = create_async_engine(
            url, connect_args=connect_args, hide_parameters=True, poolclass=NullPool
        )
        self._on_publish: list[Callable[[], None]] = []
        self._on_audit: list[Callable[[], None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises or is cancelled.

        The commit itself is shielded: a cancellation that arrives during it is raised after its outcome is
        known, so a change is never half done and its event is never forgotten.

        Raises:
            Unavailable: the database is down, full or overloaded.
        """
        with _while_running():
            async with _connection(self._engine) as connection:
                begun = await connection.begin()
                transaction = Transaction(connection)
                yield transaction

                async def finish() -> None:
                    with naming_unavailable():
                        await transaction.flush()
                        await begun.commit()
                    transaction.committed()
                    if transaction.has_events:
                        _call(self._on_publish)
                    if transaction.has_audit:
                        _call(self._on_audit)

                await _uninterrupted(finish())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reads that need no common snapshot: no BEGIN and COMMIT, two round trips saved.

        Raises:
            Unavailable: the database is down, full or overloaded.
        """
        with _while_running():
            async with _connection(self._reading) as connection:
                yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, beside the pool, for what is held long: a leader's lock.

        Raises:
            Unavailable: the database is down, full or overloaded.
        """
        with _while_running():
            async with _connection(self._sessions) as connection:
                yield connection

    def on_publish(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after each commit here that published something; it must not block."""
        self._on_publish.append(wake)

    def on_audit(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after each commit here that left audit entries; it must not block."""
        self._on_audit.append(wake)

    async def close(self) -> None:
        """Close the pool's connections."""
        await self._engine.dispose()


@contextmanager
def clash_raises(refusal: type[DomainError], *, of: str) -> Iterator[None]:
    """Around a transaction: who comes second where a constraint lets one in meets ``refusal``.

    Whoever came a moment later has looked before, and found nothing; the constraint alone knows.

    Args:
        refusal: what it means to them.
        of: the constraint, by its name in the database.
    """
    try:
        yield
    except IntegrityError as clash:
        if of in str(clash.orig):
            raise refusal from None
        raise


def driver_of(connection: AsyncConnection) -> Driver:
    """The driver's own connection under ``connection``, for statements that are run for every event.

    Outside of a transaction of ``connection`` each is committed by itself; inside one, after its first
    statement, it is a part of it.
    """
    # SQLAlchemy's own accessor would start a greenlet to read an attribute.
    driver: Driver = connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
    return driver


def _call(wakes: Iterable[Callable[[], None]]) -> None:
    for wake in wakes:
        wake()


@asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    with naming_unavailable():
        connection = await engine.connect()
    try:
        yield connection
    except BaseException:
        # Also rolls back what was not committed; a second cancellation must not leave that undone.
        await _uninterrupted(connection.close())
        raise
    # Nothing is open any more: it goes back to its pool without a wait in which it could be interrupted.
    await connection.close()


async def _uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` to its end, whatever happens to the caller; then raise a cancellation that came."""
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            cancellation = cancelled
    if cancellation is not None:
        if not task.cancelled():
            task.exception()  # looked at: the caller is told of the cancellation instead
        raise cancellation
    task.result()


@contextmanager
def _while_running() -> Iterator[None]:
    """Name the errors of statements, also those in a caller's block."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or tells_unavailable(getattr(error.orig, "sqlstate", None)):
            raise Unavailable from error
        raise
