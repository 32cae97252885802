"""Every query of a consumer on its inbox and on its dead letters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from services.kit.database import Transaction
from services.kit.messaging.envelope import EventMeta
from services.kit.tables import dead_letters, inbox


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be handled."""

    meta: EventMeta
    payload: bytes
    discarded: bool
    """Somebody has decided that it is not to be applied."""


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


async def give_back(tx: Transaction, consumer: str, event_id: UUID) -> None:
    """``consumer`` has not handled the event after all."""
    await tx.execute(delete(inbox).where(inbox.c.consumer == consumer, inbox.c.event_id == event_id))


async def bury(
    tx: Transaction, consumer: str, meta: EventMeta, payload: bytes, *, attempts: int, reason: str
) -> bool:
    """Keep an event that could not be handled, with the machine reason for it.

    Returns:
        False when it was handled meanwhile, and nothing is kept.
    """
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
    buried = await tx.execute(
        row.on_conflict_do_update(
            index_elements=["consumer", "event_id"],
            # It died when it did the first time, whenever it comes again.
            set_={
                "attempts": func.greatest(dead_letters.c.attempts, row.excluded.attempts),
                "reason": row.excluded.reason,
            },
        ).returning(dead_letters.c.discarded_at)
    )
    if buried.scalar_one() is not None:
        return True
    # Claimed and given back: so this waits for who handles it right now.
    if not await claim(tx, consumer, [meta.event_id]):
        await close(tx, consumer, meta.event_id)
        return False
    await give_back(tx, consumer, meta.event_id)
    return True


async def unbury(tx: Transaction, consumer: str, event_ids: Collection[UUID]) -> None:
    """These events were handled after all; of a letter that somebody holds, the holder will find it so."""
    lying = (
        select(dead_letters.c.event_id)
        .where(
            dead_letters.c.consumer == consumer,
            dead_letters.c.event_id == func.any(literal(list(event_ids), ARRAY(Uuid))),
        )
        .with_for_update(skip_locked=True)
    )
    await tx.execute(
        delete(dead_letters).where(dead_letters.c.consumer == consumer, dead_letters.c.event_id.in_(lying))
    )


async def exhume(tx: Transaction, consumer: str, event_id: UUID) -> DeadLetter | None:
    """A dead letter, held until the transaction ends; None when there is none any more.

    Waits for who holds it right now.
    """
    found = await tx.execute(
        select(dead_letters)
        .where(dead_letters.c.consumer == consumer, dead_letters.c.event_id == event_id)
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        return None
    meta = EventMeta(
        event_id=row.event_id,
        type=row.type,
        source=row.source,
        occurred_at=row.occurred_at,
        aggregate_id=row.aggregate_id,
        aggregate_version=row.aggregate_version,
    )
    return DeadLetter(meta, row.payload, discarded=row.discarded_at is not None)


async def close(tx: Transaction, consumer: str, event_id: UUID) -> None:
    """The letter is one no more."""
    await tx.execute(
        delete(dead_letters).where(dead_letters.c.consumer == consumer, dead_letters.c.event_id == event_id)
    )


async def failed_again(tx: Transaction, consumer: str, event_id: UUID, *, reason: str) -> bool:
    """A dead letter was tried once more in vain; false when it is none any more."""
    changed = await tx.execute(
        update(dead_letters)
        .where(dead_letters.c.consumer == consumer, dead_letters.c.event_id == event_id)
        .values(attempts=dead_letters.c.attempts + 1, reason=reason)
    )
    return changed.rowcount == 1
