"""Accounts and their logins, as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    column,
    exists,
    insert,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState, skeleton
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
    # While blocked: the school that shut it; null: the operator has.
    Column("blocking_school_id", Uuid),
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
    # Raised when a profile is unbound: what was proven before binds nothing any more (A7).
    Column("binding_generation", Integer, nullable=False, server_default=text("1")),
    # When that last was; a sign-in begun before it binds nothing either.
    Column("unbound_at", DateTime(timezone=True)),
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

# The tables of `binding` and `second_factor`, which stand above this capability.
_bindings = table("bindings", column("account_id", Uuid), column("ended_at", DateTime(timezone=True)))
_second_factors = table(
    "second_factors", column("account_id", Uuid), column("enrolled_at", DateTime(timezone=True))
)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as sign-in needs it."""

    id: UUID
    person: Person
    password_hash: str | None = field(repr=False)
    may_enter: bool
    version: int
    """Another one: the password, or what else opens the account, has changed since."""
    person_version: int
    """Another one: what the person is has changed since."""
    temporary_until: datetime | None = None
    """The password is the school's, and admits until then."""
    left: bool = False
    """Its person has left the region."""


@dataclass(frozen=True, slots=True)
class MyAccount:
    """What a person has to enter with."""

    login: str | None
    can_rename: bool
    has_password: bool
    password_set_at: datetime | None
    activated_at: datetime | None
    esia_bound: bool
    second_factor: bool


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
            accounts.c.temporary_until,
            accounts.c.state,
            accounts.c.version,
            people.c.version.label("person_version"),
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
    return Account(
        row.account_id,
        person_of(row),
        row.password_hash,
        may_enter,
        row.version,
        row.person_version,
        row.temporary_until,
        left=row.status == PersonStatus.LEFT,
    )


async def is_unchanged(connection: AsyncConnection, account: Account) -> bool:
    """Whether the account and its person are as they were read, and stay so until the transaction ends.

    Of whoever ends what the person is at the same moment one waits for the other; a correction of their data
    need not wait.
    """
    present = (
        select(people.c.id)
        .where(
            people.c.id == account.person.id,
            people.c.status == PersonStatus.ACTIVE,
            people.c.version == account.person_version,
        )
        .with_for_update(read=True, key_share=True)
        .cte("present")
    )
    found = await connection.execute(
        select(accounts.c.id)
        .join_from(accounts, present, present.c.id == accounts.c.person_id)
        .where(accounts.c.id == account.id, accounts.c.version == account.version)
        .with_for_update(read=True, of=accounts)
    )
    return found.first() is not None


async def account_of(connection: AsyncConnection, person_id: UUID) -> UUID | None:
    """The account of a person; None when they have none."""
    account_id: UUID | None = await connection.scalar(
        select(accounts.c.id).where(accounts.c.person_id == person_id)
    )
    return account_id


async def login_of_account(connection: AsyncConnection, account_id: UUID) -> str | None:
    """The login of an account that a password opens; None when none does."""
    login: str | None = await connection.scalar(
        select(accounts.c.login).where(accounts.c.id == account_id, accounts.c.password_hash.is_not(None))
    )
    return login


async def renew_hash(
    connection: AsyncConnection, account_id: UUID, password_hash: str, *, instead_of: str
) -> None:
    """Keep the same password under a hash of another cost, unless it was changed meanwhile."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash == instead_of)
        .values(password_hash=password_hash)
    )


async def my_account(connection: AsyncConnection, account_id: UUID) -> MyAccount | None:
    """What an account has, for its person to see; None when there is no such account."""
    found = await connection.execute(
        select(
            accounts.c.login,
            accounts.c.login_renamed_at,
            accounts.c.password_hash.is_not(None).label("has_password"),
            accounts.c.password_set_at,
            accounts.c.activated_at,
            exists(
                select(1).where(_bindings.c.account_id == accounts.c.id, _bindings.c.ended_at.is_(None))
            ).label("bound"),
            exists(
                select(1).where(
                    _second_factors.c.account_id == accounts.c.id, _second_factors.c.enrolled_at.is_not(None)
                )
            ).label("enrolled"),
        ).where(accounts.c.id == account_id)
    )
    row = found.first()
    if row is None:
        return None
    return MyAccount(
        login=row.login,
        can_rename=row.login is not None and row.login_renamed_at is None,
        has_password=row.has_password,
        password_set_at=row.password_set_at,
        activated_at=row.activated_at,
        esia_bound=row.bound,
        second_factor=row.enrolled,
    )


async def lock_account(connection: AsyncConnection, account_id: UUID) -> None:
    """Have whoever changes the account, or points at it, wait until the transaction ends."""
    await connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())


async def reserve_login(connection: AsyncConnection, login: str, *, account_id: UUID, now: datetime) -> bool:
    """Reserve a login and its look-alikes for an account, for ever; whether nobody else has them (A24).

    Of several at once the first to commit has it; the others wait for that.
    """
    reserved = await connection.execute(
        upsert(login_reservations)
        .values(skeleton=skeleton(login), account_id=account_id, login=login, reserved_at=now)
        .on_conflict_do_update(
            index_elements=[login_reservations.c.skeleton],
            set_={"login": login},
            where=login_reservations.c.account_id == account_id,
        )
        .returning(login_reservations.c.skeleton)
    )
    return reserved.first() is not None


async def rename_login(connection: AsyncConnection, account_id: UUID, login: str, *, now: datetime) -> bool:
    """Give an account another login, unless it was given one before; whether it was done now (R15)."""
    renamed = await connection.execute(
        update(accounts)
        .where(
            accounts.c.id == account_id,
            accounts.c.login.is_not(None),
            accounts.c.login_renamed_at.is_(None),
        )
        .values(
            login=login,
            login_skeleton=skeleton(login),
            login_renamed_at=now,
            version=accounts.c.version + 1,
        )
    )
    return renamed.rowcount == 1
