"""Whom families trust.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE delegations (
        id uuid PRIMARY KEY,
        pupil_id uuid NOT NULL REFERENCES people (id),
        grantor_id uuid NOT NULL REFERENCES people (id),
        relation_id uuid REFERENCES relations (id),
        trusted_id uuid REFERENCES people (id),
        scopes smallint[] NOT NULL,
        valid_until date NOT NULL,
        invited_at timestamptz NOT NULL,
        answer_by timestamptz NOT NULL,
        invitee_box bytea NOT NULL,
        invitee_box_key smallint NOT NULL,
        token_digest bytea,
        message_id uuid,
        accepted_at timestamptz,
        ended_at timestamptz,
        ended_as text,
        version bigint DEFAULT 0 NOT NULL,
        CONSTRAINT delegations_scopes CHECK (cardinality(scopes) > 0 AND scopes <@ '{1,2,3}'),
        CONSTRAINT delegations_own CHECK (relation_id IS NOT NULL OR grantor_id = pupil_id),
        CONSTRAINT delegations_other CHECK (
            accepted_at IS NULL OR (trusted_id IS NOT NULL AND trusted_id NOT IN (grantor_id, pupil_id))
        ),
        CONSTRAINT delegations_end CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
        CONSTRAINT delegations_endings CHECK (ended_as IN ('REFUSED', 'WITHDRAWN', 'LEFT', 'LAPSED'))
    )
    """,
    "CREATE INDEX delegations_by_pupil ON delegations (pupil_id, id)",
    "CREATE INDEX delegations_by_trusted ON delegations (trusted_id) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX delegations_by_token ON delegations (token_digest)",
    "CREATE INDEX delegations_by_relation ON delegations (relation_id) WHERE ended_at IS NULL",
    "CREATE INDEX delegations_by_grantor ON delegations (grantor_id, invited_at)",
    "CREATE INDEX delegations_unaccepted ON delegations (answer_by) WHERE accepted_at IS NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
