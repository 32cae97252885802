"""Children whom ESIA names: searches under way, and proposals to schools.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE relations DROP CONSTRAINT relations_basis",
    """
    ALTER TABLE relations
        ADD CONSTRAINT relations_basis CHECK (basis IN ('SCHOOL', 'CREDENTIALS', 'ESIA'))
    """,
    """
    CREATE TABLE child_searches (
        state_digest bytea PRIMARY KEY,
        session_id uuid NOT NULL,
        person_id uuid NOT NULL REFERENCES people (id),
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX child_searches_by_expiry ON child_searches (expires_at)",
    """
    CREATE TABLE relation_proposals (
        id uuid PRIMARY KEY,
        guardian_id uuid NOT NULL REFERENCES people (id),
        pupil_id uuid NOT NULL REFERENCES people (id),
        school_id uuid NOT NULL,
        state text NOT NULL,
        proposed_at timestamptz NOT NULL,
        decided_at timestamptz,
        decided_by uuid,
        reason text NOT NULL DEFAULT '',
        CONSTRAINT relation_proposals_state CHECK (state IN ('WAITING', 'ACCEPTED', 'REFUSED'))
    )
    """,
    """
    CREATE UNIQUE INDEX relation_proposals_one_waiting ON relation_proposals (guardian_id, pupil_id)
    WHERE state = 'WAITING'
    """,
    """
    CREATE INDEX relation_proposals_of_school ON relation_proposals (school_id, id)
    WHERE state = 'WAITING'
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
