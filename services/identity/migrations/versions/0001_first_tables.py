"""Persons, accounts, bindings, families, sign-ins and sessions, with the tables of the kit.

Revision ID: 0001
"""

from __future__ import annotations

from alembic import op

from services.kit.tables import kit_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE people (
        id uuid PRIMARY KEY,
        surname text NOT NULL,
        given_name text NOT NULL,
        patronymic text NOT NULL,
        birth_date date NOT NULL,
        snils_box bytea,
        snils_box_key smallint,
        snils_index bytea,
        snils_index_key smallint,
        snils_disputed boolean NOT NULL DEFAULT false,
        status text NOT NULL DEFAULT 'active',
        version bigint NOT NULL DEFAULT 1,
        registered_at timestamptz NOT NULL,
        CONSTRAINT people_status CHECK (status IN ('active', 'blocked', 'left')),
        CONSTRAINT people_snils_whole CHECK (
            num_nulls(snils_box, snils_box_key, snils_index, snils_index_key) IN (0, 4)
        )
    )
    """,
    "CREATE INDEX people_by_snils ON people (snils_index)",
    "CREATE UNIQUE INDEX people_one_per_snils ON people (snils_index) WHERE NOT snils_disputed",
    """
    CREATE TABLE person_roles (
        person_id uuid NOT NULL REFERENCES people (id),
        school_id uuid NOT NULL,
        role text NOT NULL,
        granted_at timestamptz NOT NULL,
        PRIMARY KEY (person_id, school_id, role),
        CONSTRAINT person_roles_role CHECK (
            role IN (
                'PUPIL', 'GUARDIAN', 'TEACHER', 'REGISTRAR', 'SCHOOL_ADMINISTRATOR', 'AUTHORITY', 'OPERATOR'
            )
        )
    )
    """,
    """
    CREATE TABLE accounts (
        id uuid PRIMARY KEY,
        person_id uuid NOT NULL REFERENCES people (id),
        login text,
        login_skeleton text,
        password_hash text,
        state text NOT NULL DEFAULT 'open',
        version bigint NOT NULL DEFAULT 1,
        opened_at timestamptz NOT NULL,
        CONSTRAINT accounts_state CHECK (state IN ('open', 'blocked')),
        CONSTRAINT accounts_login_whole CHECK (num_nulls(login, login_skeleton) IN (0, 2))
    )
    """,
    "CREATE UNIQUE INDEX accounts_one_per_person ON accounts (person_id)",
    "CREATE UNIQUE INDEX accounts_one_per_login ON accounts (login)",
    "CREATE UNIQUE INDEX accounts_one_per_skeleton ON accounts (login_skeleton)",
    """
    CREATE TABLE password_guesses (
        login_digest bytea PRIMARY KEY,
        failures integer NOT NULL,
        last_at timestamptz NOT NULL,
        wait_until timestamptz NOT NULL
    )
    """,
    "CREATE INDEX password_guesses_by_age ON password_guesses USING brin (last_at)",
    """
    CREATE TABLE link_transactions (
        id uuid PRIMARY KEY,
        region text NOT NULL,
        provider text NOT NULL,
        state_digest bytea NOT NULL,
        browser_digest bytea NOT NULL,
        stage text NOT NULL,
        begun_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        subject text,
        person_id uuid,
        profile_box bytea,
        profile_box_key smallint,
        passwords_tried integer NOT NULL DEFAULT 0,
        CONSTRAINT link_transactions_stage CHECK (
            stage IN ('sent', 'returned', 'password_needed', 'done', 'refused')
        )
    )
    """,
    "CREATE UNIQUE INDEX link_transactions_by_state ON link_transactions (state_digest)",
    "CREATE UNIQUE INDEX link_transactions_by_browser ON link_transactions (browser_digest)",
    "CREATE INDEX link_transactions_by_expiry ON link_transactions (expires_at)",
    """
    CREATE TABLE bindings (
        id uuid PRIMARY KEY,
        region text NOT NULL,
        provider text NOT NULL,
        subject text NOT NULL,
        account_id uuid NOT NULL REFERENCES accounts (id),
        road text NOT NULL,
        link_id uuid NOT NULL,
        bound_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT bindings_road CHECK (road IN ('SNILS', 'PASSWORD'))
    )
    """,
    """
    CREATE UNIQUE INDEX bindings_one_per_profile ON bindings (region, provider, subject)
    WHERE ended_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX bindings_one_per_account ON bindings (region, provider, account_id)
    WHERE ended_at IS NULL
    """,
    "CREATE UNIQUE INDEX bindings_one_per_link ON bindings (link_id)",
    """
    CREATE TABLE relations (
        id uuid PRIMARY KEY,
        guardian_id uuid NOT NULL REFERENCES people (id),
        pupil_id uuid NOT NULL REFERENCES people (id),
        school_id uuid NOT NULL,
        kind text NOT NULL,
        valid_from date NOT NULL,
        valid_until date,
        registered_at timestamptz NOT NULL,
        ended_at timestamptz,
        version bigint NOT NULL DEFAULT 1,
        CONSTRAINT relations_kind CHECK (kind IN ('PARENT', 'REPRESENTATIVE')),
        CONSTRAINT relations_two CHECK (guardian_id <> pupil_id),
        CONSTRAINT relations_term CHECK (valid_until >= valid_from)
    )
    """,
    """
    CREATE UNIQUE INDEX relations_one_per_pair ON relations (guardian_id, pupil_id)
    WHERE ended_at IS NULL
    """,
    "CREATE INDEX relations_by_pupil ON relations (pupil_id)",
    """
    CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES accounts (id),
        door text NOT NULL,
        began_at timestamptz NOT NULL,
        seed bytea NOT NULL,
        proof_key smallint NOT NULL,
        generation integer NOT NULL,
        rotated_at timestamptz NOT NULL,
        idle_end timestamptz NOT NULL,
        absolute_end timestamptz NOT NULL,
        ended_at timestamptz,
        end_reason text,
        CONSTRAINT sessions_door CHECK (door IN ('esia', 'password'))
    )
    """,
    "CREATE INDEX sessions_live ON sessions (account_id) WHERE ended_at IS NULL",
    "CREATE INDEX sessions_by_end ON sessions (absolute_end)",
)


def upgrade() -> None:
    kit_tables_v1(op)
    for statement in _STATEMENTS:
        op.execute(statement)
