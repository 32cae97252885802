"""A transaction is whole: rows, events and audit together, whatever happens to who began it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.kit.database import Database, Transaction, clash_raises
from services.kit.errors import DomainError, StatusCode, Unavailable
from services.kit.ids import new_id
from services.kit.tables import audit, outbox
from tests.support.miniature import effects
from tests.support.waiting import eventually


@pytest.fixture
async def database(kit_url: str) -> AsyncIterator[Database]:
    opened = Database(kit_url, pool_size=2)
    yield opened
    await opened.close()


async def _do(tx: Transaction) -> None:
    """A row, an event, an audit entry."""
    await tx.execute(insert(effects).values(what="done", version=1))
    tx.publish(StringValue(value="done"), aggregate=new_id(), version=1)
    tx.audit(actor="a", action="do", object_kind="thing", object_id="1", why="because")


async def _left(database: Database) -> tuple[int, int, int]:
    """How many rows, events and audit entries there are."""
    async with database.read() as connection:
        row = await connection.execute(
            select(*(select(func.count()).select_from(t).scalar_subquery() for t in (effects, outbox, audit)))
        )
        rows, events, entries = row.one()
        return rows, events, entries


async def test_all_is_committed_together(database: Database) -> None:
    async with database.transaction() as tx:
        await _do(tx)
    assert await _left(database) == (1, 1, 1)


async def test_nothing_remains_of_a_failure(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await _do(tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await _left(database) == (0, 0, 0)


async def test_of_two_that_wait_for_each_other_one_is_told_to_come_again(database: Database) -> None:
    """PostgreSQL gives one of them up whole: a typed refusal that may be repeated, no fault of ours."""
    both_hold = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(text(f"SELECT pg_advisory_xact_lock({first})"))
            await both_hold.wait()
            await tx.execute(text(f"SELECT pg_advisory_xact_lock({second})"))

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Unavailable]


async def test_a_cancellation_between_two_awaits_leaves_nothing(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as tx:
            await _do(tx)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await _left(database) == (0, 0, 0)


async def _slow_commits(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$"
            )
        )
        await tx.execute(
            text(
                "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION slow()"
            )
        )


@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancellation_during_the_commit_loses_nothing(database: Database, times: int) -> None:
    """The change, its event and its audit entry are there, the relay is woken, the caller is cancelled."""
    await _slow_commits(database)
    woken = asyncio.Event()
    database.on_publish(woken.set)

    async def work() -> None:
        async with database.transaction() as tx:
            await _do(tx)

    async def it_commits() -> bool:
        async with database.read() as connection:
            found = await connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND state = 'active' "
                    "AND datname = current_database()"
                )
            )
        return bool(found)

    task = asyncio.create_task(work())
    await eventually(it_commits)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    assert task.cancelled()
    assert await _left(database) == (1, 1, 1)
    assert woken.is_set()


async def test_connections_survive_cancellations(database: Database) -> None:
    """A pool of two serves on, after twenty of its transactions were cancelled at any point."""

    async def work() -> None:
        async with database.transaction() as tx:
            await _do(tx)
            await tx.execute(text("SELECT pg_sleep(0.01)"))

    for steps in range(20):
        task = asyncio.create_task(work())
        for _ in range(steps * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    rows, events, entries = await _left(database)
    assert rows == events == entries
    await work()


async def test_the_relay_is_woken_by_commits_that_published(database: Database) -> None:
    wakes: list[int] = []
    database.on_publish(lambda: wakes.append(1))
    async with database.transaction() as tx:
        await tx.execute(insert(effects).values(what="silent", version=1))
    assert not wakes
    async with database.transaction() as tx:
        await _do(tx)
        assert not wakes
    assert wakes == [1]


async def test_who_waits_for_a_commit_is_called_after_it_alone(database: Database) -> None:
    """Whoever looks when called finds the rows; after a failure nobody is called."""
    called: list[str] = []

    async def fail() -> None:
        async with database.transaction() as tx:
            tx.once_committed(lambda: called.append("failed"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.transaction() as tx:
        await _do(tx)
        tx.once_committed(lambda: called.append("done"))
        assert called == []
    assert called == ["done"]


@pytest.mark.parametrize("statement", ["UPDATE audit SET why = ''", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_audit_is_append_only(database: Database, statement: str) -> None:
    async with database.transaction() as tx:
        await _do(tx)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text(statement))
    assert await _left(database) == (1, 1, 1)


async def test_a_database_that_is_away_is_a_typed_error() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable):
        async with away.transaction() as tx:
            await _do(tx)
    with pytest.raises(Unavailable):
        async with away.read():
            pytest.fail("there is nothing to read")


async def test_a_connection_that_is_cut_is_a_typed_error_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(Unavailable):
        async with database.transaction() as tx:
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with database.transaction() as tx:
        await _do(tx)
    assert await _left(database) == (1, 1, 1)


async def test_an_error_of_the_network_inside_a_block_is_not_taken_for_the_database(
    database: Database,
) -> None:
    with pytest.raises(ConnectionRefusedError):
        async with database.transaction():
            raise ConnectionRefusedError


class Taken(DomainError):
    """Somebody was faster."""

    status = StatusCode.ALREADY_EXISTS
    reason = "TAKEN"
    title = "Somebody was faster"


@pytest.mark.parametrize(("constraint", "met"), [("outbox_pkey", Taken), ("another", IntegrityError)])
async def test_who_comes_second_at_a_constraint_meets_its_refusal(
    database: Database, constraint: str, met: type[Exception]
) -> None:
    """The clash of another constraint stays what it is."""
    event = {"id": new_id(), "type": "x", "aggregate_id": new_id(), "aggregate_version": 1, "payload": b""}
    write = insert(outbox).values(event | {"occurred_at": datetime(2026, 9, 1, tzinfo=UTC)})
    async with database.transaction() as tx:
        await tx.execute(write)

    with pytest.raises(met), clash_raises(Taken, of=constraint):
        async with database.transaction() as tx:
            await tx.execute(write)


async def test_errors_do_not_quote_parameters(database: Database) -> None:
    """A33: parameters are names and numbers of people."""
    with pytest.raises(DBAPIError) as failed:
        async with database.transaction() as tx:
            await tx.execute(text("SELECT CAST(:name AS text), no_such_column"), {"name": "Иванова"})
    assert "Иванова" not in str(failed.value)
