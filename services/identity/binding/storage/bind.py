"""The one statement that binds: everything that must hold or fall together with the binding's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    case,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.rules.roads import Road
from services.identity.binding.storage.standing import bindings
from services.identity.contacts.storage import NOTHING_PENDING, contacts
from services.identity.keyring import BlindIndex
from services.identity.links.storage import Link
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people
from services.identity.recoveries.storage import recoveries


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of binding an account."""

    version: int | None
    """The account's, by which others are told; None: it or the profile was bound already."""
    dead_messages: list[UUID]
    """Links and codes that were sent and prove nothing any more."""
    somebody_to_tell: bool
    """Whether the account has confirmed contacts."""


# Parameters are not named like columns: SQLAlchemy would set what is named so in the UPDATE, too.
_NOW = bindparam("now", type_=DateTime(timezone=True))
# First the person's row is held as it was judged: whoever corrects the SNILS, or has the person leave, at the
# same moment waits and finds the binding; or was first, and nothing is bound. Persons before accounts, as
# everywhere. Then the account's row is locked; then the binding is tried; if it took, the account moves on.
_present = (
    select(people.c.id)
    .where(
        people.c.id == bindparam("person", type_=Uuid),
        people.c.status == PersonStatus.ACTIVE,
        people.c.version == bindparam("as_judged", type_=BigInteger),
    )
    .with_for_update(read=True)
    .cte("present")
)
_locked = (
    select(accounts.c.id, accounts.c.activated_at.is_not(None).label("active"))
    .join_from(accounts, _present, _present.c.id == accounts.c.person_id)
    .where(
        accounts.c.id == bindparam("account"),
        accounts.c.state == AccountState.OPEN,
        # What was shown before the last binding ended binds nothing any more (A7).
        accounts.c.binding_generation == bindparam("at_generation", type_=Integer),
        or_(
            accounts.c.unbound_at.is_(None),
            accounts.c.unbound_at <= bindparam("begun", type_=DateTime(timezone=True)),
        ),
    )
    .with_for_update(of=accounts, key_share=True)
    .cte("locked")
)
_OF_BINDING = (
    "id", "region", "provider", "subject", "account_id", "road", "link_id", "bound_at", "snils_seen",
    "snils_seen_key",
)  # fmt: skip
_bound = (
    insert(bindings)
    .from_select(
        list(_OF_BINDING),
        select(
            bindparam("binding", type_=Uuid),
            bindparam("here", type_=Text),
            bindparam("issuer", type_=Text),
            bindparam("profile", type_=Text),
            _locked.c.id,
            bindparam("by_road", type_=Text),
            bindparam("link", type_=Uuid),
            _NOW,
            bindparam("seen", type_=LargeBinary),
            bindparam("seen_key", type_=SmallInteger),
        ),
    )
    .on_conflict_do_nothing()
    .returning(bindings.c.account_id)
    .cte("bound")
)
# A binding activates; the school's temporary password is dead (A6, A23), a chosen one stays.
_moved = (
    update(accounts)
    .where(accounts.c.id == _bound.c.account_id)
    .values(
        version=accounts.c.version + 1,
        activated_at=func.coalesce(accounts.c.activated_at, _NOW),
        password_hash=case((accounts.c.temporary_until.is_(None), accounts.c.password_hash), else_=null()),
        temporary_until=None,
    )
    .returning(accounts.c.id, accounts.c.version)
    .cte("moved")
)
# Whoever held the slip may have confirmed an address of their own in an activation that they left (A6).
_without_contacts = (
    delete(contacts)
    .where(
        contacts.c.account_id == _bound.c.account_id,
        _locked.c.id == _bound.c.account_id,
        _locked.c.active.is_(False),
    )
    .cte("without_contacts")
)
_without_changes = (
    update(contacts)
    .where(
        contacts.c.account_id == _bound.c.account_id,
        _locked.c.id == _bound.c.account_id,
        _locked.c.active,
        contacts.c.pending_box.is_not(None),
    )
    .values(**NOTHING_PENDING)
    .cte("without_changes")
)
_without_recoveries = (
    delete(recoveries).where(recoveries.c.account_id == _bound.c.account_id).cte("without_recoveries")
)
# As they were when the statement began.
_sent = union_all(
    select(contacts.c.account_id, contacts.c.message_id).where(contacts.c.message_id.is_not(None)),
    select(recoveries.c.account_id, recoveries.c.message_id),
).subquery("sent")
_dead = (
    select(func.array_agg(_sent.c.message_id))
    .where(_sent.c.account_id == _moved.c.id)
    .correlate(_moved)
    .scalar_subquery()
)
_told = (
    exists()
    .where(contacts.c.account_id == _moved.c.id, contacts.c.confirmed_at.is_not(None), _locked.c.active)
    .correlate(_moved, _locked)
)
_BIND = (
    select(_moved.c.version, _dead.label("dead"), _told.label("told"))
    .join_from(_locked, _moved, _moved.c.id == _locked.c.id, isouter=True)
    .add_cte(_without_contacts, _without_changes, _without_recoveries)
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding to be made."""

    id: UUID
    subject: str
    account_id: UUID
    person_id: UUID
    person_version: int
    """The person's, as they were judged."""
    road: Road
    snils: BlindIndex | None
    """Of the profile, as it is found again."""
    generation: int
    """The account's, when what speaks for this binding was shown."""


async def bind(connection: AsyncConnection, link: Link, bound: Bound, *, at: datetime) -> Tried | None:
    """Bind an account and move it to its next version, unless it or the profile are bound already.

    What somebody else may have prepared dies with it: the temporary password, values that wait to be
    confirmed, every contact of an account that was never activated, recoveries (A6). A call that loses a race
    waits here until the winner has committed.

    Returns:
        What became of it; None when the account or its person may not be in by now (A16), the person has
        changed since they were judged (A14), or a binding of the account has ended since the sign-in began
        (A7).
    """
    found = await connection.execute(
        _BIND,
        {
            "account": bound.account_id,
            "person": bound.person_id,
            "as_judged": bound.person_version,
            "at_generation": bound.generation,
            "begun": link.begun_at,
            "binding": bound.id,
            "here": link.provider.region,
            "issuer": link.provider.issuer,
            "profile": bound.subject,
            "by_road": bound.road,
            "link": link.id,
            "now": at,
            "seen": bound.snils.digest if bound.snils else None,
            "seen_key": bound.snils.key_version if bound.snils else None,
        },
    )
    row = found.first()
    return None if row is None else Tried(row.version, row.dead or [], row.told)
