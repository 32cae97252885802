"""What migration 0002 does for own data."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE accounts
        DROP CONSTRAINT accounts_state,
        ADD CONSTRAINT accounts_state CHECK (state IN ('open', 'blocked', 'closed'))
    """,
    """
    CREATE TABLE erasures (
        id uuid PRIMARY KEY,
        person_id uuid NOT NULL REFERENCES people (id),
        account_id uuid NOT NULL REFERENCES accounts (id),
        cause text NOT NULL,
        requested_at timestamptz NOT NULL,
        erases_at timestamptz NOT NULL,
        cancelled_at timestamptz,
        done_at timestamptz,
        CONSTRAINT erasures_cause CHECK (cause IN ('WISH', 'CONSENT')),
        CONSTRAINT erasures_end CHECK (num_nulls(cancelled_at, done_at) > 0)
    )
    """,
    """
    CREATE UNIQUE INDEX erasures_one_waiting ON erasures (account_id)
    WHERE cancelled_at IS NULL AND done_at IS NULL
    """,
    """
    CREATE INDEX erasures_due ON erasures (erases_at)
    WHERE cancelled_at IS NULL AND done_at IS NULL
    """,
    "CREATE INDEX erasures_by_person ON erasures (person_id)",
)
