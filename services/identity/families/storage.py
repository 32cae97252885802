"""Relations between guardians and pupils, as rows."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    text,
)

from services.identity.metadata import metadata

relations = Table(
    "relations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),  # the school that registered it
    Column("kind", Text, nullable=False),  # a `RelationKind`
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),  # the last day; null: no end is set
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),  # null: not ended by anybody
    # Grows with each change; the version of the relation's events.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # A guardian's children; and no two relations of the same two at once.
    Index(
        "relations_one_per_pair",
        "guardian_id",
        "pupil_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    # A pupil's guardians.
    Index("relations_by_pupil", "pupil_id"),
)
