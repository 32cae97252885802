"""Hot reads by the driver itself give what reads by SQLAlchemy give, and fail as they fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import ARRAY, Date, Integer, Text, TypeDecorator, Uuid, bindparam, func, literal, select

from services.kit.database import Database
from services.kit.errors import Unavailable
from services.kit.reader import NotForTheDriver, Query, Reader
from tests.support.waiting import eventually

_VALUES = select(
    bindparam("who", type_=Uuid).label("who"),
    bindparam("day", type_=Date).label("day"),
    literal("слово").label("word"),
    func.jsonb_build_array("a", 1).label("plain"),
    func.array_agg(literal("x"), type_=ARRAY(Text)).label("many"),
)
_SLEEP = Query(select(func.pg_sleep(bindparam("seconds", type_=Integer))))
_CUT = Query(select(func.pg_terminate_backend(func.pg_backend_pid())))
_ONE = Query(select(literal(1)))


class _Shouted(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        return value and value.upper()


@pytest.fixture
async def reader(kit_url: str) -> AsyncIterator[Reader]:
    async with Reader(kit_url, pool_size=1) as opened:
        yield opened


async def test_a_row_is_what_sqlalchemy_reads(reader: Reader, kit_url: str) -> None:
    values = {"who": uuid4(), "day": date(2026, 2, 28)}
    async with Database(kit_url) as database, database.read() as connection:
        theirs = (await connection.execute(_VALUES, values)).one()

    (ours,) = await reader.rows(Query(_VALUES), **values)

    assert tuple(ours) == tuple(theirs)
    assert tuple(ours.keys()) == tuple(theirs._fields)


async def test_a_missing_parameter_is_an_error(reader: Reader) -> None:
    with pytest.raises(KeyError):
        await reader.rows(Query(_VALUES), who=uuid4())


async def test_a_value_of_a_wrong_type_is_not_taken_for_a_database_that_is_away(reader: Reader) -> None:
    with pytest.raises(asyncpg.DataError):
        await reader.rows(Query(_VALUES), who=uuid4(), day="tomorrow")


def test_a_type_that_sqlalchemy_would_convert_is_refused() -> None:
    with pytest.raises(NotForTheDriver):
        Query(select(literal("a", type_=_Shouted()).label("loud")))


async def test_a_database_that_is_away_is_a_typed_error() -> None:
    async with Reader("postgresql+asyncpg://nobody@127.0.0.1:1/nothing") as away:
        with pytest.raises(Unavailable):
            await away.rows(_ONE)


async def test_a_connection_that_is_cut_is_a_typed_error_and_the_next_one_works(reader: Reader) -> None:
    with pytest.raises(Unavailable):
        await reader.rows(_CUT)
    assert len(await reader.rows(_ONE)) == 1


async def test_a_read_that_is_given_up_returns_its_connection(reader: Reader) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.rows(_SLEEP, seconds=60)
    async with asyncio.timeout(5):
        assert len(await reader.rows(_ONE)) == 1


async def test_without_a_free_connection_a_read_is_refused_in_time(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.rows(_ONE)  # making the only connection may take longer than is waited for it below
    monkeypatch.setattr("services.kit.reader.POOL_WAIT_S", 0.1)
    busy = asyncio.create_task(reader.rows(_SLEEP, seconds=60))

    async def none_is_free() -> bool:
        return bool(reader._pool.get_idle_size() == 0)

    await eventually(none_is_free)

    with pytest.raises(Unavailable):
        await reader.rows(_ONE)

    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy
