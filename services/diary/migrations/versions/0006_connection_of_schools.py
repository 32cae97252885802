"""Whether a school works with the mesh; those that are here do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the state and the day."""
    op.add_column("schools", sa.Column("connection", sa.Text, nullable=False, server_default="CONNECTED"))
    op.add_column("schools", sa.Column("connects_on", sa.Date))
