"""Which session the confirmation of a proposal has begun.

Revision ID: 0015
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE link_transactions ADD COLUMN session_id uuid")
