"""A right of which nothing could be read yet has a place in the copy, where it counts as over."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = (
    "ALTER TABLE relations ALTER COLUMN guardian_id DROP NOT NULL, ALTER COLUMN pupil_id DROP NOT NULL",
    "ALTER TABLE delegations ALTER COLUMN trusted_id DROP NOT NULL, ALTER COLUMN pupil_id DROP NOT NULL",
)


def upgrade() -> None:
    """Let the columns be empty."""
    for statement in _STATEMENTS:
        op.execute(statement)
