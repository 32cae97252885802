"""Cases that the refused person asked the school about.

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE cases
        ADD COLUMN asked_at timestamptz,
        ADD COLUMN tracking_digest bytea,
        ADD COLUMN email_box bytea,
        ADD COLUMN email_box_key smallint,
        ADD CONSTRAINT cases_email_whole CHECK (num_nulls(email_box, email_box_key) IN (0, 2)),
        ADD CONSTRAINT cases_asked CHECK (asked_at IS NOT NULL OR tracking_digest IS NULL)
    """,
    "CREATE UNIQUE INDEX cases_by_code ON cases (tracking_digest) WHERE tracking_digest IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
