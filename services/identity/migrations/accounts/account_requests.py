"""What migration 0002 does for account requests."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE account_requests (
        id uuid PRIMARY KEY,
        school_id uuid NOT NULL,
        capacity text NOT NULL,
        state text NOT NULL,
        box bytea NOT NULL,
        box_key smallint NOT NULL,
        tracking_digest bytea NOT NULL,
        address_digest bytea,
        email_digest bytea NOT NULL,
        submitted_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        decided_at timestamptz,
        decided_by uuid,
        reason text NOT NULL DEFAULT '',
        person_id uuid,
        CONSTRAINT account_requests_state CHECK (
            state IN ('SUBMITTED', 'ACCEPTED', 'REFUSED', 'WITHDRAWN', 'ISSUED')
        ),
        CONSTRAINT account_requests_capacity CHECK (
            capacity IN ('PARENT', 'REPRESENTATIVE', 'PUPIL', 'YOUNG_PUPIL', 'EMPLOYEE')
        ),
        CONSTRAINT account_requests_decided CHECK ((state = 'SUBMITTED') = (decided_at IS NULL)),
        CONSTRAINT account_requests_person CHECK (
            state NOT IN ('ACCEPTED', 'ISSUED') OR person_id IS NOT NULL
        ),
        CONSTRAINT account_requests_reason CHECK (state <> 'REFUSED' OR reason <> '')
    )
    """,
    "CREATE UNIQUE INDEX account_requests_by_code ON account_requests (tracking_digest)",
    """
    CREATE INDEX account_requests_open ON account_requests (school_id, id)
    WHERE state IN ('SUBMITTED', 'ACCEPTED')
    """,
    "CREATE INDEX account_requests_by_address ON account_requests (address_digest, submitted_at)",
    "CREATE INDEX account_requests_by_email ON account_requests (email_digest, submitted_at)",
    """
    CREATE INDEX account_requests_by_decision ON account_requests (decided_at)
    WHERE decided_at IS NOT NULL
    """,
    """
    CREATE TABLE tracking_guesses (
        address_digest bytea PRIMARY KEY,
        failures integer NOT NULL,
        last_at timestamptz NOT NULL,
        wait_until timestamptz NOT NULL
    )
    """,
    "CREATE INDEX tracking_guesses_by_age ON tracking_guesses USING brin (last_at)",
)
