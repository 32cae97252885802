"""The copy of what trusted persons may be told."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = (
    """
    CREATE TABLE delegations (
        delegation_id uuid NOT NULL,
        trusted_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        relation_id uuid,
        scopes smallint[] DEFAULT '{}' NOT NULL,
        valid_from date,
        valid_until date,
        ended_at timestamptz,
        version bigint NOT NULL,
        source_event uuid,
        CONSTRAINT pk_delegations PRIMARY KEY (delegation_id)
    )
    """,
    "CREATE INDEX ix_delegations_pupil ON delegations (pupil_id)",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
