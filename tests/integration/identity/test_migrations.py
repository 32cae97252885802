"""The migrated database has exactly the tables that the code queries."""

from __future__ import annotations

from services.identity import app
from services.identity.metadata import metadata
from services.kit.migrations import compare, upgrade
from services.kit.tables import kit_metadata
from tests.conftest import DatabaseUrl


async def test_migrations_and_tables_agree(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    assert await compare(url, metadata, kit_metadata) == []


async def test_migrating_twice_changes_nothing(database_url: DatabaseUrl) -> None:
    url = await database_url("identity")

    await upgrade(url, app.MIGRATIONS)

    assert await compare(url, metadata, kit_metadata) == []
