"""The migrated database and the tables that the code queries are the same."""

from __future__ import annotations

from services.identity.app import MIGRATIONS
from services.identity.tables import metadata
from services.kit.migrations import compare, upgrade
from services.kit.tables import kit_metadata
from tests.conftest import DatabaseUrl


async def test_migrations_lead_to_the_tables_the_code_knows(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    assert await compare(url, metadata, kit_metadata) == []


async def test_migrating_twice_changes_nothing(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    await upgrade(url, MIGRATIONS)

    assert await compare(url, metadata, kit_metadata) == []
