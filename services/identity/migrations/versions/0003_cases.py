"""Cases: what offices have to settle because a profile and the register disagree.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE cases (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        key bytea NOT NULL,
        person_id uuid REFERENCES people (id),
        detail text NOT NULL,
        said_box bytea,
        said_box_key smallint,
        link_id uuid,
        opened_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        state text NOT NULL,
        resolution text,
        reason text NOT NULL DEFAULT '',
        closed_at timestamptz,
        closed_by uuid,
        CONSTRAINT cases_state CHECK (state IN ('OPEN', 'RESOLVED', 'LAPSED')),
        CONSTRAINT cases_said_whole CHECK (num_nulls(said_box, said_box_key) IN (0, 2)),
        CONSTRAINT cases_closed CHECK (
            CASE WHEN state = 'OPEN' THEN num_nulls(closed_at, resolution) = 2
            ELSE num_nulls(closed_at, resolution) = 0 AND said_box IS NULL END
        )
    )
    """,
    "CREATE UNIQUE INDEX cases_one_open ON cases (key) WHERE state = 'OPEN'",
    "CREATE INDEX cases_open ON cases (id) WHERE state = 'OPEN'",
    "CREATE INDEX cases_by_link ON cases (link_id) WHERE link_id IS NOT NULL",
    "CREATE INDEX cases_of_person ON cases (person_id) WHERE person_id IS NOT NULL",
    "CREATE INDEX cases_by_last ON cases (last_at) WHERE state = 'OPEN'",
    "CREATE INDEX cases_by_closing ON cases (closed_at) WHERE closed_at IS NOT NULL",
    """
    CREATE TABLE case_people (
        case_id uuid NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
        person_id uuid NOT NULL REFERENCES people (id),
        PRIMARY KEY (case_id, person_id)
    )
    """,
    "CREATE INDEX case_people_by_person ON case_people (person_id)",
    """
    CREATE TABLE case_schools (
        case_id uuid NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
        school_id uuid NOT NULL,
        PRIMARY KEY (case_id, school_id)
    )
    """,
    "CREATE INDEX case_schools_by_school ON case_schools (school_id, case_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
