"""What migration 0002 does for credentials, guesses and known devices."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    # Counts of a day: what was counted per login alone is counted anew.
    "DROP TABLE password_guesses",
    """
    CREATE TABLE guesses (
        digest bytea PRIMARY KEY,
        level double precision NOT NULL,
        last_at timestamptz NOT NULL,
        wait_until timestamptz
    )
    """,
    "CREATE INDEX guesses_by_age ON guesses USING brin (last_at)",
    # Each person's own digests: two who enter from one place show nothing of that.
    """
    CREATE TABLE known_devices (
        person_id uuid NOT NULL REFERENCES people (id),
        device_digest bytea NOT NULL,
        network_digest bytea NOT NULL,
        last_seen_at timestamptz NOT NULL,
        PRIMARY KEY (person_id, device_digest)
    )
    """,
    "CREATE INDEX known_devices_by_age ON known_devices (last_seen_at)",
    """
    CREATE TABLE recoveries (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts (id),
        contact text NOT NULL,
        address_digest bytea NOT NULL,
        proof_digest bytea NOT NULL,
        begun_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        attempts_left smallint NOT NULL,
        message_id uuid NOT NULL,
        CONSTRAINT recoveries_contact CHECK (contact IN ('EMAIL', 'MOBILE'))
    )
    """,
    "CREATE UNIQUE INDEX recoveries_one_per_contact ON recoveries (account_id, contact)",
    "CREATE INDEX recoveries_by_proof ON recoveries (proof_digest)",
    "CREATE INDEX recoveries_by_expiry ON recoveries (expires_at)",
)
