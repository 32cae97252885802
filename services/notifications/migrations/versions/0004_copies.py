"""Up to when the copy of identity's facts is complete."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table; the copy is stale until identity says for the first time that all is told."""
    op.create_table(
        "copies",
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("complete_as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_copies"),
    )
