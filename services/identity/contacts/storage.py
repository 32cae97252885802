"""Contacts, as rows: values sealed, found again by their blind index.

A contact is read and written as a whole, under the lock of its account's row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.storage import accounts
from services.identity.contacts.rules import Change, Contact, Kind, Proof, Sends, Value, known_value
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata

contacts = Table(
    "contacts",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id"), primary_key=True),
    Column("kind", Text, primary_key=True),  # a `Kind`
    # The value in force; all five are null while there is none.
    Column("box", LargeBinary),
    Column("box_key", SmallInteger),
    Column("value_index", LargeBinary),
    Column("value_index_key", SmallInteger),
    Column("confirmed_at", DateTime(timezone=True)),
    # The value that waits to be confirmed; all five are null while none does.
    Column("pending_box", LargeBinary),
    Column("pending_box_key", SmallInteger),
    Column("pending_index", LargeBinary),
    Column("pending_index_key", SmallInteger),
    Column("pending_until", DateTime(timezone=True)),
    # What was sent to it: SHA-256 of a link's token, keyed HMAC of a code.
    Column("proof_digest", LargeBinary),
    Column("proof_until", DateTime(timezone=True)),
    Column("attempts_left", SmallInteger),
    Column("message_id", Uuid),
    # What went out lately.
    Column("sent_at", DateTime(timezone=True)),
    Column("sends", SmallInteger, nullable=False, server_default=text("0")),
    Column("sends_since", DateTime(timezone=True)),
    # Grows with each value that waits.
    Column("version", BigInteger, nullable=False),
    # How many accounts use a value.
    Index("contacts_by_value", "value_index"),
    Index("contacts_by_pending_value", "pending_index", postgresql_where=text("pending_index IS NOT NULL")),
    # The link that somebody followed.
    Index("contacts_by_proof", "proof_digest", unique=True),
    # The sweep of values that nobody confirmed.
    Index("contacts_by_pending_end", "pending_until", postgresql_where=text("pending_until IS NOT NULL")),
)

# The columns of a value that waits, when none does.
NOTHING_PENDING = dict.fromkeys(
    (
        "pending_box", "pending_box_key", "pending_index", "pending_index_key", "pending_until",
        "proof_digest", "proof_until", "attempts_left", "message_id",
    )
)  # fmt: skip
_OF_PERSON = (
    select(contacts)
    .join_from(contacts, accounts, accounts.c.id == contacts.c.account_id)
    .where(accounts.c.person_id == bindparam("person"), contacts.c.confirmed_at.is_not(None))
    .order_by(contacts.c.kind)
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose contacts they are."""

    person_id: UUID
    active: bool
    """Whether the account was activated; until then its contacts are a matter of `activation`."""


async def lock_holder(connection: AsyncConnection, account_id: UUID) -> Holder | None:
    """Have the account's contacts change one at a time until the transaction ends."""
    found = await connection.execute(
        select(accounts.c.person_id, accounts.c.activated_at.is_not(None).label("active"))
        .where(accounts.c.id == account_id)
        .with_for_update(key_share=True)
    )
    row = found.first()
    return None if row is None else Holder(row.person_id, row.active)


async def of_account(connection: AsyncConnection, keyring: Keyring, account_id: UUID) -> dict[Kind, Contact]:
    """Every kind of contact of an account, also those it has not."""
    found = await connection.execute(select(contacts).where(contacts.c.account_id == account_id))
    known = {Kind(row.kind): _contact(row, keyring) for row in found}
    return {kind: known.get(kind, Contact(kind)) for kind in Kind}


async def confirmed(connection: AsyncConnection, keyring: Keyring, person_id: UUID) -> list[Contact]:
    """The confirmed contacts of a person; none when there is no account."""
    found = await connection.execute(_OF_PERSON, {"person": person_id})
    return [_contact(row, keyring) for row in found]


async def account_of_link(connection: AsyncConnection, digest: bytes) -> UUID | None:
    """The account to one of whose addresses this link went."""
    found = await connection.execute(
        select(contacts.c.account_id).where(contacts.c.proof_digest == digest, contacts.c.kind == Kind.EMAIL)
    )
    return found.scalar_one_or_none()


async def save(connection: AsyncConnection, keyring: Keyring, account_id: UUID, contact: Contact) -> None:
    """Write a contact down as it is now."""
    values = _row(keyring, account_id, contact)
    key = {"account_id": account_id, "kind": contact.kind}
    await connection.execute(
        insert(contacts)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=[contacts.c.account_id, contacts.c.kind], set_=values)
    )


