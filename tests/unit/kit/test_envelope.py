"""Events on the wire, as CloudEvents 1.0 describes its binary mode."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from services.kit.ids import new_id
from services.kit.messaging import envelope
from services.kit.messaging.envelope import EventMeta, MalformedEvent

_TYPE = "school.diary.v1.MarkSet"


def _meta() -> EventMeta:
    moscow = timezone(timedelta(hours=3))
    return EventMeta(
        event_id=new_id(),
        type=_TYPE,
        source=envelope.source("77", "diary"),
        occurred_at=datetime(2026, 9, 1, 8, 30, 0, 125, tzinfo=moscow),
        aggregate_id=str(new_id()),
        aggregate_version=7,
    )


def test_what_is_written_is_read() -> None:
    meta = _meta()
    assert envelope.read(envelope.write(meta), _TYPE) == meta


def test_the_headers_are_those_of_cloudevents() -> None:
    headers = envelope.write(_meta())
    assert headers["ce-source"] == "/regions/77/diary"
    assert headers["ce-time"] == "2026-09-01T05:30:00.000125Z"
    assert headers["ce-id"] == headers["Nats-Msg-Id"]
    assert headers["content-type"] == "application/protobuf"


def test_the_region_is_that_of_the_source() -> None:
    assert _meta().region == "77"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce-specversion", "0.3"),
        ("ce-id", "not a uuid"),
        ("ce-type", "school.diary.v1.MarkRemoved"),
        ("ce-source", "/regions/77"),
        ("ce-source", "/regions/77/diary/more"),
        ("ce-time", "yesterday"),
        ("ce-time", "2026-09-01T05:30:00"),
        ("ce-aggregateversion", "seven"),
        ("content-type", "application/json"),
    ],
)
def test_a_wrong_header_is_named(header: str, value: str) -> None:
    with pytest.raises(MalformedEvent, match=header):
        envelope.read(envelope.write(_meta()) | {header: value}, _TYPE)


@pytest.mark.parametrize("header", sorted(set(envelope.write(_meta())) - {"Nats-Msg-Id"}))
def test_a_missing_header_is_named(header: str) -> None:
    headers = envelope.write(_meta())
    del headers[header]
    with pytest.raises(MalformedEvent, match=header):
        envelope.read(headers, _TYPE)


def test_a_message_without_headers_is_no_event() -> None:
    with pytest.raises(MalformedEvent):
        envelope.read(None, _TYPE)
