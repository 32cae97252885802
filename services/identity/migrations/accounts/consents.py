"""What migration 0002 does for consents."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE consent_texts (
        id text PRIMARY KEY,
        purpose text NOT NULL,
        version integer NOT NULL,
        wording text NOT NULL,
        consequence text NOT NULL,
        digest bytea NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT consent_texts_purpose CHECK (purpose IN ('DIARY', 'MESSAGES'))
    )
    """,
    "CREATE UNIQUE INDEX consent_texts_in_force ON consent_texts (purpose, version)",
    """
    CREATE TABLE consents (
        id uuid PRIMARY KEY,
        text_id text NOT NULL REFERENCES consent_texts (id),
        purpose text NOT NULL,
        giver_id uuid NOT NULL REFERENCES people (id),
        subject_id uuid NOT NULL REFERENCES people (id),
        given_at timestamptz NOT NULL,
        on_paper boolean NOT NULL,
        recorded_by uuid REFERENCES people (id),
        withdrawn_at timestamptz,
        CONSTRAINT consents_purpose CHECK (purpose IN ('DIARY', 'MESSAGES')),
        CONSTRAINT consents_paper CHECK (on_paper = (recorded_by IS NOT NULL)),
        CONSTRAINT consents_order CHECK (withdrawn_at >= given_at)
    )
    """,
    """
    CREATE UNIQUE INDEX consents_one_per_text ON consents (giver_id, subject_id, text_id)
    WHERE withdrawn_at IS NULL
    """,
    "CREATE INDEX consents_by_giver ON consents (giver_id, id)",
    "CREATE INDEX consents_by_subject ON consents (subject_id, purpose)",
)
