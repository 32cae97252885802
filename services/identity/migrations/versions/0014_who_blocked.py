"""Which school has shut an account, or the operator.

Of accounts that are shut already it is the school whose registrar did so, where they are that at one school
and no operator; else the operator opens it.

Revision ID: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE accounts
        ADD COLUMN blocking_school_id uuid,
        ADD CONSTRAINT accounts_blocking_school CHECK (blocking_school_id IS NULL OR state = 'blocked')
    """,
    """
    WITH blockers AS (
        SELECT DISTINCT ON (a.id) a.id AS account_id, audit.actor
        FROM accounts a
        JOIN audit ON audit.object_kind = 'account' AND audit.object_id = a.id::text
        WHERE a.state = 'blocked' AND audit.action = 'block_account'
        ORDER BY a.id, audit.id DESC
    ), schools_of AS (
        SELECT b.account_id, (array_agg(r.school_id) FILTER (WHERE r.role = 'REGISTRAR'))[1] AS school_id
        FROM blockers b
        JOIN person_roles r ON r.person_id::text = b.actor
        GROUP BY b.account_id
        HAVING count(*) FILTER (WHERE r.role = 'REGISTRAR') = 1
            AND count(*) FILTER (WHERE r.role = 'OPERATOR') = 0
    )
    UPDATE accounts SET blocking_school_id = s.school_id
    FROM schools_of s WHERE s.account_id = accounts.id
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
