"""What migration 0002 does for accounts."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE accounts
        ADD COLUMN issued_at timestamptz,
        ADD COLUMN issued_count integer NOT NULL DEFAULT 0,
        ADD COLUMN temporary_until timestamptz,
        ADD COLUMN password_set_at timestamptz,
        ADD COLUMN activated_at timestamptz,
        ADD COLUMN login_renamed_at timestamptz,
        ADD CONSTRAINT accounts_temporary CHECK (
            temporary_until IS NULL OR (password_hash IS NOT NULL AND activated_at IS NULL)
        )
    """,
    # Whoever could enter before accounts were activated is active.
    """
    UPDATE accounts SET activated_at = opened_at
    WHERE password_hash IS NOT NULL
       OR EXISTS (SELECT FROM bindings WHERE bindings.account_id = accounts.id AND ended_at IS NULL)
    """,
    "UPDATE accounts SET password_set_at = opened_at WHERE password_hash IS NOT NULL",
    """
    CREATE TABLE login_reservations (
        skeleton text PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts (id),
        login text NOT NULL,
        reserved_at timestamptz NOT NULL
    )
    """,
    """
    INSERT INTO login_reservations (skeleton, account_id, login, reserved_at)
    SELECT login_skeleton, id, login, opened_at FROM accounts WHERE login IS NOT NULL
    """,
    "CREATE INDEX login_reservations_by_account ON login_reservations (account_id)",
)
