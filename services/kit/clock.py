"""What time it is, as a part that a test can replace."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells instants in UTC, and dates in the zone they are asked for."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def today(self, zone: ZoneInfo) -> date:
        """The present date in ``zone``: it is already tomorrow in Kamchatka while Kaliningrad has lunch."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def today(self, zone: ZoneInfo) -> date:
        """The present date in ``zone``."""
        return datetime.now(zone).date()
