"""The tables that every service has beside its own: events out and in, repeated requests, audit.

`kit_metadata` is what the code queries; `kit_tables_v1` is what a service's first migration creates, and
`kit_tables_v2` and `kit_tables_v3` what later ones add. They are frozen: when a table changes, a
``kit_tables_v4`` is added and called by a new migration of each service. A test holds tables and migrations
together.
"""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

kit_metadata = MetaData()


def service_metadata() -> MetaData:
    """An empty collection for a service's own tables.

    Constraints are named by rule, so that a migration can name what it changes.
    """
    return MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


outbox = Table(
    "outbox",
    kit_metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7 = ce-id = Nats-Msg-Id
    Column("type", Text, nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("aggregate_version", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    # The sequence of the broker's ack; null while the event is to be published, or is to be published again.
    Column("stream_seq", BigInteger, nullable=True),
    # The first ack: from here the row is kept for days, to be published again when the broker loses it.
    Column("published_at", DateTime(timezone=True), nullable=True),
    # The relay's next batch, in the order of creation.
    Index("outbox_to_publish", "id", postgresql_where=text("stream_seq IS NULL")),
    # The highest ack, and what lies above a sequence. Unique: one place in a stream holds one event, so a
    # second event acknowledged at the same place proves that the stream went back.
    Index("outbox_by_stream_seq", "stream_seq", unique=True, postgresql_where=text("stream_seq IS NOT NULL")),
    # The sweep of rows that were kept long enough: rows are written in order of time, so a few pages tell.
    Index("outbox_by_publication", "published_at", postgresql_using="brin"),
)

outbox_streams = Table(
    "outbox_streams",
    kit_metadata,
    Column("stream", Text, primary_key=True),
    # When the broker created the stream that the stored sequences belong to; another date is another stream.
    Column("created", DateTime(timezone=True), nullable=False),
)

inbox = Table(
    "inbox",
    kit_metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # The sweep of rows that were kept long enough.
    Index("inbox_by_age", "handled_at", postgresql_using="brin"),
)

dead_letters = Table(
    "dead_letters",
    kit_metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("aggregate_version", BigInteger, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    # A machine reason or an error's class and place, never its text: texts may quote personal data.
    Column("reason", Text, nullable=False),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # Since when it is put aside, by somebody's decision: who and why is in the audit. Null: it is open.
    Column("discarded_at", DateTime(timezone=True), nullable=True),
)

requests = Table(
    "requests",
    kit_metadata,
    Column("method", Text, primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=True),  # null only inside the transaction that acts
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # The sweep of rows that were kept long enough.
    Index("requests_by_age", "received_at", postgresql_using="brin"),
)

audit = Table(
    "audit",
    kit_metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("why", Text, nullable=True),
    # The person whom it concerns, when it is one person.
    Column("subject", Uuid, nullable=True),
    # "Who did what to this object?", in order of time.
    Index("audit_by_object", "object_kind", "object_id", "id"),
    # "What did this person do?", in order of time.
    Index("audit_by_actor", "actor", "id"),
    # "What was done to this person?", in order of time.
    Index("audit_by_subject", "subject", "id", postgresql_where=text("subject IS NOT NULL")),
)

# Entries that the chain does not hold yet; a trigger puts them here, whoever writes them.
audit_unsealed = Table(
    "audit_unsealed",
    kit_metadata,
    Column("entry_id", Uuid, primary_key=True),
)

# The audit's chain: each digest seals the entry to all that came before (`services.kit.audit`).
audit_chain = Table(
    "audit_chain",
    kit_metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("entry_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    # Where is this entry? And each one is sealed once.
    Index("audit_chain_by_entry", "entry_id", unique=True),
)


class Operations(Protocol):
    """The part of Alembic's ``op`` that is used here."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""
        ...


_V1 = (
    """
    CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        type text NOT NULL,
        aggregate_id uuid NOT NULL,
        aggregate_version bigint NOT NULL,
        payload bytea NOT NULL,
        occurred_at timestamptz NOT NULL,
        stream_seq bigint,
        published_at timestamptz
    )
    """,
    "CREATE INDEX outbox_to_publish ON outbox (id) WHERE stream_seq IS NULL",
    "CREATE UNIQUE INDEX outbox_by_stream_seq ON outbox (stream_seq) WHERE stream_seq IS NOT NULL",
    "CREATE INDEX outbox_by_publication ON outbox USING brin (published_at)",
    "CREATE TABLE outbox_streams (stream text PRIMARY KEY, created timestamptz NOT NULL)",
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    "CREATE INDEX inbox_by_age ON inbox USING brin (handled_at)",
    """
    CREATE TABLE dead_letters (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        source text NOT NULL,
        aggregate_id text NOT NULL,
        aggregate_version bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        payload bytea NOT NULL,
        attempts integer NOT NULL,
        reason text NOT NULL,
        died_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE TABLE requests (
        method text NOT NULL,
        actor text NOT NULL,
        request_id text NOT NULL,
        fingerprint bytea NOT NULL,
        reply bytea,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (method, actor, request_id)
    )
    """,
    "CREATE INDEX requests_by_age ON requests USING brin (received_at)",
    """
    CREATE TABLE audit (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        object_kind text NOT NULL,
        object_id text NOT NULL,
        why text
    )
    """,
    "CREATE INDEX audit_by_object ON audit (object_kind, object_id, id)",
    "CREATE INDEX audit_by_actor ON audit (actor, id)",
    # A trigger, not only revoked rights: a table's owner keeps its rights, and the service is the owner.
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)

KIT_TABLES_V2: Final = (
    "ALTER TABLE audit ADD COLUMN subject uuid",
    "CREATE INDEX audit_by_subject ON audit (subject, id) WHERE subject IS NOT NULL",
    "CREATE TABLE audit_unsealed (entry_id uuid PRIMARY KEY)",
    """
    CREATE TABLE audit_chain (
        position bigint PRIMARY KEY,
        entry_id uuid NOT NULL,
        digest bytea NOT NULL,
        sealed_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE UNIQUE INDEX audit_chain_by_entry ON audit_chain (entry_id)",
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
    # A trigger, so that no writer can forget it, bulk loaders included; once for each statement.
    """
    CREATE FUNCTION audit_awaits_its_seal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_unsealed (entry_id) SELECT id FROM written;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_awaits_its_seal AFTER INSERT ON audit
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION audit_awaits_its_seal()
    """,
    "INSERT INTO audit_unsealed (entry_id) SELECT id FROM audit",
)
"""The chain of the audit, and the person whom an entry concerns."""


def kit_tables_v1(op: Operations) -> None:
    """Create the tables; called once, by a service's first migration, as ``kit_tables_v1(op)``."""
    for statement in _V1:
        op.execute(statement)


def kit_tables_v2(op: Operations) -> None:
    """Seal the audit into a chain; called once, by a later migration, as ``kit_tables_v2(op)``."""
    for statement in KIT_TABLES_V2:
        op.execute(statement)


def kit_tables_v3(op: Operations) -> None:
    """Let dead letters be discarded; called once, by a later migration, as ``kit_tables_v3(op)``."""
    op.execute("ALTER TABLE dead_letters ADD COLUMN discarded_at timestamptz")
