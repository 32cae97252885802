"""What an operator looks after: deliveries that failed, and the audit's chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.audit_pb2 import VerifyAuditResponse
from school.identity.v1.schools_pb2 import SchoolListing
from school.notifications.v1.delivery_pb2 import Delivery, DeliveryState
from services.gateway.pages.school.dates import moment

STATES: Final = {
    "failed": (DeliveryState.DELIVERY_STATE_FAILED, "operator.delivery.failed"),
    "expired": (DeliveryState.DELIVERY_STATE_EXPIRED, "operator.delivery.expired"),
    "waiting": (DeliveryState.DELIVERY_STATE_WAITING, "operator.delivery.waiting"),
    "withdrawn": (DeliveryState.DELIVERY_STATE_WITHDRAWN, "operator.delivery.withdrawn"),
    "sent": (DeliveryState.DELIVERY_STATE_SENT, "operator.delivery.sent"),
}
"""The lists of deliveries, by the name that the address carries; the first is shown first."""
CHANNELS: Final = {"email": "operator.channel.email", "sms": "operator.channel.sms"}


@dataclass(frozen=True, slots=True)
class Tab:
    """A list that can be chosen."""

    key: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt; ``failure`` is a machine reason, empty when it succeeded."""

    at: datetime
    failure: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One message, without address and person."""

    delivery_id: str
    channel: str
    """As a key."""
    kind: str
    """What it is about, as a key."""
    state: str
    """As a key."""
    requested: datetime
    attempts: tuple[AttemptView, ...]


def delivery_tabs(state: str, url: str) -> tuple[Tab, ...]:
    """The lists, and which of them is open."""
    return tuple(Tab(key, f"{url}?state={name}", name == state) for name, (_, key) in STATES.items())


def delivery_views(
    deliveries: Iterable[Delivery], zone: ZoneInfo, known: Collection[str]
) -> tuple[DeliveryView, ...]:
    """The deliveries in the order given; ``known`` are the keys that have a text."""
    keys = dict(STATES.values())
    return tuple(
        DeliveryView(
            each.delivery_id,
            CHANNELS.get(each.channel, "operator.channel.other"),
            _kind(each.kind, known),
            keys.get(each.state, "operator.delivery.waiting"),
            moment(each.requested_at, zone),
            tuple(AttemptView(moment(one.at, zone), one.failure) for one in each.attempts),
        )
        for each in deliveries
    )


def _kind(name: str, known: Collection[str]) -> str:
    key = f"messages.kind.{name}"
    return key if key in known else "messages.kind.other"


@dataclass(frozen=True, slots=True)
class AuditView:
    """What a verification found."""

    whole: bool
    entries: int
    broken_at: int
    digest: tuple[str, ...]
    """The last digest by eights, so that it can be compared by eye."""
    checked: datetime


def audit_view(reply: VerifyAuditResponse, checked: datetime) -> AuditView:
    """The verification of a reply."""
    digest = reply.last_digest
    return AuditView(
        reply.whole,
        reply.entry_count,
        reply.broken_at,
        tuple(digest[place : place + 8] for place in range(0, len(digest), 8)),
        checked,
    )


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school that was found."""

    school_id: str
    title: str


def school_lines(schools: Iterable[SchoolListing]) -> tuple[SchoolLine, ...]:
    """Schools of a reply."""
    return tuple(SchoolLine(each.school_id, each.title) for each in schools)
