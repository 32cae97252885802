"""Accounts that schools issue and persons activate: one file of statements for each capability.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

from services.identity.migrations.accounts import STATEMENTS

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
