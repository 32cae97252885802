"""What migration 0002 does for corrections."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE corrections (
        id uuid PRIMARY KEY,
        person_id uuid NOT NULL REFERENCES people (id),
        school_id uuid NOT NULL,
        field text NOT NULL,
        registered_box bytea NOT NULL,
        registered_box_key smallint NOT NULL,
        right_box bytea NOT NULL,
        right_box_key smallint NOT NULL,
        comment text NOT NULL,
        state text NOT NULL,
        reason text NOT NULL,
        requested_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        decided_at timestamptz,
        decided_by uuid,
        CONSTRAINT corrections_field CHECK (
            field IN ('SURNAME', 'GIVEN_NAME', 'PATRONYMIC', 'BIRTH_DATE', 'SNILS')
        ),
        CONSTRAINT corrections_state CHECK (state IN ('WAITING', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')),
        CONSTRAINT corrections_decided CHECK (
            num_nulls(decided_at, decided_by) = CASE WHEN state = 'WAITING' THEN 2 ELSE 0 END
        )
    )
    """,
    """
    CREATE UNIQUE INDEX corrections_one_waiting ON corrections (person_id, field)
    WHERE state = 'WAITING'
    """,
    "CREATE INDEX corrections_of_school ON corrections (school_id, id) WHERE state = 'WAITING'",
    "CREATE INDEX corrections_of_person ON corrections (person_id, id)",
    "CREATE INDEX corrections_by_decision ON corrections (decided_at) WHERE decided_at IS NOT NULL",
)
