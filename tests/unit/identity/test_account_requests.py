"""What may become of an electronic request, and how its applicant is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.identity.account_requests.rules import (
    AccountRequest,
    Applicant,
    RequestDecided,
    RequestNotAccepted,
    RequestState,
)
from services.identity.issuing.rules.people import Capacity
from services.identity.people.rules import FullName, Snils
from services.identity.tracking import new_tracking_code, tracking_digest
from services.identity.words import ReasonNeeded

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PERSONS = [uuid4(), uuid4()]
_APPLICANT = Applicant(
    FullName("Иванова", "Анна"), date(1986, 4, 12), Snils("00100200300"), "Пётр, 7Б", "anna@example.org"
)
# What may follow: nothing is decided twice, and credentials answer an accepted request alone (R31).
ALLOWED = {
    RequestState.SUBMITTED: {RequestState.ACCEPTED, RequestState.REFUSED, RequestState.WITHDRAWN},
    RequestState.ACCEPTED: {RequestState.ISSUED, RequestState.REFUSED, RequestState.WITHDRAWN},
    RequestState.REFUSED: set[RequestState](),
    RequestState.WITHDRAWN: set[RequestState](),
    RequestState.ISSUED: set[RequestState](),
}


def request() -> AccountRequest:
    return AccountRequest(uuid4(), uuid4(), Capacity.PARENT, _APPLICANT, NOW, NOW + timedelta(days=10))


class Requests(RuleBasedStateMachine):
    """Any sequence of what registrars, applicants and issuing do."""

    def __init__(self) -> None:
        super().__init__()
        self.request = request()
        self.before = self.request.state
        self.accepted_for: UUID | None = None

    def step(self, after: AccountRequest) -> None:
        if after is not self.request:
            assert after.state in ALLOWED[self.request.state]
        self.request = after

    @rule(person=st.sampled_from(PERSONS))
    def accept(self, person: UUID) -> None:
        try:
            self.step(self.request.accepted(person, NOW))
            self.accepted_for = person
        except RequestDecided:
            assert self.request.state is not RequestState.SUBMITTED

    @rule(reason=st.sampled_from(["", "нет связи с учеником"]))
    def refuse(self, reason: str) -> None:
        try:
            self.step(self.request.refused(reason, NOW))
        except ReasonNeeded:
            assert not reason
        except RequestDecided:
            assert not ALLOWED[self.request.state]

    @rule()
    def withdraw(self) -> None:
        try:
            self.step(self.request.withdrawn(NOW))
        except RequestDecided:
            assert self.request.state in {RequestState.REFUSED, RequestState.ISSUED}

    @rule(person=st.sampled_from(PERSONS))
    def answer(self, person: UUID) -> None:
        try:
            self.step(self.request.answered(person, NOW))
            assert person == self.accepted_for
        except RequestNotAccepted:
            assert self.request.state is not RequestState.ACCEPTED or person != self.accepted_for

    @invariant()
    def says_when_it_was_decided(self) -> None:
        assert (self.request.state is RequestState.SUBMITTED) == (self.request.decided_at is None)


TestRequests = Requests.TestCase


def test_a_tracking_code_has_128_bits_and_is_read_in_any_spelling() -> None:
    code = new_tracking_code()
    assert len(code.replace("-", "")) == 26
    assert tracking_digest(code, of="account request") == tracking_digest(
        f" {code.lower().replace('-', ' ')} ", of="account request"
    )
    assert tracking_digest(code, of="account request") != tracking_digest(
        new_tracking_code(), of="account request"
    )


def test_a_request_shows_nothing_when_it_is_printed() -> None:
    """A33."""
    shown = repr(request())
    assert not any(secret in shown for secret in ("Иванова", "1986", "001002", "Пётр", "example"))
