"""Roles that have ended at a school.

Revision ID: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE former_roles (
        id uuid PRIMARY KEY,
        person_id uuid NOT NULL REFERENCES people,
        school_id uuid NOT NULL,
        role text NOT NULL,
        granted_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        ended_by uuid NOT NULL,
        reason text NOT NULL,
        CONSTRAINT former_roles_role CHECK (role IN ('PUPIL', 'GUARDIAN', 'TEACHER')),
        CONSTRAINT former_roles_reason CHECK (reason <> '')
    )
    """,
    "CREATE INDEX former_roles_by_school ON former_roles (school_id, id)",
    "CREATE INDEX former_roles_by_person ON former_roles (person_id, school_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
