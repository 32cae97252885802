"""Accounts and the count of guesses at their passwords, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Table,
    Text,
    Uuid,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import GUESSES_FORGOTTEN_AFTER, AccountState, wait_after
from services.identity.metadata import metadata
from services.identity.people.rules import Person, PersonStatus
from services.identity.people.storage import people, person_of, roles_of_person

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
    # When the school last issued login and temporary password, and how often it did.
    Column("issued_at", DateTime(timezone=True)),
    Column("issued_count", Integer, nullable=False, server_default=text("0")),
    # Not null: `password_hash` is the school's temporary password, and admits until then (A23).
    Column("temporary_until", DateTime(timezone=True)),
    # When the password now in force was chosen by the person.
    Column("password_set_at", DateTime(timezone=True)),
    # Null: what the school issued has not been activated by the person, nor a profile bound (R8).
    Column("activated_at", DateTime(timezone=True)),
    # Not null: the one change of the login is spent (R15).
    Column("login_renamed_at", DateTime(timezone=True)),
    # One account per person.
    Index("accounts_one_per_person", "person_id", unique=True),
    # Sign-in with a password.
    Index("accounts_one_per_login", "login", unique=True),
    Index("accounts_one_per_skeleton", "login_skeleton", unique=True),
)

# Every login that ever was, by what it looks like: an old one stays with its account (A24).
login_reservations = Table(
    "login_reservations",
    metadata,
    Column("skeleton", Text, primary_key=True),  # as `skeleton` gives it
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("login", Text, nullable=False),
    Column("reserved_at", DateTime(timezone=True), nullable=False),
    # The logins of an account.
    Index("login_reservations_by_account", "account_id"),
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

# `wait_after` as the database knows it: the n-th element for n failures, the last one for more.
_WAITS = [wait_after(failures) for failures in range(1, 12)]


@dataclass(frozen=True, slots=True)
class Account:
    """An account as sign-in needs it."""

    id: UUID
    person: Person
    password_hash: str | None
    may_enter: bool


async def insert_account(
    connection: AsyncConnection, account_id: UUID, person_id: UUID, *, at: datetime
) -> None:
    """Open an account without login and password."""
    await connection.execute(
        insert(accounts),
        {"id": account_id, "person_id": person_id, "state": AccountState.OPEN, "version": 1, "opened_at": at},
    )


async def account_by_login(connection: AsyncConnection, login: str) -> Account | None:
    """The account with this normal login."""
    found = await connection.execute(
        select(
            accounts.c.id.label("account_id"),
            accounts.c.password_hash,
            accounts.c.state,
            people.c.id,
            people.c.surname,
            people.c.given_name,
            people.c.patronymic,
            people.c.status,
            roles_of_person.label("roles"),
        )
        .join_from(accounts, people, people.c.id == accounts.c.person_id)
        .where(accounts.c.login == login)
    )
    row = found.first()
    if row is None:
        return None
    may_enter = row.state == AccountState.OPEN and row.status == PersonStatus.ACTIVE
    return Account(row.account_id, person_of(row), row.password_hash, may_enter)


async def login_of_account(connection: AsyncConnection, account_id: UUID) -> str | None:
    """The login of an account that a password opens; None when none does."""
    login: str | None = await connection.scalar(
        select(accounts.c.login).where(accounts.c.id == account_id, accounts.c.password_hash.is_not(None))
    )
    return login


async def count_guess(connection: AsyncConnection, login_digest: bytes, *, now: datetime) -> timedelta | None:
    """Count a guess before it is looked at, as if it had failed.

    One statement, so that of guesses at once exactly those go on whom the rule lets (A21).

    Returns:
        How long the guess must wait; None when it may go on.
    """
    present = password_guesses.c
    failures = case((present.last_at < now - GUESSES_FORGOTTEN_AFTER, 1), else_=present.failures + 1)
    waits = array([literal(wait, Interval) for wait in _WAITS])
    counted = await connection.execute(
        upsert(password_guesses)
        .values(login_digest=login_digest, failures=1, last_at=now, wait_until=now + _WAITS[0])
        .on_conflict_do_update(
            index_elements=[present.login_digest],
            set_={
                "failures": failures,
                "last_at": now,
                "wait_until": literal(now, DateTime(timezone=True))
                + waits[func.least(failures, len(_WAITS))],
            },
            where=present.wait_until <= now,
        )
        .returning(present.failures)
    )
    if counted.first() is not None:
        return None
    until = await connection.scalar(select(present.wait_until).where(present.login_digest == login_digest))
    return timedelta(0) if until is None else max(until - now, timedelta(0))


async def forget_guesses(connection: AsyncConnection, login_digest: bytes) -> None:
    """The right password was given: the count begins anew."""
    await connection.execute(delete(password_guesses).where(password_guesses.c.login_digest == login_digest))


async def sweep_guesses(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove the counts that no longer count."""
    await connection.execute(
        delete(password_guesses).where(password_guesses.c.last_at < now - GUESSES_FORGOTTEN_AFTER)
    )
