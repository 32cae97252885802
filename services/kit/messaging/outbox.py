"""Every query of the relay: on the outbox, and the sweep of what was kept long enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import BigInteger, Uuid, bindparam, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Driver
from services.kit.leading import Seat
from services.kit.postgres import naming_unavailable
from services.kit.reader import Query
from services.kit.tables import inbox, outbox, outbox_streams, requests

_CHUNK: Final = 10_000  # rows changed by one statement: short locks, whatever the table's size

SEAT: Final = Seat(0x6F7574626F780001, "outbox")
"""Of the one relay that publishes."""

# What each event needs is run by the driver itself: with SQLAlchemy around them the two would cost a service
# as much as the change that the event tells of.
_NEXT_BATCH: Final = Query(
    select(
        outbox.c.id,
        outbox.c.type,
        outbox.c.aggregate_id,
        outbox.c.aggregate_version,
        outbox.c.payload,
        outbox.c.occurred_at,
    )
    .where(outbox.c.stream_seq.is_(None))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_STORE_ACKS: Final = (
    "UPDATE outbox SET stream_seq = ack.seq, published_at = coalesce(published_at, now()) "
    "FROM unnest($1::uuid[], $2::bigint[]) AS ack (id, seq) "
    "WHERE outbox.id = ack.id"
)


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that is to be published."""

    id: UUID
    type: str
    aggregate_id: UUID
    aggregate_version: int
    payload: bytes
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant, and the end of the outbox at it."""

    at: datetime
    """By the database's clock: what was committed before is in the outbox up to ``last_id``."""
    last_id: UUID | None
    """None while nothing was ever published."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Where in the stream an event lies, as far as we were told."""

    id: UUID
    stream_seq: int


class PlaceTaken(Exception):
    """A sequence belongs to another event already: the stream went back."""


async def next_batch(driver: Driver, limit: int) -> list[Pending]:
    """The oldest events without an ack."""
    with naming_unavailable():
        rows = await driver.fetch(_NEXT_BATCH.sql, *_NEXT_BATCH.arguments({"most": limit}))
    return [Pending(*row) for row in rows]


async def mark(connection: AsyncConnection) -> Mark:
    """The present end of the outbox."""
    # `now()` is when the transaction began, so whatever was committed before it, this statement sees.
    last = select(outbox.c.id).order_by(outbox.c.id.desc()).limit(1).scalar_subquery()
    row = (await connection.execute(select(func.now(), last))).one()
    return Mark(*row)


async def published_up_to(connection: AsyncConnection, last_id: UUID | None) -> bool:
    """Whether every event up to ``last_id`` has an ack."""
    if last_id is None:
        return True
    waiting = select(outbox.c.id).where(outbox.c.stream_seq.is_(None), outbox.c.id <= last_id).limit(1)
    return (await connection.execute(waiting)).first() is None


async def store_acks(driver: Driver, acks: Mapping[UUID, int]) -> None:
    """Remember at which sequence of the stream each event lies: of all, or of none.

    Raises:
        PlaceTaken: of none, for the stream went back.
    """
    try:
        with naming_unavailable():
            await driver.execute(_STORE_ACKS, list(acks), list(acks.values()))
    except UniqueViolationError as taken:
        raise PlaceTaken from taken


async def lowest_conflict(connection: AsyncConnection, acks: Mapping[UUID, int]) -> int | None:
    """The lowest sequence among ``acks`` that the outbox gives to another event."""
    lowest: int | None = await connection.scalar(
        select(func.min(outbox.c.stream_seq)).where(
            outbox.c.stream_seq == func.any(literal(list(acks.values()), ARRAY(BigInteger))),
            outbox.c.id != func.all(literal(list(acks), ARRAY(Uuid))),
        )
    )
    return lowest


async def highest_ack(connection: AsyncConnection) -> Acknowledged | None:
    """The event with the highest sequence."""
    row = (
        await connection.execute(
            select(outbox.c.id, outbox.c.stream_seq)
            .where(outbox.c.stream_seq.is_not(None))
            .order_by(outbox.c.stream_seq.desc())
            .limit(1)
        )
    ).one_or_none()
    return Acknowledged(*row) if row else None


async def forget_above(connection: AsyncConnection, sequence: int) -> int:
    """Have the events above ``sequence`` published again; returns how many.

    In one statement: were half of it done, newer acks could hide the other half.
    """
    result = await connection.execute(
        update(outbox).where(outbox.c.stream_seq > sequence).values(stream_seq=None)
    )
    return result.rowcount


async def forget_chunk(connection: AsyncConnection) -> int:
    """Have some events published again; returns how many, 0 when none is left that has an ack."""
    some = select(outbox.c.id).where(outbox.c.stream_seq.is_not(None)).limit(_CHUNK)
    result = await connection.execute(update(outbox).where(outbox.c.id.in_(some)).values(stream_seq=None))
    return result.rowcount


async def stream_created(connection: AsyncConnection, stream: str) -> datetime | None:
    """When the stream that the stored sequences belong to was created."""
    created: datetime | None = await connection.scalar(
        select(outbox_streams.c.created).where(outbox_streams.c.stream == stream)
    )
    return created


async def remember_stream(connection: AsyncConnection, stream: str, created: datetime) -> None:
    """From now on stored sequences belong to the stream that was created then."""
    row = insert(outbox_streams).values(stream=stream, created=created)
    await connection.execute(
        row.on_conflict_do_update(index_elements=["stream"], set_={"created": row.excluded.created})
    )


async def sweep(connection: AsyncConnection, keep: timedelta) -> int:
    """Delete some rows that were kept long enough; returns how many, 0 when there is nothing more to do.

    An event may be published again until it is swept, and lie in the stream as long again: a consumer must
    know it for twice the time.
    """
    age = func.now()
    events = (
        select(outbox.c.id)
        .where(outbox.c.published_at < age - keep, outbox.c.stream_seq.is_not(None))
        .limit(_CHUNK)
    )
    swept = (await connection.execute(delete(outbox).where(outbox.c.id.in_(events)))).rowcount
    for table, column, longer in (
        (inbox, inbox.c.handled_at, 2 * keep + timedelta(days=1)),
        (requests, requests.c.received_at, keep),
    ):
        key = list(table.primary_key.columns)
        old = select(*key).where(column < age - longer).limit(_CHUNK)
        swept += (await connection.execute(delete(table).where(tuple_(*key).in_(old)))).rowcount
    return swept
