"""Link transactions: one row per sign-in through ESIA, from the click to its end.

A row ties together the browser, the provider, the profile that came back and the person it was bound to,
and can be used once: without all of these in one place, a binding could be smuggled from one to another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.keyring import Sealed
from services.identity.links.rules import KEPT_AFTER_EXPIRY, MOST_PASSWORDS, Provider, Stage, StepUp
from services.identity.metadata import metadata

link_transactions = Table(
    "link_transactions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("region", Text, nullable=False),
    Column("provider", Text, nullable=False),  # the issuer the browser was sent to
    Column("state_digest", LargeBinary, nullable=False),  # SHA-256 of the state
    Column("browser_digest", LargeBinary, nullable=False),  # SHA-256 of the browser's key
    Column("stage", Text, nullable=False),  # a `Stage`
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("subject", Text),  # the profile that came back
    Column("person_id", Uuid),  # whom it was found to be
    # The profile while a password is awaited, sealed; emptied at the end.
    Column("profile_box", LargeBinary),
    Column("profile_box_key", SmallInteger),
    # Not null: no sign-in, but a step-up of this session, by this profile alone.
    Column("stepping_up", Uuid),
    Column("expected_subject", Text),
    Column("passwords_tried", Integer, nullable=False, server_default=text("0")),
    # The account that was proposed, as it stood: what has changed since, the proof does not hold for (A7).
    Column("account_id", Uuid),
    Column("account_version", BigInteger),
    Column("generation", Integer),
    # The one that a confirmation has begun: whoever presses twice gets it once more (A9).
    Column("session_id", Uuid),
    # The redirect comes back with a state.
    Index("link_transactions_by_state", "state_digest", unique=True),
    # A password is given by a browser.
    Index("link_transactions_by_browser", "browser_digest", unique=True),
    # The sweep of those that are over.
    Index("link_transactions_by_expiry", "expires_at"),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The account that a sign-in has proposed, as it stood then."""

    account_id: UUID
    account_version: int
    generation: int
    """Of the account's bindings: raised by each that ends (A7)."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A sign-in whose proposal was confirmed, and what that has begun."""

    link_id: UUID
    provider: Provider
    account_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Link:
    """A sign-in on its way."""

    id: UUID
    expires_at: datetime
    begun_at: datetime
    provider: Provider
    """To which the browser was sent, and for which region."""
    subject: str | None = None
    person_id: UUID | None = None
    profile: Sealed | None = None
    step_up: StepUp | None = None
    """None: to sign in."""
    proposal: Proposal | None = None
    shown_at: datetime | None = None
    """When the person showed at the provider who they are, as it told; not kept."""


_OF_LINK = (
    link_transactions.c.id,
    link_transactions.c.expires_at,
    link_transactions.c.begun_at,
    link_transactions.c.region,
    link_transactions.c.provider,
)
# The statements of every sign-in are built once: building one costs more than the database needs to run it.
_INSERT = insert(link_transactions)
_TAKE_STATE = (
    update(link_transactions)
    .where(
        link_transactions.c.state_digest == bindparam("state"),
        link_transactions.c.browser_digest == bindparam("browser"),
        link_transactions.c.stage == Stage.SENT,
        link_transactions.c.expires_at > bindparam("now"),
    )
    .values(stage=Stage.RETURNED)
    .returning(*_OF_LINK, link_transactions.c.stepping_up, link_transactions.c.expected_subject)
)
_OF_PROFILE = (
    link_transactions.c.subject,
    link_transactions.c.person_id,
    link_transactions.c.profile_box,
    link_transactions.c.profile_box_key,
)
# Stages in which the profile lies here, sealed.
_AWAITING = (Stage.PASSWORD_NEEDED, Stage.CONFIRMATION_NEEDED)

