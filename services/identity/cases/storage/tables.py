"""The tables of cases."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, Uuid, text

from services.identity.metadata import metadata

cases = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),  # grows with time
    Column("kind", Text, nullable=False),  # a `Kind`
    Column("key", LargeBinary, nullable=False),  # `key_of`
    # Whose data the box is about; null when several claim one SNILS, and nothing of ESIA is kept.
    Column("person_id", Uuid, ForeignKey("people.id")),
    Column("detail", Text, nullable=False),
    # What ESIA said, sealed; null once the case is closed.
    Column("said_box", LargeBinary),
    Column("said_box_key", SmallInteger),
    Column("link_id", Uuid),  # the sign-in that was refused last
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # a `State`
    Column("resolution", Text),  # a `Resolution`
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Uuid),  # null: by itself
    # The refused person asked the school: when, the code for following it, and an address, sealed.
    Column("asked_at", DateTime(timezone=True)),
    Column("tracking_digest", LargeBinary),
    Column("email_box", LargeBinary),
    Column("email_box_key", SmallInteger),
    # One open case of a matter, however often and by how many sign-ins at once it is noticed.
    Index("cases_one_open", "key", unique=True, postgresql_where=text("state = 'OPEN'")),
    # The operator's list.
    Index("cases_open", "id", postgresql_where=text("state = 'OPEN'")),
    # The browser whose sign-in was refused asks the school.
    Index("cases_by_link", "link_id", postgresql_where=text("link_id IS NOT NULL")),
    # Whoever holds the code.
    Index(
        "cases_by_code", "tracking_digest", unique=True, postgresql_where=text("tracking_digest IS NOT NULL")
    ),
    # A person's own, and an erasure.
    Index("cases_of_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    # The sweeps.
    Index("cases_by_last", "last_at", postgresql_where=text("state = 'OPEN'")),
    Index("cases_by_closing", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
)

case_people = Table(
    "case_people",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), primary_key=True),
    # The cases of a person, when something of them changes.
    Index("case_people_by_person", "person_id"),
)

case_schools = Table(
    "case_schools",
    metadata,
    Column("case_id", Uuid, ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("school_id", Uuid, primary_key=True),
    # The list of a school.
    Index("case_schools_by_school", "school_id", "case_id"),
)
