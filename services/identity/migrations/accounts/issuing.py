"""What migration 0002 does for issuing."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE credential_issues (
        account_id uuid NOT NULL REFERENCES accounts (id),
        number integer NOT NULL,
        school_id uuid NOT NULL,
        issued_by uuid NOT NULL REFERENCES people (id),
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        capacity text NOT NULL,
        documents text[] NOT NULL,
        channel text NOT NULL,
        account_request_id uuid,
        job_id uuid,
        reissue_reason text,
        PRIMARY KEY (account_id, number),
        CONSTRAINT credential_issues_number CHECK (number > 0),
        CONSTRAINT credential_issues_capacity CHECK (
            capacity IN ('PARENT', 'REPRESENTATIVE', 'PUPIL', 'YOUNG_PUPIL', 'EMPLOYEE')
        ),
        CONSTRAINT credential_issues_channel CHECK (channel IN ('PAPER', 'ELECTRONIC')),
        CONSTRAINT credential_issues_request CHECK (
            (channel = 'ELECTRONIC') = (account_request_id IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX credential_issues_by_issuer ON credential_issues (issued_by, issued_at)",
    """
    CREATE TABLE issue_jobs (
        id uuid PRIMARY KEY,
        school_id uuid NOT NULL,
        class_id uuid NOT NULL,
        class_title text NOT NULL,
        started_by uuid NOT NULL REFERENCES people (id),
        by_registrar boolean NOT NULL,
        started_at timestamptz NOT NULL,
        state text NOT NULL,
        slips_until timestamptz,
        CONSTRAINT issue_jobs_state CHECK (state IN ('RUNNING', 'DONE', 'STOPPED', 'TAKEN', 'LAPSED')),
        CONSTRAINT issue_jobs_end CHECK ((state = 'RUNNING') = (slips_until IS NULL))
    )
    """,
    "CREATE INDEX issue_jobs_by_starter ON issue_jobs (started_by, id)",
    "CREATE INDEX issue_jobs_running ON issue_jobs (id) WHERE state = 'RUNNING'",
    "CREATE INDEX issue_jobs_by_end ON issue_jobs (slips_until) WHERE slips_until IS NOT NULL",
    """
    CREATE TABLE issue_job_people (
        job_id uuid NOT NULL REFERENCES issue_jobs (id) ON DELETE CASCADE,
        person_id uuid NOT NULL REFERENCES people (id),
        place integer NOT NULL,
        state text NOT NULL DEFAULT 'WAITING',
        reason text,
        issue_number integer,
        slip_box bytea,
        slip_box_key smallint,
        PRIMARY KEY (job_id, person_id),
        CONSTRAINT issue_job_people_state CHECK (state IN ('WAITING', 'ISSUED', 'SKIPPED')),
        CONSTRAINT issue_job_people_reason CHECK ((state = 'SKIPPED') = (reason IS NOT NULL)),
        CONSTRAINT issue_job_people_slip CHECK (num_nulls(slip_box, slip_box_key) IN (0, 2)),
        CONSTRAINT issue_job_people_number CHECK ((state = 'ISSUED') = (issue_number IS NOT NULL))
    )
    """,
    "CREATE INDEX issue_job_people_waiting ON issue_job_people (job_id, place) WHERE state = 'WAITING'",
    # Finding a person by name and birth date: the date is the narrower of the two.
    "CREATE INDEX people_by_birth_date ON people (birth_date)",
)
