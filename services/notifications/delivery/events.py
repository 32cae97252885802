"""What identity wants sent, and what it does not want sent any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC

from google.protobuf.message import Message

from school.identity.v1 import events_pb2
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.messaging.effects import Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import uuid_of
from services.notifications.delivery.rules import Channel, Order
from services.notifications.delivery.usecases import erase, take, withdraw


class UnknownChannel(Exception):
    """A message is to go by something that this version does not know; an update may know it."""


class DeliveryEvents:
    """One method per event."""

    def __init__(self, clock: Clock, wake: Callable[[Channel], None]) -> None:
        """``wake``: called when something new is to be sent on a channel."""
        self._clock = clock
        self._wake = wake

    @property
    def handlers(self) -> Mapping[type[Message], Handler]:
        """What to do with each event."""
        return {
            events_pb2.MessageSealed: self.on_message_sealed,
            events_pb2.MessageWithdrawn: self.on_message_withdrawn,
            events_pb2.AccountErased: self.on_account_erased,
        }

    async def on_message_sealed(
        self, tx: Transaction, event: events_pb2.MessageSealed, meta: EventMeta
    ) -> None:
        """A message is to be sent."""
        try:
            channel = Channel(event.channel)
        except ValueError:
            raise UnknownChannel from None
        order = Order(
            delivery_id=uuid_of(event.message_id, "message_id"),
            person_id=uuid_of(event.person_id, "person_id") if event.person_id else None,
            channel=channel,
            kind=event.kind,
            language=event.language,
            sealed=event.sealed,
            requested_at=meta.occurred_at,
            expires_at=event.expires_at.ToDatetime(UTC),
        )
        await take(tx, order, now=self._clock.now())
        tx.once_committed(lambda: self._wake(channel))

    async def on_message_withdrawn(
        self, tx: Transaction, event: events_pb2.MessageWithdrawn, _meta: EventMeta
    ) -> None:
        """A message became untrue."""
        await withdraw(tx, uuid_of(event.message_id, "message_id"), now=self._clock.now())

    async def on_account_erased(
        self, tx: Transaction, event: events_pb2.AccountErased, _meta: EventMeta
    ) -> None:
        """A person's account was erased."""
        await erase(tx, uuid_of(event.person_id, "person_id"))
