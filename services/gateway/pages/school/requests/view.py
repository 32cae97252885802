"""Electronic requests as the school sees them: who asks, and whom of the registered it may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from school.identity.v1.account_requests_pb2 import AccountRequest, AccountRequestState
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import date_shown, moment
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.pages.school.people.view import PersonView, capacity_name, person_views
from services.gateway.pages.school.words import CAPACITIES

DONE: Final = {"accepted": "requests.was_accepted", "refused": "requests.was_refused"}


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request that is not closed."""

    request_id: str
    name: str
    born: str
    snils: str
    """The last digits; empty when none was given."""
    capacity: str
    """As a key."""
    pupil: str
    email: str
    submitted: datetime
    due: datetime
    overdue: bool
    accepted: bool
    candidates: tuple[PersonView, ...]
    issue_url: str
    """Where an accepted one is answered; empty before."""
    failure: Failure


def request_views(
    requests: Iterable[AccountRequest],
    school_url: str,
    zone: ZoneInfo,
    now: datetime,
    failure: Failure = NO_FAILURE,
) -> tuple[RequestView, ...]:
    """The requests in the order given."""
    return tuple(_view(each, school_url, zone, now, failure) for each in requests)


def _view(
    request: AccountRequest, school_url: str, zone: ZoneInfo, now: datetime, failure: Failure
) -> RequestView:
    accepted = request.state == AccountRequestState.ACCOUNT_REQUEST_STATE_ACCEPTED
    capacity = capacity_name(request.capacity)
    return RequestView(
        request_id=request.account_request_id,
        name=full_name(request.name),
        born=date_shown(request.birth_date),
        snils=request.snils_masked,
        capacity=CAPACITIES.get(request.capacity, "issue.capacity.other"),
        pupil=request.pupil,
        email=request.email,
        submitted=moment(request.submitted_at, zone),
        due=moment(request.due_at, zone),
        overdue=not accepted and request.due_at.ToSeconds() < now.timestamp(),
        accepted=accepted,
        candidates=person_views(request.candidates, zone),
        issue_url=f"{school_url}/people/{request.person_id}"
        f"?request={request.account_request_id}&capacity={capacity}"
        if accepted
        else "",
        failure=failure.at(request.account_request_id),
    )
