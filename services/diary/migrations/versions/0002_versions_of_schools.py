"""Schools, classes and memberships have versions, and memberships ids: others keep copies of them.

What was there before is at its first version.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    "ALTER TABLE schools ADD COLUMN version bigint DEFAULT 1 NOT NULL",
    "ALTER TABLE classes ADD COLUMN version bigint DEFAULT 1 NOT NULL",
    """
    ALTER TABLE memberships
        ADD COLUMN membership_id uuid DEFAULT gen_random_uuid() NOT NULL,
        ADD COLUMN version bigint DEFAULT 1 NOT NULL,
        ADD CONSTRAINT uq_memberships_membership_id UNIQUE (membership_id)
    """,
)


def upgrade() -> None:
    """Add the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
