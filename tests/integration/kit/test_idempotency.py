"""The same request sent again: one act, one reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.wrappers_pb2 import Int64Value, StringValue
from sqlalchemy import func, insert, select

from services.kit.database import Database
from services.kit.idempotency import BadRequestId, RequestIdReused, once
from tests.support.miniature import effects


@pytest.fixture
async def database(kit_url: str) -> AsyncIterator[Database]:
    opened = Database(kit_url, pool_size=20)
    yield opened
    await opened.close()


async def _ask(
    database: Database, wish: str, *, request_id: str = "r-1", actor: str = "a", fail: bool = False
) -> int:
    """Ask for a row; the reply is its number."""
    async with database.transaction() as tx:

        async def act() -> Int64Value:
            row = await tx.execute(insert(effects).values(what=wish, version=1).returning(effects.c.id))
            if fail:
                raise RuntimeError
            return Int64Value(value=row.scalar_one())

        reply = await once(
            tx,
            method="Add",
            actor=actor,
            request_id=request_id,
            request=StringValue(value=wish),
            reply_type=Int64Value,
            act=act,
        )
        return reply.value


async def _rows(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(effects)) or 0


async def test_a_repeated_request_gets_the_first_reply(database: Database) -> None:
    first = await _ask(database, "five")
    assert await _ask(database, "five") == first
    assert await _rows(database) == 1


async def test_twenty_at_once_are_acted_on_once(database: Database) -> None:
    replies = await asyncio.gather(*(_ask(database, "five") for _ in range(20)))
    assert len(set(replies)) == 1
    assert await _rows(database) == 1


async def test_without_the_request_id_twenty_at_once_are_twenty(database: Database) -> None:
    """The calibration of the test above."""
    replies = await asyncio.gather(*(_ask(database, "five", request_id=f"r-{n}") for n in range(20)))
    assert len(set(replies)) == 20


async def test_another_content_under_the_same_id_is_refused(database: Database) -> None:
    await _ask(database, "five")
    with pytest.raises(RequestIdReused):
        await _ask(database, "two")
    assert await _rows(database) == 1


async def test_of_different_contents_at_once_one_wins(database: Database) -> None:
    answers = await asyncio.gather(
        *(_ask(database, wish) for wish in ("five", "two") * 10), return_exceptions=True
    )
    assert sum(isinstance(answer, RequestIdReused) for answer in answers) == 10
    assert len({answer for answer in answers if isinstance(answer, int)}) == 1
    assert await _rows(database) == 1


async def test_ids_of_different_people_are_different_ids(database: Database) -> None:
    assert await _ask(database, "five", actor="a") != await _ask(database, "two", actor="b")


async def test_a_failed_request_may_be_sent_again(database: Database) -> None:
    with pytest.raises(RuntimeError):
        await _ask(database, "five", fail=True)
    await _ask(database, "five")
    assert await _rows(database) == 1


async def test_who_waits_for_a_failing_request_acts_itself(database: Database) -> None:
    answers = await asyncio.gather(
        *(_ask(database, "five", fail=n == 0) for n in range(20)), return_exceptions=True
    )
    assert len({answer for answer in answers if isinstance(answer, int)}) == 1
    assert await _rows(database) == 1


@pytest.mark.parametrize("request_id", ["", "x" * 129])
async def test_a_request_id_has_a_sensible_length(database: Database, request_id: str) -> None:
    with pytest.raises(BadRequestId):
        await _ask(database, "five", request_id=request_id)
