"""Dead letters that are not to be applied, by somebody's decision."""

from __future__ import annotations

from alembic import op

from services.kit.tables import kit_tables_v3

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    kit_tables_v3(op)