FINISH = (
    update(link_transactions)
    .where(
        link_transactions.c.id == bindparam("link"),
        link_transactions.c.stage.in_((Stage.RETURNED, *_AWAITING)),
        link_transactions.c.expires_at > bindparam("now"),
    )
    .values(
        stage=bindparam("new_stage"),
        subject=bindparam("new_subject"),
        person_id=bindparam("new_person"),
        profile_box=None,
        profile_box_key=None,
    )
)


async def insert_link(
    connection: AsyncConnection, link: Link, *, state_digest: bytes, browser_digest: bytes
) -> None:
    """Begin a sign-in."""
    await connection.execute(
        _INSERT,
        {
            "id": link.id,
            "region": link.provider.region,
            "provider": link.provider.issuer,
            "state_digest": state_digest,
            "browser_digest": browser_digest,
            "stage": Stage.SENT,
            "begun_at": link.begun_at,
            "expires_at": link.expires_at,
            "stepping_up": link.step_up.session_id if link.step_up else None,
            "expected_subject": link.step_up.subject if link.step_up else None,
        },
    )


async def take_state(
    connection: AsyncConnection, *, state_digest: bytes, browser_digest: bytes, now: datetime
) -> Link | None:
    """Use the state up; None unless it was given to this browser, is unused and in time (A1, A2).

    Another browser does not use it up: it would rob the one it belongs to.
    """
    taken = await connection.execute(
        _TAKE_STATE, {"state": state_digest, "browser": browser_digest, "now": now}
    )
    row = taken.first()
    if row is None:
        return None
    step_up = StepUp(row.stepping_up, row.expected_subject) if row.stepping_up else None
    return _link(row, step_up=step_up)


async def count_password(connection: AsyncConnection, *, browser_digest: bytes, now: datetime) -> Link | None:
    """Count one more password, before it is looked at; None when none may be tried from this browser.

    Also after somebody was proposed: a page that is sent twice, or gone back to, proposes anew.
    """
    counted = await connection.execute(
        update(link_transactions)
        .where(
            link_transactions.c.browser_digest == browser_digest,
            link_transactions.c.stage.in_(_AWAITING),
            link_transactions.c.expires_at > now,
            link_transactions.c.passwords_tried < MOST_PASSWORDS,
        )
        .values(passwords_tried=link_transactions.c.passwords_tried + 1)
        .returning(*_OF_LINK, *_OF_PROFILE)
    )
    row = counted.first()
    return None if row is None else _waiting(row)


async def uncount_password(connection: AsyncConnection, link_id: UUID) -> None:
    """Take the last count back: the password was not looked at."""
    await connection.execute(
        update(link_transactions)
        .where(link_transactions.c.id == link_id)
        .values(passwords_tried=link_transactions.c.passwords_tried - 1)
    )


async def await_password(
    connection: AsyncConnection, link_id: UUID, *, subject: str, profile: Sealed, expires_at: datetime
) -> None:
    """Keep the profile, sealed, until a password shows whose it is."""
    await connection.execute(
        update(link_transactions)
        .where(link_transactions.c.id == link_id, link_transactions.c.stage == Stage.RETURNED)
        .values(
            stage=Stage.PASSWORD_NEEDED,
            subject=subject,
            profile_box=profile.box,
            profile_box_key=profile.key_version,
            expires_at=expires_at,
        )
    )


async def propose(
    connection: AsyncConnection, link_id: UUID, proposal: Proposal, *, person_id: UUID, expires_at: datetime
) -> bool:
    """Keep whom the password has shown, until they confirm; whether the sign-in still waits."""
    proposed = await connection.execute(
        update(link_transactions)
        .where(link_transactions.c.id == link_id, link_transactions.c.stage.in_(_AWAITING))
        .values(
            stage=Stage.CONFIRMATION_NEEDED,
            person_id=person_id,
            account_id=proposal.account_id,
            account_version=proposal.account_version,
            generation=proposal.generation,
            expires_at=expires_at,
        )
    )
    return proposed.rowcount == 1


