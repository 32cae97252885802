"""What was sent by e-mail and SMS.

What each table and index is for is said where the code keeps them, in ``delivery/storage.py``.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = (
    """
    CREATE TABLE deliveries (
        delivery_id uuid NOT NULL,
        person_id uuid,
        channel smallint NOT NULL,
        kind smallint NOT NULL,
        language text NOT NULL,
        sealed text,
        state smallint NOT NULL,
        attempts integer NOT NULL,
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        due_at timestamptz,
        settled_at timestamptz,
        CONSTRAINT pk_deliveries PRIMARY KEY (delivery_id),
        CONSTRAINT ck_deliveries_settled CHECK (
            (state = 1) = (sealed IS NOT NULL) AND (state = 1) = (due_at IS NOT NULL)
            AND (state = 1) = (settled_at IS NULL)
        )
    )
    """,
    "CREATE INDEX ix_deliveries_due ON deliveries (channel, due_at) WHERE state = 1",
    "CREATE INDEX ix_deliveries_person ON deliveries (person_id, delivery_id) WHERE person_id IS NOT NULL",
    "CREATE INDEX ix_deliveries_state ON deliveries (state, delivery_id)",
    "CREATE INDEX ix_deliveries_age ON deliveries USING brin (requested_at)",
    """
    CREATE TABLE delivery_attempts (
        delivery_id uuid NOT NULL,
        number integer NOT NULL,
        at timestamptz NOT NULL,
        failure text NOT NULL,
        CONSTRAINT pk_delivery_attempts PRIMARY KEY (delivery_id, number),
        CONSTRAINT fk_delivery_attempts_deliveries FOREIGN KEY (delivery_id)
            REFERENCES deliveries (delivery_id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
