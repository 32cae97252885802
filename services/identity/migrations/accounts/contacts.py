"""What migration 0002 does for contacts."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE contacts (
        account_id uuid NOT NULL REFERENCES accounts (id),
        kind text NOT NULL,
        box bytea,
        box_key smallint,
        value_index bytea,
        value_index_key smallint,
        confirmed_at timestamptz,
        pending_box bytea,
        pending_box_key smallint,
        pending_index bytea,
        pending_index_key smallint,
        pending_until timestamptz,
        proof_digest bytea,
        proof_until timestamptz,
        attempts_left smallint,
        message_id uuid,
        sent_at timestamptz,
        sends smallint NOT NULL DEFAULT 0,
        sends_since timestamptz,
        version bigint NOT NULL,
        PRIMARY KEY (account_id, kind),
        CONSTRAINT contacts_kind CHECK (kind IN ('EMAIL', 'MOBILE')),
        CONSTRAINT contacts_value_whole CHECK (
            num_nulls(box, box_key, value_index, value_index_key, confirmed_at) IN (0, 5)
        ),
        CONSTRAINT contacts_pending_whole CHECK (
            num_nulls(pending_box, pending_box_key, pending_index, pending_index_key, pending_until) IN (0, 5)
        ),
        CONSTRAINT contacts_proof_whole CHECK (
            num_nulls(proof_digest, proof_until, attempts_left, message_id) IN (0, 4)
        ),
        CONSTRAINT contacts_proof_of_pending CHECK (proof_digest IS NULL OR pending_box IS NOT NULL),
        CONSTRAINT contacts_attempts CHECK (attempts_left >= 0)
    )
    """,
    "CREATE INDEX contacts_by_value ON contacts (value_index)",
    "CREATE INDEX contacts_by_pending_value ON contacts (pending_index) WHERE pending_index IS NOT NULL",
    "CREATE UNIQUE INDEX contacts_by_proof ON contacts (proof_digest)",
    "CREATE INDEX contacts_by_pending_end ON contacts (pending_until) WHERE pending_until IS NOT NULL",
)
