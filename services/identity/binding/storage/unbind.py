"""Ending a binding, and the history of those that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.binding.rules.endings import PastOrPresent, WhyEnded
from services.identity.binding.rules.roads import Road
from services.identity.binding.storage.standing import active, bindings
from services.identity.contacts.storage import contacts
from services.identity.links.rules import Provider


@dataclass(frozen=True, slots=True)
class Held:
    """What an account has beside its binding, locked until the transaction ends."""

    person_id: UUID
    own_password: bool
    """One that its person chose."""
    confirmed_contact: bool


@dataclass(frozen=True, slots=True)
class Unbound:
    """A binding that has just ended."""

    id: UUID
    version: int
    """The account's, by which others are told."""


async def lock(connection: AsyncConnection, account_id: UUID) -> Held | None:
    """What the account has, once whoever binds or unbinds it now is done; None when there is none such."""
    found = await connection.execute(
        select(
            accounts.c.person_id,
            (accounts.c.password_hash.is_not(None) & accounts.c.temporary_until.is_(None)).label("own"),
            exists()
            .where(contacts.c.account_id == accounts.c.id, contacts.c.confirmed_at.is_not(None))
            .label("reached"),
        )
        .where(accounts.c.id == account_id)
        .with_for_update(of=accounts, key_share=True)
    )
    row = found.first()
    return None if row is None else Held(row.person_id, bool(row.own), bool(row.reached))


async def unbind(
    connection: AsyncConnection,
    provider: Provider,
    account_id: UUID,
    *,
    by: UUID,
    why: WhyEnded,
    at: datetime,
) -> Unbound | None:
    """End the binding of an account that is locked, and raise its generation (A7); None when it has none."""
    ended = await connection.execute(
        update(bindings)
        .where(*active(provider), bindings.c.account_id == account_id)
        .values(ended_at=at, ended_by=by, ended_why=why)
        .returning(bindings.c.id)
    )
    binding = ended.first()
    if binding is None:
        return None
    moved = await connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(
            version=accounts.c.version + 1,
            binding_generation=accounts.c.binding_generation + 1,
            unbound_at=at,
        )
        .returning(accounts.c.version)
    )
    return Unbound(binding.id, moved.scalar_one())


async def of_account(
    connection: AsyncConnection, provider: Provider, account_id: UUID
) -> list[PastOrPresent]:
    """Every binding that an account has or had here, the newest first."""
    found = await connection.execute(
        select(
            bindings.c.id,
            bindings.c.road,
            bindings.c.bound_at,
            bindings.c.reverified_at,
            bindings.c.ended_at,
            bindings.c.ended_by,
            bindings.c.ended_why,
        )
        .where(
            bindings.c.account_id == account_id,
            bindings.c.region == provider.region,
            bindings.c.provider == provider.issuer,
        )
        .order_by(bindings.c.bound_at.desc(), bindings.c.id.desc())
    )
    return [
        PastOrPresent(
            row.id,
            Road(row.road),
            row.bound_at,
            row.reverified_at,
            row.ended_at,
            row.ended_by,
            WhyEnded(row.ended_why) if row.ended_why else None,
        )
        for row in found
    ]
