"""In which order changes of access were written, for services that read them by a cursor.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE access_changes (
        transaction bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        event_id uuid NOT NULL,
        PRIMARY KEY (transaction, event_id)
    )
    """,
    # A trigger, so that no writer of facts can forget it. Messages to people are no change of access, and are
    # most of what is published.
    """
    CREATE FUNCTION access_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO access_changes (event_id)
        SELECT id FROM written
        WHERE type NOT IN ('school.identity.v1.MessageSealed', 'school.identity.v1.MessageWithdrawn');
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER access_is_changed AFTER INSERT ON outbox
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION access_is_changed()
    """,
)


def upgrade() -> None:
    """Number what is written from now on."""
    for statement in _STATEMENTS:
        op.execute(statement)
