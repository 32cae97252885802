"""Deliveries and their attempts. What was sealed is kept until its delivery is settled, and no longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.rules import (
    UNFINISHED,
    Attempt,
    Channel,
    Claim,
    Delivery,
    Order,
    State,
)
from services.notifications.metadata import metadata

_NOT_TOLD_YET: Final = 0  # channel and kind of what was withdrawn before it was asked for
_SWEPT_AT_ONCE: Final = 10_000  # rows: a short lock, whatever the table's size

deliveries = Table(
    "deliveries",
    metadata,
    # The message's id, a UUIDv7: the order in which messages were asked for.
    Column("delivery_id", Uuid, nullable=False),
    # Null for applicants, and for a farewell to a person whose data were erased.
    Column("person_id", Uuid),
    # Numbers of identity's `MessageChannel` and `MessageKind`.
    Column("channel", SmallInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("sealed", Text),
    # Number of `State`.
    Column("state", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    # When it is to be tried; for what is being tried, when it is to be tried again should the sender die.
    Column("due_at", DateTime(timezone=True)),
    Column("settled_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("delivery_id"),
    CheckConstraint(
        "(state = 1) = (sealed IS NOT NULL) AND (state = 1) = (due_at IS NOT NULL) "
        "AND (state = 1) = (settled_at IS NULL)",
        name="settled",
    ),
    # The sender: what is due next on a channel.
    Index("ix_deliveries_due", "channel", "due_at", postgresql_where=text("state = 1")),
    # ListMyDeliveries, and erasing.
    Index("ix_deliveries_person", "person_id", "delivery_id", postgresql_where=text("person_id IS NOT NULL")),
    # ListDeliveries: the newest in a state.
    Index("ix_deliveries_state", "state", "delivery_id"),
    # The sweep of what was kept long enough: rows are written in order of time, so a few pages tell.
    Index("ix_deliveries_age", "requested_at", postgresql_using="brin"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("delivery_id", Uuid, nullable=False),
    # Counted from 1.
    Column("number", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # A machine reason, empty when it succeeded.
    Column("failure", Text, nullable=False),
    PrimaryKeyConstraint("delivery_id", "number"),
    ForeignKeyConstraint(["delivery_id"], ["deliveries.delivery_id"], ondelete="CASCADE"),
)


async def take(connection: AsyncConnection, order: Order, *, now: datetime) -> None:
    """Keep a message to be sent, once; one that was withdrawn before it came stays withdrawn."""
    row = insert(deliveries).values(
        delivery_id=order.delivery_id,
        person_id=order.person_id,
        channel=order.channel,
        kind=order.kind,
        language=order.language,
        sealed=order.sealed,
        state=State.WAITING,
        attempts=0,
        requested_at=order.requested_at,
        expires_at=order.expires_at,
        due_at=now,
    )
    told = {name: row.excluded[name] for name in ("person_id", "channel", "kind", "language", "requested_at")}
    await connection.execute(
        row.on_conflict_do_update(
            index_elements=["delivery_id"], set_=told, where=deliveries.c.channel == _NOT_TOLD_YET
        )
    )


async def withdraw(connection: AsyncConnection, delivery_id: UUID, *, now: datetime) -> None:
    """Settle a message that waits, also one that was not heard of yet."""
    row = insert(deliveries).values(
        delivery_id=delivery_id,
        channel=_NOT_TOLD_YET,
        kind=_NOT_TOLD_YET,
        language="",
        state=State.WITHDRAWN,
        attempts=0,
        requested_at=now,
        expires_at=now,
        settled_at=now,
    )
    await connection.execute(
        row.on_conflict_do_update(
            index_elements=["delivery_id"],
            set_=_settled(State.WITHDRAWN, now),
            where=deliveries.c.state == State.WAITING,
        )
    )


async def erase(connection: AsyncConnection, person_id: UUID, *, farewell: int) -> None:
    """Forget what a person was sent and was to be sent; a ``farewell`` (a kind) still goes, as nobody's."""
    theirs = deliveries.c.person_id == person_id
    await connection.execute(
        delete(deliveries).where(
            theirs, or_(deliveries.c.state != State.WAITING, deliveries.c.kind != farewell)
        )
    )
    await connection.execute(update(deliveries).where(theirs).values(person_id=None))


async def next_due_at(connection: AsyncConnection, channel: Channel) -> datetime | None:
    """When something is to be done on a channel; None while nothing waits."""
    due: datetime | None = await connection.scalar(
        select(func.min(deliveries.c.due_at)).where(
            deliveries.c.channel == channel, deliveries.c.state == State.WAITING
        )
    )
    return due


