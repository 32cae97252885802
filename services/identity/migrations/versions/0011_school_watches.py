"""Which schools work with the mesh, and who waits for one.

Revision ID: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE schools
        ADD COLUMN connection text NOT NULL DEFAULT 'CONNECTED',
        ADD COLUMN connects_on date
    """,
    """
    CREATE TABLE school_watches (
        id uuid PRIMARY KEY,
        school_id uuid NOT NULL,
        email_box bytea NOT NULL,
        email_box_key smallint NOT NULL,
        email_index bytea NOT NULL,
        email_index_key smallint NOT NULL,
        language text NOT NULL,
        token_digest bytea NOT NULL,
        asked_at timestamptz NOT NULL,
        confirmed_at timestamptz
    )
    """,
    "CREATE UNIQUE INDEX school_watches_one_per_address ON school_watches (school_id, email_index)",
    "CREATE UNIQUE INDEX school_watches_by_token ON school_watches (token_digest)",
    "CREATE INDEX school_watches_by_age ON school_watches (asked_at)",
)


def upgrade() -> None:
    """Schools that are known work with the mesh."""
    for statement in _STATEMENTS:
        op.execute(statement)
