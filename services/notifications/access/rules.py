"""Who is told what about a pupil: the family everything, a trusted person what a delegation names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Final

from services.kit.errors import Unavailable

# A relation's days are days at the pupil's school, whose zone is not known here; the country spans these
# (R56).
_WESTERNMOST: Final = timedelta(hours=2)
_EASTERNMOST: Final = timedelta(hours=12)


class AccessStale(Unavailable):
    """Who stands for a pupil cannot be told: the copy has not been complete for too long. Telling waits."""

    reason = "ACCESS_STALE"
    title = "Who may hear of this pupil cannot be checked just now"


class Scope(IntEnum):
    """A part of the diary; the numbers are those of `school.access.v1.Scope`."""

    MARKS = 1
    HOMEWORK = 2
    ATTENDANCE = 3


@dataclass(frozen=True, slots=True)
class Relation:
    """When a guardian stands for a pupil."""

    valid_from: date | None
    """The first day; None when it was never told: then the relation does not hold."""
    valid_until: date | None
    """The last day; None when no end is set."""
    ended: bool = False
    """Over, whatever its days say."""

    def holds_at(self, now: datetime) -> bool:
        """Whether the guardian stands for the pupil at ``now``, wherever in the country the school is.

        On the first and the last day this is true for some hours less than the day has: a notice that is not
        sent can be read in the diary, one that was sent to a stranger cannot be taken back (A30).
        """
        now = now.astimezone(UTC)
        return (
            not self.ended
            and self.valid_from is not None
            and self.valid_from <= (now + _WESTERNMOST).date()
            and (self.valid_until is None or (now + _EASTERNMOST).date() <= self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """When, and of what, a trusted person is told."""

    scopes: frozenset[int]
    """Numbers of `Scope`; others are asked for by nobody."""
    days: Relation
    """Its own days; without a last one it does not hold."""
    by: Relation
    """The guardian's relation that it was granted by."""
    by_pupil: bool
    """Granted by the pupil, and by no relation."""

    def tells(self, scope: Scope, now: datetime) -> bool:
        """Whether the trusted person may be told of it at ``now``: not without the right behind it (A30)."""
        return (
            scope in self.scopes
            and self.days.valid_until is not None
            and self.days.holds_at(now)
            and (self.by_pupil or self.by.holds_at(now))
        )
