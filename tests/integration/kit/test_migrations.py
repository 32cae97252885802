"""The migrated schema is the one that the code queries."""

from __future__ import annotations

import asyncio

from sqlalchemy import Column, MetaData, Table, Text

from services.kit.migrations import compare, upgrade
from services.kit.tables import kit_metadata
from tests.conftest import DatabaseUrl
from tests.support.miniature import MIGRATIONS, miniature_metadata


async def test_the_migrated_schema_equals_the_tables(kit_url: str) -> None:
    assert await compare(kit_url, kit_metadata, miniature_metadata) == []


async def test_a_difference_is_seen(kit_url: str) -> None:
    """The calibration of the test above."""
    more = MetaData()
    Table("forgotten", more, Column("name", Text))
    differences = await compare(kit_url, kit_metadata, miniature_metadata, more)
    assert [difference[0] for difference in differences] == ["add_table"]


async def test_replicas_that_migrate_at_once_do_not_collide(database_url: DatabaseUrl) -> None:
    url = await database_url("empty")
    await asyncio.gather(*(upgrade(url, MIGRATIONS) for _ in range(5)))
    assert await compare(url, kit_metadata, miniature_metadata) == []
