"""What identity tells of persons, relations and delegations, on its way into the diary's copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Final

from google.protobuf.message import Message

from school.identity.v1 import events_pb2
from services.diary.access import usecases
from services.kit.database import Transaction
from services.kit.messaging.effects import Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import date_of, date_or_none, uuid_of


async def on_person_registered(tx: Transaction, event: events_pb2.PersonRegistered, meta: EventMeta) -> None:
    """A person is new, or their name or roles have changed."""
    await usecases.keep_person(
        tx,
        person_id=uuid_of(event.person_id, "person_id"),
        display_name=event.display_name,
        roles=event.roles,
        version=event.version,
        source_event=meta.event_id,
    )


async def on_relation_registered(
    tx: Transaction, event: events_pb2.RelationRegistered, meta: EventMeta
) -> None:
    """A guardian stands for a pupil, or the days have changed."""
    await usecases.keep_relation(
        tx,
        relation_id=uuid_of(event.relation_id, "relation_id"),
        guardian_id=uuid_of(event.guardian_id, "guardian_id"),
        pupil_id=uuid_of(event.pupil_id, "pupil_id"),
        valid_from=date_of(event.valid_from, "valid_from"),
        valid_until=date_or_none(event.valid_until, "valid_until"),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_relation_ended(tx: Transaction, event: events_pb2.RelationEnded, meta: EventMeta) -> None:
    """A guardian stands for a pupil no more."""
    await usecases.end_relation(
        tx,
        relation_id=uuid_of(event.relation_id, "relation_id"),
        guardian_id=uuid_of(event.guardian_id, "guardian_id"),
        pupil_id=uuid_of(event.pupil_id, "pupil_id"),
        ended_at=event.ended_at.ToDatetime(UTC),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_delegation_granted(
    tx: Transaction, event: events_pb2.DelegationGranted, meta: EventMeta
) -> None:
    """A trusted person was let see a pupil, or in another way."""
    await usecases.keep_delegation(
        tx,
        delegation_id=uuid_of(event.delegation_id, "delegation_id"),
        trusted_id=uuid_of(event.trusted_id, "trusted_id"),
        pupil_id=uuid_of(event.pupil_id, "pupil_id"),
        relation_id=uuid_of(event.relation_id, "relation_id") if event.relation_id else None,
        scopes=event.scopes,
        valid_from=date_of(event.valid_from, "valid_from"),
        valid_until=date_of(event.valid_until, "valid_until"),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_delegation_ended(tx: Transaction, event: events_pb2.DelegationEnded, meta: EventMeta) -> None:
    """A trusted person sees a pupil no more."""
    await usecases.end_delegation(
        tx,
        delegation_id=uuid_of(event.delegation_id, "delegation_id"),
        trusted_id=uuid_of(event.trusted_id, "trusted_id"),
        pupil_id=uuid_of(event.pupil_id, "pupil_id"),
        ended_at=event.ended_at.ToDatetime(UTC),
        version=event.version,
        source_event=meta.event_id,
    )


async def on_dead(tx: Transaction, meta: EventMeta) -> None:
    """An event could not be read or applied: what it tells of holds no more, until it can."""
    if meta.type in _OF_RELATIONS:
        await usecases.distrust_relation(
            tx, relation_id=uuid_of(meta.aggregate_id, "relation_id"), version=meta.aggregate_version
        )
    elif meta.type in _OF_DELEGATIONS:
        await usecases.distrust_delegation(
            tx, delegation_id=uuid_of(meta.aggregate_id, "delegation_id"), version=meta.aggregate_version
        )


_OF_RELATIONS: Final = frozenset(
    kind.DESCRIPTOR.full_name for kind in (events_pb2.RelationRegistered, events_pb2.RelationEnded)
)
_OF_DELEGATIONS: Final = frozenset(
    kind.DESCRIPTOR.full_name for kind in (events_pb2.DelegationGranted, events_pb2.DelegationEnded)
)

HANDLERS: Final[Mapping[type[Message], Handler]] = {
    events_pb2.PersonRegistered: on_person_registered,
    events_pb2.RelationRegistered: on_relation_registered,
    events_pb2.RelationEnded: on_relation_ended,
    events_pb2.DelegationGranted: on_delegation_granted,
    events_pb2.DelegationEnded: on_delegation_ended,
}
