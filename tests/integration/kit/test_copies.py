"""A copied fact: whatever the order in which its versions are told, the newest one stays."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import select

from services.kit.copies import keep_newest
from services.kit.database import Database
from tests.support.miniature import effects


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
async def test_the_newest_version_stays_in_every_order(kit_url: str, order: tuple[int, ...]) -> None:
    async with Database(kit_url) as database, database.read() as connection:
        for version in order:
            await keep_newest(connection, effects, {"id": 1, "what": f"at {version}", "version": version})

        [kept] = await connection.execute(select(effects.c.what, effects.c.version))

    assert tuple(kept) == ("at 3", 3)


async def test_the_same_version_told_twice_is_no_news(kit_url: str) -> None:
    fact = {"id": 1, "what": "told", "version": 1}
    async with Database(kit_url) as database, database.read() as connection:
        assert await keep_newest(connection, effects, fact)
        assert not await keep_newest(connection, effects, fact)


async def test_what_the_owner_says_of_a_version_puts_a_wrong_copy_of_it_right(kit_url: str) -> None:
    async with Database(kit_url) as database, database.read() as connection:
        await keep_newest(connection, effects, {"id": 1, "what": "wrong", "version": 2})
        assert await keep_newest(connection, effects, {"id": 1, "what": "true", "version": 2})
        assert not await keep_newest(connection, effects, {"id": 1, "what": "older", "version": 1})

        [kept] = await connection.execute(select(effects.c.what, effects.c.version))

    assert tuple(kept) == ("true", 2)
