"""`/second-factor`: the code that a session owes, and the enrolment of the app that makes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.second_factor_pb2 import (
    ConfirmSecondFactorRequest,
    GetSecondFactorRequest,
    ProveSecondFactorRequest,
    StartSecondFactorRequest,
)
from services.gateway.pages.answers import Answers, wanted_back
from services.gateway.pages.doors.sign_in import wait_of
from services.gateway.pages.frame import HOME, Frame
from services.gateway.pages.proving.view import EnrolmentView, FactorView, enrolment_view
from services.gateway.problems import BadRequest, Problem, Refused

PATH: Final = "/second-factor"
TOLD: Final = frozenset({"WRONG_CODE", "TOO_MANY_ATTEMPTS", "NO_ENROLMENT"})
"""Refusals that are told beside the form."""
ELSEWHERE: Final = frozenset({"SECOND_FACTOR_PRESENT", "NO_SECOND_FACTOR"})
"""The form is of a state that is over: the page shows the present one."""


class SecondFactorPages:
    """Proving and enrolling; what is done with it afterwards belongs to the account's pages."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sessions = answers.door.sessions
        self._factor = answers.door.services.identity.second_factor

    async def show(self, request: Request) -> Response:
        """The form for the code; where there is no second factor yet, how to get one."""
        return await self._show(request, wanted_back(request.query_params.get("back")))

    async def prove(self, request: Request) -> Response:
        """Pay what the session owes."""
        form = self._sessions.form(request)
        back, code = wanted_back(str(form.get("back", ""))), str(form.get("code", "")).strip()
        try:
            reply = await self._factor.ProveSecondFactor(ProveSecondFactorRequest(code=code))
        except Refused as refused:
            return await self._refused(request, back, refused)
        response = self._answers.see_other(self._answers.onward(reply.session, back))
        self._sessions.enter(response, reply.session)
        return response

    async def start(self, request: Request) -> Response:
        """A secret for the app, shown in this answer alone."""
        back = wanted_back(str(self._sessions.form(request).get("back", "")))
        try:
            reply = await self._factor.StartSecondFactor(StartSecondFactorRequest())
        except Refused as refused:
            return await self._refused(request, back, refused)
        return await self._enrolment(request, enrolment_view(reply.otpauth_uri, back))

    async def confirm(self, request: Request) -> Response:
        """The first code of the app: enrolled. The recovery codes are shown in this answer alone."""
        form = self._sessions.form(request)
        back, uri = wanted_back(str(form.get("back", ""))), str(form.get("uri", ""))
        wish = ConfirmSecondFactorRequest(code="".join(str(form.get("code", "")).split()))
        try:
            reply = await self._factor.ConfirmSecondFactor(wish)
        except Refused as refused:
            told = refused.problem
            again = enrolment_view(uri, back, reason=told.reason, wait=wait_of(told))
            if again is None or refused.reason not in TOLD - {"NO_ENROLMENT"}:
                return await self._refused(request, back, refused)
            return await self._enrolment(request, again, told)
        frame = replace(self._answers.bare_frame(request, PATH), plain=True)
        response = self._answers.html(
            "recovery_codes.html", frame, codes=tuple(reply.recovery_codes), onward=back or HOME
        )
        if reply.HasField("session"):
            self._sessions.enter(response, reply.session)
        return response

    async def _refused(self, request: Request, back: str, refused: Refused) -> Response:
        if refused.reason in ELSEWHERE:
            return self._answers.see_other(f"{PATH}?back={quote(back, safe='')}" if back else PATH)
        if refused.reason not in TOLD:
            raise refused
        return await self._show(request, back, refused.problem)

    async def _show(self, request: Request, back: str, problem: Problem | None = None) -> Response:
        frame = await self._frame(request)
        factor = await self._factor.GetSecondFactor(GetSecondFactorRequest())
        if factor.enrolled and frame.whole:
            # Nothing is owed; what can be done with it is on the account's page.
            return self._answers.see_other(back or "/account/second-factor")
        view = FactorView(
            back=back,
            enrolled=factor.enrolled,
            demanded=factor.demanded,
            reason=problem.reason if problem else "",
            wait=wait_of(problem) if problem else None,
        )
        status = problem.status if problem else 200
        return self._answers.html("second_factor.html", frame, status=status, view=view)

    async def _enrolment(
        self, request: Request, view: EnrolmentView | None, problem: Problem | None = None
    ) -> Response:
        if view is None:
            raise BadRequest
        frame = await self._frame(request)
        status = problem.status if problem else 200
        return self._answers.html("second_factor_enrol.html", frame, status=status, view=view)

    async def _frame(self, request: Request) -> Frame:
        bare = self._answers.bare_frame(request, PATH)
        return await self._answers.frame(request, PATH) if bare.whole else bare