async def proposed(
    connection: AsyncConnection, *, browser_digest: bytes, person_id: UUID | None, now: datetime
) -> Link | None:
    """The sign-in of this browser that waits for a confirmation, locked until the transaction ends.

    None when there is none, or not of ``person_id``, if that is given.
    """
    which = [
        link_transactions.c.browser_digest == browser_digest,
        link_transactions.c.stage == Stage.CONFIRMATION_NEEDED,
        link_transactions.c.expires_at > now,
    ]
    if person_id is not None:
        which.append(link_transactions.c.person_id == person_id)
    found = await connection.execute(
        select(
            *_OF_LINK,
            *_OF_PROFILE,
            link_transactions.c.account_id,
            link_transactions.c.account_version,
            link_transactions.c.generation,
        )
        .where(*which)
        .with_for_update()
    )
    row = found.first()
    if row is None:
        return None
    proposal = Proposal(row.account_id, row.account_version, row.generation)
    return replace(_waiting(row), proposal=proposal)


async def hold(connection: AsyncConnection, link_id: UUID) -> None:
    """Have whoever confirms or declines in this sign-in wait for the transaction; before any person."""
    held = select(link_transactions.c.id).where(link_transactions.c.id == link_id)
    await connection.execute(held.with_for_update())


async def note_session(connection: AsyncConnection, link_id: UUID, session_id: UUID) -> None:
    """Keep which session a confirmed sign-in has begun."""
    await connection.execute(
        update(link_transactions).where(link_transactions.c.id == link_id).values(session_id=session_id)
    )


async def confirmed(
    connection: AsyncConnection, *, browser_digest: bytes, person_id: UUID
) -> Confirmed | None:
    """What this browser has confirmed for this person, whenever that was; None when nothing."""
    found = await connection.execute(
        select(*_OF_LINK, link_transactions.c.account_id, link_transactions.c.session_id).where(
            link_transactions.c.browser_digest == browser_digest,
            link_transactions.c.person_id == person_id,
            link_transactions.c.stage == Stage.DONE,
            link_transactions.c.session_id.is_not(None),
        )
    )
    row = found.first()
    if row is None:
        return None
    return Confirmed(row.id, Provider(row.region, row.provider), row.account_id, row.session_id)


async def finish(
    connection: AsyncConnection,
    link_id: UUID,
    *,
    stage: Stage,
    subject: str,
    person_id: UUID | None,
    now: datetime,
) -> bool:
    """End a sign-in as ``stage`` says; whether it was still under way. The profile is forgotten."""
    finished = await connection.execute(
        FINISH,
        {"link": link_id, "now": now, "new_stage": stage, "new_subject": subject, "new_person": person_id},
    )
    return finished.rowcount == 1


async def refused(connection: AsyncConnection, *, browser_digest: bytes, now: datetime) -> UUID | None:
    """The sign-in of a browser that was refused, or whose password showed somebody else, while it lives."""
    link_id: UUID | None = await connection.scalar(
        select(link_transactions.c.id).where(
            link_transactions.c.browser_digest == browser_digest,
            link_transactions.c.stage.in_((Stage.REFUSED, Stage.PASSWORD_NEEDED)),
            link_transactions.c.expires_at > now,
        )
    )
    return link_id


async def sweep_links(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget profiles whose time is over, at once, and their sign-ins after a day."""
    await connection.execute(
        update(link_transactions)
        .where(link_transactions.c.expires_at <= now, link_transactions.c.profile_box.is_not(None))
        .values(profile_box=None, profile_box_key=None)
    )
    await connection.execute(
        delete(link_transactions).where(link_transactions.c.expires_at <= now - KEPT_AFTER_EXPIRY)
    )


def _link(row: Any, *, step_up: StepUp | None = None) -> Link:
    provider = Provider(row.region, row.provider)
    return Link(row.id, row.expires_at, row.begun_at, provider, step_up=step_up)


def _waiting(row: Any) -> Link:
    sealed = Sealed(row.profile_box, row.profile_box_key)
    return replace(_link(row), subject=row.subject, person_id=row.person_id, profile=sealed)
