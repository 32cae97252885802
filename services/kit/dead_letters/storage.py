"""Every query on dead letters that is not the consumer's own; payloads are read by none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Transaction
from services.kit.tables import dead_letters, inbox

_OPEN = dead_letters.c.discarded_at.is_(None)


@dataclass(frozen=True, slots=True)
class Letter:
    """What may be told of a dead letter: nothing of what the event says."""

    event_id: UUID
    consumer: str
    type: str
    died_at: datetime
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many letters there are of one kind of event."""

    type: str
    open: int
    discarded: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open letter in its place among those that are to be driven again."""

    aggregate_id: str
    aggregate_version: int
    event_id: UUID
    consumer: str
    type: str


async def counts(connection: AsyncConnection) -> list[Count]:
    """How many there are, by kind, in the order of their names."""
    rows = await connection.execute(
        select(
            dead_letters.c.type,
            func.count().filter(_OPEN),
            func.count().filter(dead_letters.c.discarded_at.is_not(None)),
        )
        .group_by(dead_letters.c.type)
        .order_by(dead_letters.c.type)
    )
    return [Count(*row) for row in rows]


async def how_many_open(connection: AsyncConnection) -> int:
    """How many wait for somebody."""
    return int((await connection.execute(select(func.count()).where(_OPEN))).scalar_one())


async def letters(
    connection: AsyncConnection,
    *,
    name: str | None,
    discarded: bool,
    after: tuple[UUID, str] | None,
    most: int,
) -> list[Letter]:
    """A page of those that are open, or of those that were discarded, the oldest event first."""
    columns = dead_letters.c
    place = tuple_(columns.event_id, columns.consumer)
    rows = await connection.execute(
        select(
            columns.event_id,
            columns.consumer,
            columns.type,
            columns.died_at,
            columns.attempts,
            columns.reason,
        )
        .where(
            columns.discarded_at.is_not(None) if discarded else _OPEN,
            _named(name),
            true() if after is None else place > after,
        )
        .order_by(place)
        .limit(most)
    )
    return [Letter(*row) for row in rows]


async def next_waiting(
    connection: AsyncConnection, *, name: str | None, after: Waiting | None, most: int
) -> list[Waiting]:
    """The next open letters: those about one thing in the order of its versions, things by their age.

    Ids begin with the instant at which they were made, so what is older was there first.
    """
    columns = dead_letters.c
    place = tuple_(columns.aggregate_id, columns.aggregate_version, columns.event_id, columns.consumer)
    beyond = true() if after is None else place > _place(after)
    rows = await connection.execute(
        select(
            columns.aggregate_id,
            columns.aggregate_version,
            columns.event_id,
            columns.consumer,
            columns.type,
        )
        .where(_OPEN, _named(name), beyond)
        .order_by(place)
        .limit(most)
    )
    return [Waiting(*row) for row in rows]


async def of_event(connection: AsyncConnection, event_id: UUID) -> list[tuple[str, str]]:
    """The consumers for which an event lies here, discarded or not, each with the event's type."""
    rows = await connection.execute(
        select(dead_letters.c.consumer, dead_letters.c.type)
        .where(dead_letters.c.event_id == event_id)
        .order_by(dead_letters.c.consumer)
    )
    return [(row.consumer, row.type) for row in rows]


async def was_applied(connection: AsyncConnection, event_id: UUID) -> bool:
    """Whether a consumer has handled an event, as far back as the inbox remembers."""
    return bool(await connection.scalar(select(select(inbox).where(inbox.c.event_id == event_id).exists())))


async def types(connection: AsyncConnection) -> Sequence[str]:
    """The kinds of events that lie here."""
    return (await connection.scalars(select(dead_letters.c.type).distinct())).all()


async def discard(tx: Transaction, consumer: str, event_id: UUID) -> None:
    """Put a letter aside that the transaction holds."""
    await tx.execute(
        update(dead_letters)
        .where(dead_letters.c.consumer == consumer, dead_letters.c.event_id == event_id)
        .values(discarded_at=func.now())
    )


def _named(name: str | None) -> ColumnElement[bool]:
    """An event's full name, or what stands behind its last dot."""
    kind = dead_letters.c.type
    return true() if name is None else or_(kind == name, func.split_part(kind, ".", -1) == name)


def _place(letter: Waiting) -> tuple[str, int, UUID, str]:
    return letter.aggregate_id, letter.aggregate_version, letter.event_id, letter.consumer
