"""The copy of who may hear of whom, notices; the kit's own tables.

What each table and index is for is said where the code keeps them, in each capability's ``storage.py``.
"""

from __future__ import annotations

from alembic import op

from services.kit.tables import kit_tables_v1

revision = "0001"
down_revision = None

_TABLES = (
    """
    CREATE TABLE persons (
        person_id uuid NOT NULL,
        display_name text NOT NULL,
        version bigint NOT NULL,
        source_event uuid,
        CONSTRAINT pk_persons PRIMARY KEY (person_id)
    )
    """,
    """
    CREATE TABLE relations (
        relation_id uuid NOT NULL,
        guardian_id uuid NOT NULL,
        pupil_id uuid NOT NULL,
        valid_from date,
        valid_until date,
        ended_at timestamptz,
        version bigint NOT NULL,
        source_event uuid,
        CONSTRAINT pk_relations PRIMARY KEY (relation_id)
    )
    """,
    "CREATE INDEX ix_relations_pupil ON relations (pupil_id)",
    """
    CREATE TABLE notices (
        recipient_id uuid NOT NULL,
        notice_id uuid NOT NULL,
        school_id uuid NOT NULL,
        kind smallint NOT NULL,
        pupil_id uuid NOT NULL,
        subject_title text NOT NULL,
        lesson_date date NOT NULL,
        mark text NOT NULL,
        previous_mark text NOT NULL,
        mark_id uuid NOT NULL,
        mark_version bigint NOT NULL,
        happened_at timestamptz NOT NULL,
        posted_at timestamptz NOT NULL,
        read_at timestamptz,
        CONSTRAINT pk_notices PRIMARY KEY (recipient_id, notice_id),
        CONSTRAINT uq_notices_mark_id_mark_version_recipient_id UNIQUE (mark_id, mark_version, recipient_id)
    )
    """,
    "CREATE INDEX ix_notices_unread ON notices (recipient_id, notice_id) WHERE read_at IS NULL",
)


def upgrade() -> None:
    kit_tables_v1(op)
    for statement in _TABLES:
        op.execute(statement)
