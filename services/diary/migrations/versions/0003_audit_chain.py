"""The audit is sealed into a chain, and names the person whom an entry concerns."""

from __future__ import annotations

from alembic import op

from services.kit.tables import kit_tables_v2

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the chain."""
    kit_tables_v2(op)
