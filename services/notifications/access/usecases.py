"""Keeping the copy of identity's facts up to date. The transaction is that of the event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.kit.copies import count_as_over, keep_newest
from services.kit.database import Transaction
from services.kit.messaging.completeness import Completeness
from services.notifications.access import storage
from services.notifications.access.rules import AccessStale, Relation, Scope


def require_fresh(copy: Completeness) -> None:
    """Let nobody be told of a pupil while the copy may not know who stands for them no more.

    Raises:
        AccessStale: it may lack what identity committed longer ago than the limit.
    """
    if copy.stale:
        raise AccessStale


async def keep_person(
    tx: Transaction, *, person_id: UUID, display_name: str, version: int, source_event: UUID
) -> None:
    """Know a person by their newest name."""
    await keep_newest(
        tx.connection,
        storage.persons,
        {
            "person_id": person_id,
            "display_name": display_name,
            "version": version,
            "source_event": source_event,
        },
    )


async def keep_relation(
    tx: Transaction,
    *,
    relation_id: UUID,
    guardian_id: UUID,
    pupil_id: UUID,
    valid_from: date,
    valid_until: date | None,
    version: int,
    source_event: UUID,
    now: datetime,
) -> bool:
    """Tell a guardian of a pupil from the first day to the last; a version after an end begins it anew.

    Returns:
        Whether this is news, and the relation holds now.
    """
    await storage.hold_family(tx.connection, pupil_id, changing=True)
    news = await keep_newest(
        tx.connection,
        storage.relations,
        {
            "relation_id": relation_id,
            "guardian_id": guardian_id,
            "pupil_id": pupil_id,
            "valid_from": valid_from,
            "valid_until": valid_until,
            "ended_at": None,
            "version": version,
            "source_event": source_event,
        },
    )
    return news and Relation(valid_from, valid_until).holds_at(now)


async def end_relation(
    tx: Transaction,
    *,
    relation_id: UUID,
    guardian_id: UUID,
    pupil_id: UUID,
    ended_at: datetime,
    version: int,
    source_event: UUID,
) -> None:
    """Tell a guardian nothing of a pupil any more, also when the relation itself is told only later."""
    await storage.hold_family(tx.connection, pupil_id, changing=True)
    await keep_newest(
        tx.connection,
        storage.relations,
        {
            "relation_id": relation_id,
            "guardian_id": guardian_id,
            "pupil_id": pupil_id,
            "ended_at": ended_at,
            "version": version,
            "source_event": source_event,
        },
    )


async def distrust_relation(tx: Transaction, *, relation_id: UUID, version: int) -> None:
    """Tell a guardian nothing while what was told of the relation last cannot be read."""
    await count_as_over(tx.connection, storage.relations, relation_id, version=version)


async def keep_delegation(
    tx: Transaction,
    *,
    delegation_id: UUID,
    trusted_id: UUID,
    pupil_id: UUID,
    relation_id: UUID | None,
    scopes: Sequence[int],
    valid_from: date,
    valid_until: date,
    version: int,
    source_event: UUID,
) -> None:
    """Tell a trusted person of a pupil from now on what the scopes name."""
    await storage.hold_family(tx.connection, pupil_id, changing=True)
    await keep_newest(
        tx.connection,
        storage.delegations,
        {
            "delegation_id": delegation_id,
            "trusted_id": trusted_id,
            "pupil_id": pupil_id,
            "relation_id": relation_id,
            "scopes": list(scopes),
            "valid_from": valid_from,
            "valid_until": valid_until,
            "ended_at": None,
            "version": version,
            "source_event": source_event,
        },
    )


async def end_delegation(
    tx: Transaction,
    *,
    delegation_id: UUID,
    trusted_id: UUID,
    pupil_id: UUID,
    ended_at: datetime,
    version: int,
    source_event: UUID,
) -> None:
    """Tell a trusted person nothing by a delegation any more, also when it is told only later."""
    await storage.hold_family(tx.connection, pupil_id, changing=True)
    await keep_newest(
        tx.connection,
        storage.delegations,
        {
            "delegation_id": delegation_id,
            "trusted_id": trusted_id,
            "pupil_id": pupil_id,
            "ended_at": ended_at,
            "version": version,
            "source_event": source_event,
        },
    )


async def distrust_delegation(tx: Transaction, *, delegation_id: UUID, version: int) -> None:
    """Tell a trusted person nothing while what was told of the delegation last cannot be read."""
    await count_as_over(tx.connection, storage.delegations, delegation_id, version=version)


async def to_be_told_of(tx: Transaction, pupil_id: UUID, scope: Scope, *, now: datetime) -> list[UUID]:
    """Who may hear now of a part of a pupil's diary: the pupil, the guardians, and who is trusted with it.

    Nobody joins or leaves until the transaction ends.
    """
    await storage.hold_family(tx.connection, pupil_id, changing=False)
    family = await storage.guardians_of(tx.connection, pupil_id)
    trusted = await storage.trusted_with(tx.connection, pupil_id)
    told = {pupil_id}
    told |= {guardian for guardian, relation in family if relation.holds_at(now)}
    told |= {person for person, delegation in trusted if delegation.tells(scope, now)}
    return sorted(told)
