"""Keeping the copy of identity's facts up to date. The transaction is that of the event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.diary.access import storage
from services.diary.access.rules import AccessStale
from services.kit.copies import count_as_over, keep_newest
from services.kit.database import Transaction
from services.kit.messaging.completeness import Completeness


def require_fresh(copy: Completeness) -> None:
    """Let nobody see by a relation what the copy may not know to be over.

    Raises:
        AccessStale: it may lack what identity committed longer ago than the limit.
    """
    if copy.stale:
        raise AccessStale


async def keep_person(
    tx: Transaction,
    *,
    person_id: UUID,
    display_name: str,
    roles: Sequence[int],
    version: int,
    source_event: UUID,
) -> None:
    """Know a person by their newest name and roles."""
    await keep_newest(
        tx.connection,
        storage.persons,
        {
            "person_id": person_id,
            "display_name": display_name,
            "roles": list(roles),
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
) -> None:
    """Let a guardian see a pupil from the first day to the last; a version after an end begins it anew."""
    await keep_newest(
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
    """Let a guardian see nothing of a pupil any more, also when the relation itself is told only later."""
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
    """Let a guardian see nothing while what was told of the relation last cannot be read."""
    await count_as_over(tx.connection, storage.relations, relation_id, version=version)


async def distrust_delegation(tx: Transaction, *, delegation_id: UUID, version: int) -> None:
    """Let a trusted person see nothing while what was told of the delegation last cannot be read."""
    await count_as_over(tx.connection, storage.delegations, delegation_id, version=version)


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
    """Let a trusted person see parts of a pupil's diary, while the relation holds that it was granted by."""
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
    """Let a trusted person see nothing by a delegation any more, also when it is told only later."""
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
