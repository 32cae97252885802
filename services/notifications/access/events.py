"""What identity tells of persons, relations and delegations, on its way into the copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from google.protobuf.message import Message

from school.identity.v1 import events_pb2
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.messaging.effects import Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import date_of, date_or_none, uuid_of
from services.notifications.access import usecases

_OF_RELATIONS: Final = frozenset(
    kind.DESCRIPTOR.full_name for kind in (events_pb2.RelationRegistered, events_pb2.RelationEnded)
)
_OF_DELEGATIONS: Final = frozenset(
    kind.DESCRIPTOR.full_name for kind in (events_pb2.DelegationGranted, events_pb2.DelegationEnded)
)


class TellNewcomer(Protocol):
    """What is done when a guardian joins."""

    async def __call__(
        self, tx: Transaction, guardian_id: UUID, pupil_id: UUID, *, since: datetime, now: datetime
    ) -> None:
        """Tell the guardian what the pupil was told that happened since the guardian stood for them."""
        ...


class Forget(Protocol):
    """What is done when a person is erased."""

    async def __call__(self, tx: Transaction, person_id: UUID) -> None:
        """Remove everything that the person was told."""
        ...


class AccessEvents:
    """One method per event.

    Args:
        clock: what time it is.
        tell_newcomer: the inbox's part when a guardian joins.
        forget: the inbox's part when a person is erased.
    """

    def __init__(self, clock: Clock, *, tell_newcomer: TellNewcomer, forget: Forget) -> None:
        self._clock = clock
        self._tell_newcomer = tell_newcomer
        self._forget = forget

    @property
    def handlers(self) -> Mapping[type[Message], Handler]:
        """What to do with each event."""
        return {
            events_pb2.PersonRegistered: self.on_person_registered,
            events_pb2.RelationRegistered: self.on_relation_registered,
            events_pb2.RelationEnded: self.on_relation_ended,
            events_pb2.DelegationGranted: self.on_delegation_granted,
            events_pb2.DelegationEnded: self.on_delegation_ended,
            events_pb2.AccountErased: self.on_account_erased,
        }

    @staticmethod
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

    async def on_person_registered(
        self, tx: Transaction, event: events_pb2.PersonRegistered, meta: EventMeta
    ) -> None:
        """A person is new, or their name has changed."""
        await usecases.keep_person(
            tx,
            person_id=uuid_of(event.person_id, "person_id"),
            display_name=event.display_name,
            version=event.version,
            source_event=meta.event_id,
        )

    async def on_relation_registered(
        self, tx: Transaction, event: events_pb2.RelationRegistered, meta: EventMeta
    ) -> None:
        """A guardian stands for a pupil, or the days have changed."""
        guardian_id = uuid_of(event.guardian_id, "guardian_id")
        pupil_id = uuid_of(event.pupil_id, "pupil_id")
        now = self._clock.now()
        joins = await usecases.keep_relation(
            tx,
            relation_id=uuid_of(event.relation_id, "relation_id"),
            guardian_id=guardian_id,
            pupil_id=pupil_id,
            valid_from=date_of(event.valid_from, "valid_from"),
            valid_until=date_or_none(event.valid_until, "valid_until"),
            version=event.version,
            source_event=meta.event_id,
            now=now,
        )
        if joins:
            # Identity's stream may come later than the diary's: what was marked since was told without this
            # guardian.
            await self._tell_newcomer(tx, guardian_id, pupil_id, since=meta.occurred_at, now=now)

    async def on_relation_ended(
        self, tx: Transaction, event: events_pb2.RelationEnded, meta: EventMeta
    ) -> None:
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

    @staticmethod
    async def on_delegation_granted(
        tx: Transaction, event: events_pb2.DelegationGranted, meta: EventMeta
    ) -> None:
        """A trusted person was let see a pupil, or in another way; of what was before they are not told."""
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

    @staticmethod
    async def on_delegation_ended(
        tx: Transaction, event: events_pb2.DelegationEnded, meta: EventMeta
    ) -> None:
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

    async def on_account_erased(
        self, tx: Transaction, event: events_pb2.AccountErased, _meta: EventMeta
    ) -> None:
        """A person wants to be forgotten: who they are stays known to the school, their inbox goes."""
        await self._forget(tx, uuid_of(event.person_id, "person_id"))
