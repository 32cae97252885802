"""Bringing a service's database to the tables its code knows.

A service keeps ``migrations/versions/*.py`` (Alembic revisions) and nothing else: the environment is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

# One key for every service: each has its own database, and advisory locks belong to a database.
_MIGRATION_LOCK = 0x6D69677261746521


async def upgrade(url: str, script_location: Path) -> None:
    """Apply the revisions under ``script_location`` that the database has not seen, in one transaction.

    Any number of replicas may call this at once: one migrates, the others wait and find nothing to do.

    Args:
        url: ``postgresql+asyncpg://…`` of the service's database.
        script_location: the folder that holds ``versions/``.
    """
    # A migration may take longer than any query of the service: no statement timeout here.
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection, connection.begin():
            # Held to the end of the transaction, so nothing is left to release when the process dies.
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_apply, script_location)
    finally:
        await engine.dispose()


async def compare(url: str, *metadata: MetaData) -> list[Any]:
    """What would have to change for the database to have exactly the tables of ``metadata``.

    Returns:
        Alembic's differences; empty when the migrated schema equals the tables.
    """
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences, metadata)
    finally:
        await engine.dispose()


def _apply(connection: Connection, script_location: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)

    def to_head(revision: Any, _context: MigrationContext) -> list[RevisionStep]:
        return list(script._upgrade_revs("head", revision))  # noqa: SLF001 - as Alembic's own command does

    with EnvironmentContext(config, script, fn=to_head) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()


def _differences(connection: Connection, metadata: Sequence[MetaData]) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "target_metadata": list(metadata),
            "compare_type": True,
            "compare_server_default": True,
        },
    )
    # Several collections of tables are compared as one: what a service owns and what the kit adds.
    return list(compare_metadata(context, list(metadata)))  # type: ignore[arg-type]  # a sequence is accepted