async def users_of(
    connection: AsyncConnection, keyring: Keyring, value: Value, *, besides: UUID, now: datetime
) -> int:
    """How many other accounts use a value, or may come to use it by what they have under way.

    Until the transaction ends nobody else may ask this of the same value, so a limit on it is exact.
    """
    digests = [index.digest for index in keyring.indexes(value.folded, kind=_kind_of_index(value.kind))]
    lock = int.from_bytes(digests[0][:8], "big", signed=True)
    await connection.execute(select(func.pg_advisory_xact_lock(lock)))
    waiting = and_(contacts.c.pending_index.in_(digests), contacts.c.pending_until > now)
    counted = await connection.scalar(
        select(func.count(contacts.c.account_id.distinct())).where(
            or_(contacts.c.value_index.in_(digests), waiting), contacts.c.account_id != besides
        )
    )
    return counted or 0


async def forget_changes(connection: AsyncConnection, account_id: UUID) -> list[UUID]:
    """Have no value wait any more; returns the messages whose codes and links are dead by that."""
    waiting = (
        select(contacts.c.kind, contacts.c.message_id)
        .where(contacts.c.account_id == account_id, contacts.c.pending_box.is_not(None))
        .with_for_update()
        .cte("waiting")
    )
    forgotten = await connection.execute(
        update(contacts)
        .where(contacts.c.account_id == account_id, contacts.c.kind == waiting.c.kind)
        .values(**NOTHING_PENDING)
        .returning(waiting.c.message_id)
    )
    return [row.message_id for row in forgotten if row.message_id is not None]


async def sweep_contacts(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget the values that nobody confirmed in time."""
    await connection.execute(
        update(contacts).where(contacts.c.pending_until <= now).values(**NOTHING_PENDING)
    )


def _kind_of_index(kind: Kind) -> str:
    return f"contact {kind.lower()}"


def _context(account_id: UUID, kind: Kind) -> str:
    return f"{kind.lower()} of {account_id}"


def _row(keyring: Keyring, account_id: UUID, contact: Contact) -> dict[str, Any]:
    values: dict[str, Any] = {
        **_hidden(keyring, account_id, contact.value, ("box", "box_key", "value_index", "value_index_key")),
        "confirmed_at": contact.confirmed_at,
        **NOTHING_PENDING,
        "sent_at": contact.sends.last_at,
        "sends": contact.sends.count,
        "sends_since": contact.sends.since,
        "version": contact.version,
    }
    if contact.change is None:
        return values
    names = ("pending_box", "pending_box_key", "pending_index", "pending_index_key")
    values |= _hidden(keyring, account_id, contact.change.value, names)
    values["pending_until"] = contact.change.until
    if contact.change.proof is not None:
        proof = contact.change.proof
        values |= {
            "proof_digest": proof.digest,
            "proof_until": proof.until,
            "attempts_left": proof.attempts_left,
            "message_id": proof.message_id,
        }
    return values


def _hidden(keyring: Keyring, account_id: UUID, value: Value | None, names: Iterable[str]) -> dict[str, Any]:
    if value is None:
        return dict.fromkeys(names)
    sealed = keyring.seal(value.text, context=_context(account_id, value.kind))
    index = keyring.index(value.folded, kind=_kind_of_index(value.kind))
    hidden = (sealed.box, sealed.key_version, index.digest, index.key_version)
    return dict(zip(names, hidden, strict=True))


def _contact(row: Any, keyring: Keyring) -> Contact:
    kind = Kind(row.kind)
    return Contact(
        kind,
        _opened(keyring, row.account_id, kind, row.box, row.box_key),
        row.confirmed_at,
        _change(row, keyring, kind),
        Sends(row.sent_at, row.sends, row.sends_since),
        row.version,
    )


def _change(row: Any, keyring: Keyring, kind: Kind) -> Change | None:
    value = _opened(keyring, row.account_id, kind, row.pending_box, row.pending_box_key)
    if value is None:
        return None
    proof = (
        Proof(row.proof_digest, row.proof_until, row.attempts_left, row.message_id)
        if row.proof_digest is not None
        else None
    )
    return Change(value, row.pending_until, proof)


def _opened(
    keyring: Keyring, account_id: UUID, kind: Kind, box: bytes | None, key: int | None
) -> Value | None:
    if box is None or key is None:
        return None
    return known_value(kind, keyring.open(Sealed(box, key), context=_context(account_id, kind)))
