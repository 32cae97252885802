"""Dates and moments as a school writes and reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

_WRITTEN: Final = re.compile(r"(\d{1,2})[./\s-](\d{1,2})[./\s-](\d{4})|(\d{2})(\d{2})(\d{4})", re.ASCII)


def date_typed(text: str) -> str | None:
    """The date of "17.04.1986", "17 4 1986", "17041986" or "1986-04-17" as YYYY-MM-DD.

    None when it is no date; empty when nothing was typed.
    """
    text = text.strip()
    if not text:
        return ""
    written = _WRITTEN.fullmatch(text)
    try:
        if written is None:
            return date.fromisoformat(text).isoformat()
        day, month, year = (int(part) for part in written.groups() if part is not None)
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def date_shown(iso: str) -> str:
    """Such as "17.04.1986", as documents have it; what is no date stays as it is."""
    try:
        return date.fromisoformat(iso).strftime("%d.%m.%Y")
    except ValueError:
        return iso


def moment(stamp: Timestamp, zone: ZoneInfo) -> datetime:
    """An instant of a reply, in a zone."""
    return stamp.ToDatetime(tzinfo=UTC).astimezone(zone)
