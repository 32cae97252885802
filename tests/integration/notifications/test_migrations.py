"""The migrated database and the tables that the code queries are the same."""

from __future__ import annotations

from services.kit.migrations import compare
from services.kit.tables import kit_metadata
from services.notifications.tables import metadata
from tests.conftest import DatabaseUrl


async def test_migrations_lead_to_the_tables_the_code_knows(database_url: DatabaseUrl) -> None:
    assert await compare(await database_url("notifications"), metadata, kit_metadata) == []
