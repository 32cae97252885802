"""A request for an account, written at home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.account_requests_pb2 import AccountRequest, AccountRequestState
from school.identity.v1.issuing_pb2 import IssueCapacity
from school.identity.v1.schools_pb2 import SchoolListing
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.people.view import capacity_name
from services.gateway.pages.school.words import REQUESTS

CAPACITIES: Final = {
    IssueCapacity.ISSUE_CAPACITY_PARENT: "applying.capacity.parent",
    IssueCapacity.ISSUE_CAPACITY_REPRESENTATIVE: "applying.capacity.representative",
    IssueCapacity.ISSUE_CAPACITY_YOUNG_PUPIL: "applying.capacity.young_pupil",
    IssueCapacity.ISSUE_CAPACITY_PUPIL: "applying.capacity.pupil",
    IssueCapacity.ISSUE_CAPACITY_EMPLOYEE: "applying.capacity.employee",
}
"""As somebody says it of themselves."""

FIELD_OF: Final = {
    "BAD_NAME": "surname",
    "BAD_BIRTH_DATE": "birth_date",
    "BAD_SNILS": "snils",
    "BAD_EMAIL": "email",
    "WRONG_CAPACITY": "capacity",
    "CONSENT_NEEDED": "consent",
}
"""Which field a refusal speaks of."""

_OPEN: Final = frozenset(
    {AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED, AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED}
)


@dataclass(frozen=True, slots=True)
class SchoolChoice:
    """A school that can be chosen."""

    title: str
    url: str


def school_choices(schools: Iterable[SchoolListing]) -> tuple[SchoolChoice, ...]:
    """The schools of a reply."""
    return tuple(SchoolChoice(each.title, f"/account-request?school={each.school_id}") for each in schools)


@dataclass(frozen=True, slots=True)
class CapacityOption:
    """In what capacity somebody asks."""

    name: str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form holds; the SNILS is never shown again."""

    surname: str = field(default="", repr=False)
    given_name: str = field(default="", repr=False)
    patronymic: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    capacity: str = ""
    pupil: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    reason: str = ""
    wait_minutes: int = 0
    """How long to wait before the next try; 0 when waiting does not help."""

    @property
    def bad_field(self) -> str:
        """The field that the refusal speaks of."""
        return FIELD_OF.get(self.reason, "")

    @property
    def options(self) -> tuple[CapacityOption, ...]:
        """In what capacity one can ask."""
        return tuple(
            CapacityOption(capacity_name(each), key, capacity_name(each) == self.capacity)
            for each, key in CAPACITIES.items()
        )


@dataclass(frozen=True, slots=True)
class TrackedView:
    """How a request stands."""

    key: str
    state: str
    """For templates: "submitted", "accepted", "refused", "withdrawn", "issued"."""
    school: str
    submitted: datetime
    due: datetime | None
    reason: str
    can_be_taken_back: bool


def tracked_view(request: AccountRequest, school: str, zone: ZoneInfo) -> TrackedView:
    """The request of a reply."""
    key = REQUESTS.get(request.state, "applying.state.submitted")
    waits = request.state == AccountRequestState.ACCOUNT_REQUEST_STATE_SUBMITTED
    return TrackedView(
        key=key,
        state=key.rpartition(".")[2],
        school=school,
        submitted=moment(request.submitted_at, zone),
        due=moment(request.due_at, zone) if waits and request.HasField("due_at") else None,
        reason=request.reason,
        can_be_taken_back=request.state in _OPEN,
    )
