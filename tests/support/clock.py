"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime.now(UTC)

    def now(self) -> datetime:
        """The instant it stands at."""
        return self._now

    def today(self, zone: ZoneInfo) -> date:
        """The date of that instant in ``zone``."""
        return self._now.astimezone(zone).date()

    def move(self, **by: float) -> None:
        """Move by ``timedelta(**by)``; backwards too."""
        self._now += timedelta(**by)
