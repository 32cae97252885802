"""`/step-up`: who one is, once more, before a change that asks for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.accounts_pb2 import GetMyAccountRequest
from school.identity.v1.sessions_pb2 import StepUpWithPasswordRequest
from school.identity.v1.sign_in_pb2 import StartEsiaStepUpRequest
from services.gateway.pages.answers import Answers, wanted_back
from services.gateway.pages.doors.esia import TOO_OLD
from services.gateway.pages.doors.sign_in import wait_of
from services.gateway.pages.frame import HOME
from services.gateway.pages.proving.view import StepUpView
from services.gateway.problems import Refused

TOLD: Final = frozenset(
    {
        "WRONG_CREDENTIALS",
        "WRONG_CODE",
        "TOO_MANY_ATTEMPTS",
        "NO_PASSWORD",
        "NOT_BOUND",
        "ESIA_CLOSED",
        "ESIA_UNAVAILABLE",
        TOO_OLD,
    }
)
"""Refusals that are told beside the form."""


class StepUpPages:
    """The page and its two roads."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sessions = answers.door.sessions
        self._identity = answers.door.services.identity

    async def show(self, request: Request) -> Response:
        """Ask, and say why."""
        asked = request.query_params
        told = asked.get("reason", "")
        view = await self._view(wanted_back(asked.get("back")))
        if told in TOLD:
            view = replace(view, reason=told, esia_exit=self._answers.esia_exit(request))
        return await self._page(request, view)

    async def password(self, request: Request) -> Response:
        """By password, and a code where the account has a second factor."""
        form = self._sessions.form(request)
        back = wanted_back(str(form.get("back", "")))
        wish = StepUpWithPasswordRequest(
            password=str(form.get("password", "")), code=str(form.get("code", "")).strip()
        )
        try:
            reply = await self._identity.sessions.StepUpWithPassword(wish)
        except Refused as refused:
            return await self._refused(request, back, refused)
        response = self._answers.see_other(back or HOME)
        self._sessions.enter(response, reply.session)
        return response

    async def esia(self, request: Request) -> Response:
        """By ESIA: out to it, and back by the road of every sign-in there."""
        back = wanted_back(str(self._sessions.form(request).get("back", "")))
        try:
            reply = await self._identity.sign_in.StartEsiaStepUp(StartEsiaStepUpRequest())
        except Refused as refused:
            return await self._refused(request, back, refused)
        response = self._answers.see_other(reply.authorization_url)
        self._sessions.keep_sign_in(response, reply.browser_key, reply.expires_at.ToDatetime(tzinfo=UTC))
        self._answers.remember_back(response, back)
        return response

    async def _refused(self, request: Request, back: str, refused: Refused) -> Response:
        if refused.reason not in TOLD:
            raise refused
        view = replace(await self._view(back), reason=refused.reason, wait=wait_of(refused.problem))
        return await self._page(request, view, refused.problem.status)

    async def _view(self, back: str) -> StepUpView:
        account = await self._identity.accounts.GetMyAccount(GetMyAccountRequest())
        return StepUpView(
            back=back, password=account.has_password, code=account.second_factor, esia=account.esia_bound
        )

    async def _page(self, request: Request, view: StepUpView, status: int = 200) -> Response:
        frame = await self._answers.frame(request, "/step-up")
        return self._answers.html("step_up.html", frame, status=status, view=view)
