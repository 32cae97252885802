"""`/account-request`: asking for an account from home, and seeing what became of it. Nobody signs in here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.account_requests_pb2 import (
    AccountRequest,
    SubmitAccountRequestRequest,
    TrackAccountRequestRequest,
    WithdrawAccountRequestRequest,
)
from school.identity.v1.schools_pb2 import GetSchoolRequest, SchoolListing, SearchSchoolsRequest
from services.gateway.pages.answers import unless_silent
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.applying.view import (
    FIELD_OF,
    Filled,
    school_choices,
    tracked_view,
)
from services.gateway.pages.school.dates import date_typed, moment
from services.gateway.pages.school.desk import Desk, canonical_id, new_request_id
from services.gateway.pages.school.people.view import capacity_named
from services.gateway.problems import Problem, Refused

TOLD_BESIDE_FORM: Final = frozenset(FIELD_OF) | {"TOO_MANY_REQUESTS", "REQUEST_ID_REUSED"}
TOLD_BESIDE_CODE: Final = frozenset({"UNKNOWN_REQUEST", "REQUEST_DECIDED", "TOO_MANY_ATTEMPTS"})
_FORM: Final = "/account-request"
_TRACK: Final = "/account-request/track"
_LONGEST_QUERY: Final = 100


class ApplyingPages:
    """The form, and the state of a request."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """First the school, then the form."""
        wanted = request.query_params.get("school", "")
        if not wanted:
            return await self._choose(request)
        return await self._form(request, await self._school(canonical_id(wanted)), Filled())

    async def send(self, request: Request) -> Response:
        """Hand it in; the answer has the tracking code, this once."""
        school = await self._school(canonical_id(self._desk.field(request, "school_id")))
        typed = self._desk.field(request, "birth_date")
        birth_date, name = date_typed(typed), self._desk.name(request)
        filled = Filled(
            surname=name.surname,
            given_name=name.given_name,
            patronymic=name.patronymic,
            birth_date=typed,
            capacity=self._desk.field(request, "capacity"),
            pupil=self._desk.field(request, "pupil"),
            email=self._desk.field(request, "email"),
        )
        if birth_date is None:
            return await self._form(request, school, replace(filled, reason="BAD_BIRTH_DATE"), status=400)
        wish = SubmitAccountRequestRequest(
            school_id=school.school_id,
            request_id=self._desk.request_id(request),
            name=name,
            birth_date=birth_date,
            snils=self._desk.field(request, "snils"),
            capacity=capacity_named(filled.capacity),
            pupil=filled.pupil,
            email=filled.email,
            consent=bool(self._desk.field(request, "consent")),
        )
        try:
            reply = await self._desk.services.identity.account_requests.SubmitAccountRequest(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE_FORM:
                raise
            filled = replace(filled, reason=refused.reason, wait_minutes=_wait_minutes(refused.problem))
            return await self._form(request, school, filled, status=refused.problem.status)
        return self._desk.answers.html(
            "school/applied.html",
            self._desk.answers.bare_frame(request, _TRACK),
            code=reply.tracking_code,
            due=moment(reply.due_at, zone_of(school.zone)),
            school=school.title,
        )

    async def track(self, request: Request) -> Response:
        """Where the code is typed."""
        return self._tracked(request)

    async def tracked(self, request: Request) -> Response:
        """How the request stands. The answer is the page itself: the code stays out of addresses."""
        code = self._desk.field(request, "tracking_code")
        try:
            reply = await self._desk.services.identity.account_requests.TrackAccountRequest(
                TrackAccountRequestRequest(tracking_code=code)
            )
        except Refused as refused:
            return self._refused(request, refused)
        return await self._state(request, reply.account_request, code)

    async def withdraw(self, request: Request) -> Response:
        """Take it back."""
        code = self._desk.field(request, "tracking_code")
        try:
            reply = await self._desk.services.identity.account_requests.WithdrawAccountRequest(
                WithdrawAccountRequestRequest(tracking_code=code)
            )
        except Refused as refused:
            return self._refused(request, refused)
        return await self._state(request, reply.account_request, code)

    # --- what they have in common ---

    async def _choose(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()[:_LONGEST_QUERY]
        wish = SearchSchoolsRequest(title=query)
        reply = await self._desk.services.identity.schools.SearchSchools(wish)
        return self._desk.answers.html(
            "school/apply_school.html",
            self._desk.answers.bare_frame(request),
            query=query,
            schools=school_choices(reply.schools),
            more=reply.more,
        )

    async def _school(self, school_id: str) -> SchoolListing:
        wish = GetSchoolRequest(school_id=school_id)
        return (await self._desk.services.identity.schools.GetSchool(wish)).school

    async def _form(
        self, request: Request, school: SchoolListing, filled: Filled, *, status: int = 200
    ) -> Response:
        return self._desk.answers.html(
            "school/apply.html",
            self._desk.answers.bare_frame(request, f"{_FORM}?school={school.school_id}"),
            status=status,
            school=school,
            filled=filled,
            request_id=new_request_id(),
        )

    def _refused(self, request: Request, refused: Refused) -> Response:
        if refused.reason not in TOLD_BESIDE_CODE:
            raise refused
        return self._tracked(
            request, reason=refused.reason, wait=_wait_minutes(refused.problem), status=refused.problem.status
        )

    async def _state(self, request: Request, account_request: AccountRequest, code: str) -> Response:
        wish = GetSchoolRequest(school_id=account_request.school_id)
        told = await unless_silent(self._desk.services.identity.schools.GetSchool(wish))
        title, zone = (told.school.title, told.school.zone) if told else ("", "")
        view = tracked_view(account_request, title, zone_of(zone))
        return self._tracked(request, view=view, code=code)

    def _tracked(
        self,
        request: Request,
        *,
        view: object = None,
        code: str = "",
        reason: str = "",
        wait: int = 0,
        status: int = 200,
    ) -> Response:
        return self._desk.answers.html(
            "school/track.html",
            self._desk.answers.bare_frame(request, _TRACK),
            status=status,
            view=view,
            code=code,
            reason_shown=reason,
            wait=wait,
        )


def _wait_minutes(problem: Problem) -> int:
    """The minutes, rounded up, after which another try makes sense."""
    told = problem.metadata.get("retry_after_s", "")
    return -(-int(told) // 60) if told.isdecimal() else 0
