"""Who stands for a pupil by whose word, what courts forbid, and how guardians call their children.

Relations end with the pupil's childhood from here on; those that are registered already get their last day.
The copies of others learn it by ``python -m services.identity tell-again relations`` (deploy/README.md).

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE relations
        ADD COLUMN term date,
        ADD COLUMN basis text NOT NULL DEFAULT 'SCHOOL',
        ADD COLUMN document text NOT NULL DEFAULT '',
        ADD COLUMN registered_by uuid,
        ADD COLUMN ended_by uuid,
        ADD COLUMN ended_why text,
        ADD CONSTRAINT relations_basis CHECK (basis IN ('SCHOOL', 'CREDENTIALS'))
    """,
    """
    UPDATE relations
    SET term = relations.valid_until,
        valid_until = least(relations.valid_until, childhood.last_day)
    FROM (
        SELECT
            id,
            -- Born on 29 February: PostgreSQL says 28 February, which is that last day already.
            (birth_date + interval '18 years')::date
                - CASE WHEN to_char(birth_date, 'MM-DD') = '02-29' THEN 0 ELSE 1 END AS last_day
        FROM people
    ) AS childhood
    WHERE childhood.id = relations.pupil_id
        AND relations.ended_at IS NULL
        AND childhood.last_day >= relations.valid_from
    """,
    """
    CREATE TABLE court_limits (
        id uuid PRIMARY KEY,
        guardian_id uuid NOT NULL REFERENCES people (id),
        pupil_id uuid NOT NULL REFERENCES people (id),
        school_id uuid NOT NULL,
        kind text NOT NULL,
        document text NOT NULL,
        valid_from date NOT NULL,
        valid_until date,
        interrupted uuid REFERENCES relations (id),
        registered_at timestamptz NOT NULL,
        registered_by uuid NOT NULL,
        lifted_at timestamptz,
        lifted_by uuid,
        lifted_why text,
        CONSTRAINT court_limits_kind CHECK (kind IN ('NO_ACCESS', 'NO_CONTACTS')),
        CONSTRAINT court_limits_two CHECK (guardian_id <> pupil_id),
        CONSTRAINT court_limits_term CHECK (valid_until >= valid_from)
    )
    """,
    """
    CREATE UNIQUE INDEX court_limits_one_in_force ON court_limits (pupil_id, guardian_id, kind)
    WHERE lifted_at IS NULL
    """,
    """
    CREATE TABLE child_labels (
        guardian_id uuid NOT NULL REFERENCES people (id),
        pupil_id uuid NOT NULL REFERENCES people (id),
        label text NOT NULL,
        folded text NOT NULL,
        set_at timestamptz NOT NULL,
        PRIMARY KEY (guardian_id, pupil_id)
    )
    """,
    "CREATE UNIQUE INDEX child_labels_one_per_guardian ON child_labels (guardian_id, folded)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
