"""When looking again is another look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

QUARTER_MINUTES: Final = 15
"""Looking at the same week again within it is one view: a page that is exchanged is no news."""


@dataclass(frozen=True, slots=True)
class View:
    """A trusted person looked at days of a pupil's diary."""

    id: UUID
    pupil_id: UUID
    viewer_id: UUID
    seen_at: datetime
    first_day: date
    last_day: date

    @property
    def quarter(self) -> datetime:
        """The beginning of the quarter of an hour it falls into."""
        return quarter_of(self.seen_at)


def quarter_of(moment: datetime) -> datetime:
    """The beginning of the quarter of an hour that holds an instant, in UTC.

    >>> quarter_of(datetime(2025, 10, 15, 9, 44, 59, tzinfo=UTC)).isoformat()
    '2025-10-15T09:30:00+00:00'
    """
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute - moment.minute % QUARTER_MINUTES, second=0, microsecond=0)