async def expire(connection: AsyncConnection, channel: Channel, *, now: datetime) -> None:
    """Settle what has grown too old; what is being sent at this moment is not looked at."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.channel == channel,
            deliveries.c.state == State.WAITING,
            deliveries.c.due_at <= now,
            deliveries.c.expires_at <= now,
        )
        .values(_settled(State.EXPIRED, now))
    )


async def claim(
    connection: AsyncConnection, channel: Channel, *, most: int, now: datetime, until: datetime
) -> list[Claim]:
    """Take on what is due, the longest waiting first; nobody else gets it before ``until``."""
    due = (
        select(deliveries.c.delivery_id)
        .where(
            deliveries.c.channel == channel,
            deliveries.c.state == State.WAITING,
            deliveries.c.due_at <= now,
            deliveries.c.expires_at > now,
        )
        .order_by(deliveries.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == due.c.delivery_id)
        .values(due_at=until, attempts=deliveries.c.attempts + 1)
        .returning(
            deliveries.c.delivery_id,
            deliveries.c.kind,
            deliveries.c.language,
            deliveries.c.sealed,
            deliveries.c.attempts,
            deliveries.c.expires_at,
        )
    )
    claims = [Claim(*row) for row in rows]
    if claims:
        await connection.execute(
            insert(delivery_attempts),
            [
                {"delivery_id": one.delivery_id, "number": one.attempt, "at": now, "failure": UNFINISHED}
                for one in claims
            ],
        )
    return claims


async def sent(connection: AsyncConnection, claimed: Claim, *, now: datetime) -> None:
    """The message was taken: that is the truth, whatever has become of the delivery meanwhile."""
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == claimed.delivery_id)
        .values(_settled(State.SENT, now))
    )
    await _ended(connection, claimed, failure="")


async def failed(
    connection: AsyncConnection, claimed: Claim, *, reason: str, now: datetime, again_at: datetime | None
) -> None:
    """The message was not taken; ``again_at`` None: for good. What was settled meanwhile stays as it is."""
    after: dict[str, Any] = {"due_at": again_at} if again_at else _settled(State.FAILED, now)
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.delivery_id == claimed.delivery_id,
            deliveries.c.state == State.WAITING,
            deliveries.c.attempts == claimed.attempt,  # else another sender has it by now
        )
        .values(after)
    )
    await _ended(connection, claimed, failure=reason)


async def newest(
    connection: AsyncConnection,
    *,
    limit: int,
    before: UUID | None,
    since: datetime,
    person_id: UUID | None = None,
    state: int | None = None,
) -> list[Delivery]:
    """Deliveries asked for ``since``, the newest first, without their attempts.

    Args:
        connection: to read by.
        limit: how many at most.
        before: only those older than this one.
        since: none that was asked for earlier.
        person_id: only those of this person.
        state: only those in this state.
    """
    page = (
        select(
            deliveries.c.delivery_id,
            deliveries.c.channel,
            deliveries.c.kind,
            deliveries.c.state,
            deliveries.c.requested_at,
            deliveries.c.settled_at,
        )
        .where(deliveries.c.requested_at > since)
        .order_by(deliveries.c.delivery_id.desc())
        .limit(limit)
    )
    if person_id is not None:
        page = page.where(deliveries.c.person_id == person_id)
    if state is not None:
        page = page.where(deliveries.c.state == state)
    if before is not None:
        page = page.where(deliveries.c.delivery_id < before)
    return [
        Delivery(
            delivery_id=row.delivery_id,
            channel=Channel(row.channel) if row.channel != _NOT_TOLD_YET else None,
            kind=row.kind,
            state=State(row.state),
            requested_at=row.requested_at,
            settled_at=row.settled_at,
        )
        for row in await connection.execute(page)
    ]


async def attempts_of(
    connection: AsyncConnection, delivery_ids: Sequence[UUID]
) -> dict[UUID, tuple[Attempt, ...]]:
    """The attempts of each delivery that has some, in order."""
    rows = await connection.execute(
        select(delivery_attempts.c.delivery_id, delivery_attempts.c.at, delivery_attempts.c.failure)
        .where(delivery_attempts.c.delivery_id.in_(delivery_ids))
        .order_by(delivery_attempts.c.delivery_id, delivery_attempts.c.number)
    )
    found: dict[UUID, tuple[Attempt, ...]] = defaultdict(tuple)
    for delivery_id, at, failure in rows:
        found[delivery_id] += (Attempt(at, failure),)
    return found


async def sweep(connection: AsyncConnection, *, before: datetime) -> int:
    """Remove some of what was asked for earlier; returns how many, 0 when nothing is left."""
    old = select(deliveries.c.delivery_id).where(deliveries.c.requested_at < before).limit(_SWEPT_AT_ONCE)
    return (await connection.execute(delete(deliveries).where(deliveries.c.delivery_id.in_(old)))).rowcount


def _settled(state: State, now: datetime) -> dict[str, Any]:
    return {"state": state, "settled_at": now, "sealed": None, "due_at": None}


async def _ended(connection: AsyncConnection, claimed: Claim, *, failure: str) -> None:
    await connection.execute(
        update(delivery_attempts)
        .where(
            delivery_attempts.c.delivery_id == claimed.delivery_id,
            delivery_attempts.c.number == claimed.attempt,
        )
        .values(failure=failure)
    )
