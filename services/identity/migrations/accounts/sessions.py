"""What migration 0002 does for sessions, and for the sign-ins through ESIA that step up in one."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE sessions
        ADD COLUMN family_id uuid,
        ADD COLUMN replaced_by uuid,
        ADD COLUMN device text NOT NULL DEFAULT '',
        ADD COLUMN time_zone text NOT NULL DEFAULT '',
        ADD COLUMN auth_at timestamptz,
        ADD COLUMN second_factor_at timestamptz,
        ADD COLUMN acting_as text
    """,
    "UPDATE sessions SET family_id = id, auth_at = began_at",
    """
    ALTER TABLE sessions
        ALTER COLUMN family_id SET NOT NULL,
        ALTER COLUMN auth_at SET NOT NULL,
        ADD CONSTRAINT sessions_replaced CHECK (replaced_by IS NULL OR ended_at IS NOT NULL),
        ADD CONSTRAINT sessions_acting_as CHECK (
            acting_as IN (
                'PUPIL', 'GUARDIAN', 'TEACHER', 'REGISTRAR', 'SCHOOL_ADMINISTRATOR', 'AUTHORITY', 'OPERATOR'
            )
        )
    """,
    "CREATE UNIQUE INDEX sessions_one_live_per_family ON sessions (family_id) WHERE ended_at IS NULL",
    """
    ALTER TABLE link_transactions
        ADD COLUMN stepping_up uuid,
        ADD COLUMN expected_subject text,
        ADD CONSTRAINT link_transactions_step_up CHECK (num_nulls(stepping_up, expected_subject) IN (0, 2))
    """,
)
