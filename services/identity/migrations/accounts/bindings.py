"""What migration 0002 does for bindings: the column that tells rows apart comes first in their indexes."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "DROP INDEX bindings_one_per_profile",
    """
    CREATE UNIQUE INDEX bindings_one_per_profile ON bindings (subject, region, provider)
        WHERE ended_at IS NULL
    """,
    "DROP INDEX bindings_one_per_account",
    """
    CREATE UNIQUE INDEX bindings_one_per_account ON bindings (account_id, region, provider)
        WHERE ended_at IS NULL
    """,
)
