"""What migration 0002 does for activation."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE people ADD COLUMN gender text, ADD CONSTRAINT people_gender CHECK (gender IN ('M', 'F'))",
    """
    CREATE TABLE activations (
        account_id uuid NOT NULL REFERENCES accounts (id),
        issue integer NOT NULL,
        data_confirmed_at timestamptz NOT NULL,
        contacts_given_at timestamptz,
        password_repeats smallint NOT NULL DEFAULT 0,
        PRIMARY KEY (account_id, issue)
    )
    """,
)
