"""Accounts and the count of guesses at their passwords, as rows."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from services.identity.metadata import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("people.id"), nullable=False),
    # Null until the school has issued one; stored as `normal_login` gives it.
    Column("login", Text),
    Column("login_skeleton", Text),  # as `skeleton` gives it
    # PHC string of argon2id; null: no password opens this account.
    Column("password_hash", Text),
    Column("state", Text, nullable=False, server_default=text("'open'")),  # an `AccountState`
    # Grows with each change; the version of the account's events.
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    # One account per person.
    Index("accounts_one_per_person", "person_id", unique=True),
    # Sign-in with a password.
    Index("accounts_one_per_login", "login", unique=True),
    Index("accounts_one_per_skeleton", "login_skeleton", unique=True),
)

# Guesses are counted per login, whether anybody has it or not: an unknown login answers the same (A22).
password_guesses = Table(
    "password_guesses",
    metadata,
    # SHA-256 of the normal login: people type passwords into the field above, and those are not kept.
    Column("login_digest", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("wait_until", DateTime(timezone=True), nullable=False),
    # The sweep of forgotten guesses.
    Index("password_guesses_by_age", "last_at", postgresql_using="brin"),
)
