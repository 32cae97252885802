"""The copy of what trusted persons may see, and when they looked."""

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
    "CREATE INDEX ix_delegations_trusted ON delegations (trusted_id, pupil_id)",
    """
    CREATE TABLE views (
        view_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        viewer_id uuid NOT NULL,
        quarter timestamptz NOT NULL,
        first_day date NOT NULL,
        last_day date NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT pk_views PRIMARY KEY (view_id),
        CONSTRAINT uq_views_pupil_id_viewer_id_quarter_first_day
            UNIQUE (pupil_id, viewer_id, quarter, first_day)
    )
    """,
    "CREATE INDEX ix_views_pupil ON views (pupil_id, view_id)",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
