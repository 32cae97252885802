"""Every query of a consumer on its inbox and on its dead letters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Transaction
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import dead_letters, inbox


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be handled."""

    meta: EventMeta
    payload: bytes
    attempts: int


async def claim(tx: Transaction, consumer: str, event_ids: Collection[UUID]) -> set[UUID]:
    """The ids among ``event_ids`` that ``consumer`` has not handled; from here on it has, if ``tx`` commits.

    Waits for a transaction that claims one of them right now.
    """
    # Sorted, so that two transactions with the same events wait for each other one way only.
    ids = literal(sorted(set(event_ids)), ARRAY(Uuid))
    claimed = await tx.execute(
        insert(inbox)
        .from_select(["consumer", "event_id"], select(literal(consumer), func.unnest(ids)))
        .on_conflict_do_nothing()
        .returning(inbox.c.event_id)
    )
    return set(claimed.scalars())


async def bury(
    tx: Transaction, consumer: str, meta: EventMeta, payload: bytes, *, attempts: int, reason: str
) -> None:
    """Keep an event that could not be handled, with the machine reason for it."""
    row = insert(dead_letters).values(
        consumer=consumer,
        event_id=meta.event_id,
        type=meta.type,
        source=meta.source,
        aggregate_id=meta.aggregate_id,
        aggregate_version=meta.aggregate_version,
        occurred_at=meta.occurred_at,
        payload=payload,
        attempts=attempts,
        reason=reason,
    )
    await tx.execute(
        row.on_conflict_do_update(
            index_elements=["consumer", "event_id"],
            set_={"attempts": row.excluded.attempts, "reason": row.excluded.reason, "died_at": func.now()},
        )
    )


async def unbury(tx: Transaction, consumer: str, event_ids: Collection[UUID]) -> None:
    """These events were handled after all."""
    await tx.execute(
        delete(dead_letters).where(
            dead_letters.c.consumer == consumer,
            dead_letters.c.event_id == func.any(literal(list(event_ids), ARRAY(Uuid))),
        )
    )


async def buried(connection: AsyncConnection, consumer: str, limit: int) -> list[DeadLetter]:
    """The oldest dead letters of a consumer."""
    rows = await connection.execute(
        select(dead_letters)
        .where(dead_letters.c.consumer == consumer)
        .order_by(dead_letters.c.died_at)
        .limit(limit)
    )
    return [
        DeadLetter(
            EventMeta(
                event_id=row.event_id,
                type=row.type,
                source=row.source,
                occurred_at=row.occurred_at,
                aggregate_id=row.aggregate_id,
                aggregate_version=row.aggregate_version,
            ),
            row.payload,
            row.attempts,
        )
        for row in rows
    ]
