"""Issuing for a whole class: how such a job stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.issuing.rules.refusals import JobRunning, SlipShown
from services.identity.people.rules import FullName

KEPT_AFTER_END: Final = timedelta(days=90)
"""A job that ended is shown for so long."""


class JobState(StrEnum):
    """How a job stands: the names of `IssueJobState` without their prefix."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"
    TAKEN = "TAKEN"
    LAPSED = "LAPSED"


class PersonState(StrEnum):
    """What a job has done for one person."""

    WAITING = "WAITING"
    ISSUED = "ISSUED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Somebody whom a job passed over."""

    person_id: UUID
    name: FullName
    reason: str
    """The machine reason, such as ISSUED_BEFORE."""


@dataclass(frozen=True, slots=True)
class Job:
    """Issuing for the persons of a class."""

    id: UUID
    school_id: UUID
    class_id: UUID
    class_title: str
    started_by: UUID
    started_at: datetime
    recorded_state: JobState
    slips_until: datetime | None
    """None while it works."""
    total_count: int = 0
    issued_count: int = 0
    skipped: tuple[Skipped, ...] = ()

    def state(self, now: datetime) -> JobState:
        """How it stands: slips that nobody took in their day are gone, swept or not."""
        waits = self.recorded_state in {JobState.DONE, JobState.STOPPED}
        if waits and self.slips_until is not None and self.slips_until <= now:
            return JobState.LAPSED
        return self.recorded_state

    def require_slips(self, now: datetime) -> None:
        """Raises `JobRunning`, or `SlipShown` when they were taken or their day is over."""
        state = self.state(now)
        if state is JobState.RUNNING:
            raise JobRunning
        if state in {JobState.TAKEN, JobState.LAPSED}:
            raise SlipShown
