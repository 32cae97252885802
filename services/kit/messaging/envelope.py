"""How an event looks on the wire: CloudEvents 1.0 in binary mode, NATS headers, a payload in protobuf."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

MSG_ID: Final = "Nats-Msg-Id"
_CONTENT_TYPE: Final = "application/protobuf"
_SOURCE: Final = re.compile(r"/regions/[^/]+/[^/]+")


class MalformedEvent(Exception):
    """A message that is no event of ours: a header is missing or wrong. The text names the header only."""


@dataclass(frozen=True, slots=True)
class EventMeta:
    """What is known of an event beside its payload."""

    event_id: UUID
    """UUIDv7, the same through all deliveries."""
    type: str
    """The full name of the payload's message, also the subject: ``school.diary.v1.MarkSet``."""
    source: str
    """Who published it, in which region: ``/regions/77/diary``."""
    occurred_at: datetime
    """When, in UTC."""
    aggregate_id: str
    """What it is about."""
    aggregate_version: int
    """Grows with each change of the aggregate; an effect of a lower version than is known is out of date."""

    @property
    def region(self) -> str:
        """The code of the region it happened in."""
        return self.source.split("/")[2]


def source(region: str, service: str) -> str:
    """The CloudEvents source of a service of a region."""
    return f"/regions/{region}/{service}"


def write(meta: EventMeta) -> dict[str, str]:
    """The headers that carry ``meta``."""
    event_id = str(meta.event_id)
    return {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": meta.type,
        "ce-source": meta.source,
        "ce-time": meta.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce-subject": meta.aggregate_id,
        "ce-aggregateversion": str(meta.aggregate_version),
        MSG_ID: event_id,
        "content-type": _CONTENT_TYPE,
    }


def read(headers: Mapping[str, str] | None, subject: str) -> EventMeta:
    """The meta of a message that came on ``subject``. Raises `MalformedEvent`."""
    if headers is None:
        raise MalformedEvent("headers")
    if headers.get("ce-specversion") != "1.0":
        raise MalformedEvent("ce-specversion")
    if headers.get("content-type") != _CONTENT_TYPE:
        raise MalformedEvent("content-type")
    if headers.get("ce-type") != subject:
        raise MalformedEvent("ce-type")
    origin = headers.get("ce-source", "")
    if not _SOURCE.fullmatch(origin):
        raise MalformedEvent("ce-source")
    name = "ce-id"
    try:
        event_id = UUID(headers[name])
        name = "ce-time"
        occurred_at = datetime.fromisoformat(headers[name])
        name = "ce-aggregateversion"
        version = int(headers[name])
        name = "ce-subject"
        aggregate_id = headers[name]
    except (KeyError, ValueError) as error:
        raise MalformedEvent(name) from error
    if occurred_at.tzinfo is None:
        raise MalformedEvent("ce-time")
    return EventMeta(
        event_id=event_id,
        type=subject,
        source=origin,
        occurred_at=occurred_at.astimezone(UTC),
        aggregate_id=aggregate_id,
        aggregate_version=version,
    )
