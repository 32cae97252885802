"""Credentials as they are issued: the account's login and temporary password, and who verified what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import skeleton
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.issuing.rules.people import ApplicationChannel, Capacity, Document
from services.identity.metadata import metadata
from services.identity.people.storage import hold

# One row each time credentials are given out; kept for as long as the account.
credential_issues = Table(
    "credential_issues",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), primary_key=True),
    # The account's first, second, … issue: `accounts.issued_count` after it.
    Column("number", Integer, primary_key=True),
    Column("school_id", Uuid, nullable=False),
    # The verifying employee (R30).
    Column("issued_by", Uuid, ForeignKey("people.id"), nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("capacity", Text, nullable=False),  # a `Capacity`
    Column("documents", ARRAY(Text), nullable=False),  # each a `Document`
    Column("channel", Text, nullable=False),  # an `ApplicationChannel`
    # The electronic request that was answered; not a reference: requests are removed earlier.
    Column("account_request_id", Uuid),
    Column("job_id", Uuid),  # the class issue it belonged to
    Column("reissue_reason", Text),  # in the employee's words; null the first time
    # "What did this employee issue?", for whoever looks into a complaint.
    Index("credential_issues_by_issuer", "issued_by", "issued_at"),
)


@dataclass(frozen=True, slots=True)
class Issue:
    """What is recorded of one time that credentials were given out."""

    account_id: UUID
    number: int
    school_id: UUID
    issued_by: UUID
    issued_at: datetime
    expires_at: datetime
    capacity: Capacity
    documents: frozenset[Document]
    channel: ApplicationChannel
    account_request_id: UUID | None
    job_id: UUID | None
    reissue_reason: str | None


async def lock_account(connection: AsyncConnection, person_id: UUID) -> None:
    """Have other transactions that change the person's account wait for this one, or have them leave."""
    await hold(connection, person_id)
    await connection.execute(select(accounts.c.id).where(accounts.c.person_id == person_id).with_for_update())


async def reserve_login(
    connection: AsyncConnection, account_id: UUID, logins: Iterable[str], *, at: datetime
) -> str | None:
    """The first of these logins that looks like no other, reserved for the account for ever (A24)."""
    for login in logins:
        reserved = await connection.execute(
            upsert(login_reservations)
            .values(skeleton=skeleton(login), account_id=account_id, login=login, reserved_at=at)
            .on_conflict_do_nothing()
            .returning(login_reservations.c.skeleton)
        )
        if reserved.first() is not None:
            return login
    return None


async def give_password(connection: AsyncConnection, issue: Issue, login: str, password_hash: str) -> None:
    """Let the temporary password be the only one; activation begins anew."""
    await connection.execute(
        update(accounts)
        .where(accounts.c.id == issue.account_id)
        .values(
            login=login,
            login_skeleton=skeleton(login),
            password_hash=password_hash,
            issued_at=issue.issued_at,
            issued_count=issue.number,
            temporary_until=issue.expires_at,
            password_set_at=None,
            activated_at=None,
            version=accounts.c.version + 1,
        )
    )


async def record(connection: AsyncConnection, issue: Issue) -> None:
    """Keep who gave credentials, when, and on which documents."""
    await connection.execute(
        insert(credential_issues).values(
            account_id=issue.account_id,
            number=issue.number,
            school_id=issue.school_id,
            issued_by=issue.issued_by,
            issued_at=issue.issued_at,
            expires_at=issue.expires_at,
            capacity=issue.capacity,
            documents=sorted(issue.documents),
            channel=issue.channel,
            account_request_id=issue.account_request_id,
            job_id=issue.job_id,
            reissue_reason=issue.reissue_reason,
        )
    )
