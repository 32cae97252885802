"""A delivery in the contract's words, and identity's words for what a message is about."""

from __future__ import annotations

from school.identity.v1.events_pb2 import MessageKind
from school.notifications.v1 import delivery_pb2
from services.notifications.delivery.rules import Channel, Delivery

_PREFIX = "MESSAGE_KIND_"
_CHANNELS = {Channel.EMAIL: "email", Channel.SMS: "sms", None: ""}


def kind_name(kind: int) -> str:
    """The name of a ``MessageKind`` without its prefix; empty for one of a newer identity."""
    try:
        return MessageKind.Name(MessageKind.ValueType(kind)).removeprefix(_PREFIX)
    except ValueError:
        return ""


def delivery_message(delivery: Delivery) -> delivery_pb2.Delivery:
    """The message for a delivery."""
    message = delivery_pb2.Delivery(
        delivery_id=str(delivery.delivery_id),
        channel=_CHANNELS[delivery.channel],
        kind=kind_name(delivery.kind),
        state=delivery_pb2.DeliveryState.ValueType(delivery.state),
    )
    message.requested_at.FromDatetime(delivery.requested_at)
    if delivery.settled_at is not None:
        message.settled_at.FromDatetime(delivery.settled_at)
    for attempt in delivery.attempts:
        tried = message.attempts.add(failure=attempt.failure)
        tried.at.FromDatetime(attempt.at)
    return message
