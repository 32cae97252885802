"""What migration 0002 does for second factor."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE second_factors (
        account_id uuid PRIMARY KEY REFERENCES accounts (id),
        secret_box bytea NOT NULL,
        secret_box_key smallint NOT NULL,
        started_at timestamptz NOT NULL,
        enrolled_at timestamptz,
        last_step bigint NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE recovery_codes (
        account_id uuid NOT NULL REFERENCES accounts (id),
        digest bytea NOT NULL,
        digest_key smallint NOT NULL,
        used_at timestamptz,
        PRIMARY KEY (account_id, digest)
    )
    """,
)
