"""Bindings that are confirmed, watched, and end: proposals, what was last seen, history.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE accounts
        ADD COLUMN binding_generation integer NOT NULL DEFAULT 1,
        ADD COLUMN unbound_at timestamptz
    """,
    """
    ALTER TABLE bindings
        ADD COLUMN snils_seen bytea,
        ADD COLUMN snils_seen_key smallint,
        ADD COLUMN reverified_at timestamptz,
        ADD COLUMN ended_by uuid,
        ADD COLUMN ended_why text,
        ADD CONSTRAINT bindings_snils_seen_whole CHECK (num_nulls(snils_seen, snils_seen_key) IN (0, 2)),
        ADD CONSTRAINT bindings_ended_whole CHECK (num_nulls(ended_at, ended_by, ended_why) IN (0, 3))
    """,
    "CREATE INDEX bindings_ended ON bindings (account_id) WHERE ended_at IS NOT NULL",
    """
    ALTER TABLE link_transactions
        ADD COLUMN account_id uuid,
        ADD COLUMN account_version bigint,
        ADD COLUMN generation integer,
        DROP CONSTRAINT link_transactions_stage,
        ADD CONSTRAINT link_transactions_stage CHECK (
            stage IN ('sent', 'returned', 'password_needed', 'confirmation_needed', 'done', 'refused')
        ),
        ADD CONSTRAINT link_transactions_proposal_whole CHECK (
            num_nulls(account_id, account_version, generation) IN (0, 3)
        )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
