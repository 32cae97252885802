"""An electronic request for an account: what it may become, and how many there may be (R31)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.identity.issuing.rules.people import Capacity
from services.identity.people.rules import FullName, Snils
from services.identity.words import ReasonNeeded
from services.kit.errors import DomainError, StatusCode

LONGEST_PUPIL: Final = 200
KEPT_AFTER_CLOSING: Final = timedelta(days=90)
"""What an applicant wrote is removed so long after the request was refused, taken back or answered."""
NEWS_LIFE: Final = timedelta(days=7)
"""A message about a request that could not be sent for so long is not sent any more."""

WINDOW: Final = timedelta(hours=24)
MOST_PER_ADDRESS: Final = 20
"""In the window: a whole floor of a dormitory, or a school's meeting, comes from one address."""
MOST_PER_EMAIL: Final = 5
"""In the window: each sends a message to an address that nobody has confirmed."""
MOST_WAITING_PER_SCHOOL: Final = 1_000
"""As many as a large school has pupils; more were not written by its families."""
SCHOOL_FULL_WAIT: Final = timedelta(hours=1)


class ConsentNeeded(DomainError):
    """Without consent nothing of the request may be kept (R35)."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "CONSENT_NEEDED"
    title = "The consent to the processing of these data is needed"


class TooManyRequests(DomainError):
    """The address, the e-mail or the school has too many; the metadata says how long to wait."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "TOO_MANY_REQUESTS"
    title = "There are too many requests, try again later"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(retry_after_s=_seconds(wait))


class UnknownRequest(DomainError):
    """No request has this code or id."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_REQUEST"
    title = "There is no such request"


class RequestDecided(DomainError):
    """The request has been decided already."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "REQUEST_DECIDED"
    title = "The request has been decided already"


class RequestNotAccepted(DomainError):
    """Credentials answer a request that was accepted for the very person, and no other."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "REQUEST_NOT_ACCEPTED"
    title = "The request was not accepted for this person"


class RequestState(StrEnum):
    """How a request stands: the names of `AccountRequestState` without their prefix."""

    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    ISSUED = "ISSUED"


OPEN: Final = frozenset({RequestState.SUBMITTED, RequestState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Applicant:
    """What an applicant wrote; shows nothing of it when printed."""

    name: FullName
    birth_date: date = field(repr=False)
    snils: Snils | None
    pupil: str = field(repr=False)
    email: str = field(repr=False)
    language: str = ""
    """Of the page on which it was written: the answer comes in the same."""


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """A request for an account, at one moment."""

    id: UUID
    school_id: UUID
    capacity: Capacity
    applicant: Applicant
    submitted_at: datetime
    due_at: datetime
    state: RequestState = RequestState.SUBMITTED
    reason: str = field(default="", repr=False)
    decided_at: datetime | None = None
    person_id: UUID | None = None

    def accepted(self, person_id: UUID, now: datetime) -> AccountRequest:
        """For a registered person. Raises `RequestDecided`."""
        if self.state is not RequestState.SUBMITTED:
            raise RequestDecided
        return replace(self, state=RequestState.ACCEPTED, person_id=person_id, decided_at=now)

    def refused(self, reason: str, now: datetime) -> AccountRequest:
        """With a reason; also once accepted, for documents may not bear it out.

        Raises `ReasonNeeded`, `RequestDecided`.
        """
        if not reason:
            raise ReasonNeeded
        if self.state not in OPEN:
            raise RequestDecided
        return replace(self, state=RequestState.REFUSED, reason=reason, decided_at=now)

    def withdrawn(self, now: datetime) -> AccountRequest:
        """By the applicant; once more changes nothing. Raises `RequestDecided`."""
        if self.state is RequestState.WITHDRAWN:
            return self
        if self.state not in OPEN:
            raise RequestDecided
        return replace(self, state=RequestState.WITHDRAWN, decided_at=now)

    def answered(self, person_id: UUID, now: datetime) -> AccountRequest:
        """By credentials for a person. Raises `RequestNotAccepted`."""
        if self.state is not RequestState.ACCEPTED or self.person_id != person_id:
            raise RequestNotAccepted
        return replace(self, state=RequestState.ISSUED, decided_at=now)


def _seconds(wait: timedelta) -> str:
    return str(max(1, -(-wait // timedelta(seconds=1))))  # rounded up: sooner would be refused again
