"""`/recovery` and `/recover/<token>`: a new password for who forgot the old one.

What is said is the same whether there is such an account or not: who guesses logins learns nothing (A22).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.contacts_pb2 import ContactKind
from school.identity.v1.passwords_pb2 import CompleteRecoveryRequest, StartRecoveryRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.doors.sign_in import wait_of
from services.gateway.pages.passwords.view import BAD_PASSWORD, PasswordView, differs, password_view
from services.gateway.problems import Problem, Refused

START: Final = "/recovery"
DONE: Final = "/sign-in?recovered=1"
_ROADS: Final = {"email": ContactKind.CONTACT_KIND_EMAIL, "sms": ContactKind.CONTACT_KIND_MOBILE}
_UNKNOWN: Final = "RECOVERY_UNKNOWN"
TOLD: Final = frozenset({_UNKNOWN, BAD_PASSWORD, "PASSWORD_MOVED", "TOO_MANY_ATTEMPTS"})
"""Refusals that are told beside the form."""


@dataclass(frozen=True, slots=True)
class StartView:
    """Which login, and by which road."""

    login: str = ""
    road: str = "email"
    reason: str = ""
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class NewPasswordView:
    """The form for the new password, with what proves that it may be set."""

    password: PasswordView
    action: str
    recovery_key: str = field(default="", repr=False)
    """Goes with the code of the SMS; empty where the link's token proves."""
    reason: str = ""
    wait: int | None = None


class RecoveryPages:
    """The roads back in."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._passwords = answers.door.services.identity.passwords

    async def show(self, request: Request) -> Response:
        """Ask for the login."""
        return self._start(request, StartView())

    async def start(self, request: Request) -> Response:
        """Have a link or a code sent, if there is where to."""
        form = self._answers.door.sessions.form(request)
        login, road = str(form.get("login", "")).strip(), str(form.get("road", ""))
        road = road if road in _ROADS else "email"
        try:
            reply = await self._passwords.StartRecovery(
                StartRecoveryRequest(login=login, contact=_ROADS[road])
            )
        except Refused as refused:
            if refused.reason not in TOLD:
                raise
            view = StartView(login[:100], road, refused.reason, wait_of(refused.problem))
            return self._start(request, view, refused.problem.status)
        if road == "email":
            return self._answers.see_other(f"{START}/sent")
        # The key belongs to this form alone: no address or cookie carries it.
        view_of_code = NewPasswordView(password_view(), f"{START}/code", reply.recovery_key)
        return self._new_password(request, view_of_code)

    async def sent(self, request: Request) -> Response:
        """Say where to look for the letter."""
        return self._answers.html("recovery_sent.html", self._answers.bare_frame(request))

    async def by_code(self, request: Request) -> Response:
        """The code that came by SMS, and the new password."""
        form = self._answers.door.sessions.form(request)
        key, code = str(form.get("recovery_key", "")), "".join(str(form.get("code", "")).split())
        return await self._complete(
            request, CompleteRecoveryRequest(recovery_key=key, code=code), f"{START}/code"
        )

    async def link(self, request: Request) -> Response:
        """The form behind the link of the letter. Asks no service and changes nothing (A25)."""
        return self._new_password(request, NewPasswordView(password_view(), request.url.path))

    async def by_link(self, request: Request) -> Response:
        """The new password, by the link of the letter."""
        token = request.path_params["token"]
        return await self._complete(request, CompleteRecoveryRequest(token=token), request.url.path)

    async def _complete(self, request: Request, wish: CompleteRecoveryRequest, action: str) -> Response:
        form = self._answers.door.sessions.form(request)
        wish.new_password = str(form.get("new_password", ""))
        repeated = form.get("repeated")
        if differs(wish.new_password, None if repeated is None else str(repeated)):
            view = NewPasswordView(password_view(differ=True), action, wish.recovery_key)
            return self._new_password(request, view)
        try:
            await self._passwords.CompleteRecovery(wish)
        except Refused as refused:
            if refused.reason not in TOLD:
                raise
            return self._refused(request, wish, action, refused.problem)
        return self._answers.see_other(DONE)

    def _refused(
        self, request: Request, wish: CompleteRecoveryRequest, action: str, problem: Problem
    ) -> Response:
        view = NewPasswordView(
            password_view(problem=problem), action, wish.recovery_key, problem.reason, wait_of(problem)
        )
        return self._new_password(request, view, problem.status)

    def _start(self, request: Request, view: StartView, status: int = 200) -> Response:
        frame = self._answers.bare_frame(request, START)
        return self._answers.html("recovery.html", frame, status=status, view=view)

    def _new_password(self, request: Request, view: NewPasswordView, status: int = 200) -> Response:
        # Links of the frame lead to the beginning, never on with a token.
        frame = self._answers.bare_frame(request, START)
        return self._answers.html("recovery_password.html", frame, status=status, view=view)
