"""The sign-in page, the password door and the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.regions_pb2 import Region
from school.identity.v1.sign_in_pb2 import SignInWithPasswordRequest
from services.gateway.pages.answers import Answers, wanted_back
from services.gateway.pages.doors.directory import RegionDirectory
from services.gateway.pages.doors.regions import region_view
from services.gateway.problems import Problem, Refused

ASK_AGAIN = frozenset({"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS", "ACCOUNT_BLOCKED", "PERSON_LEFT"})
"""Refusals of a login and password that are told beside the form."""


@dataclass(frozen=True, slots=True)
class SignInView:
    """The doors of one region."""

    code: str
    title: str
    esia: bool
    esia_down: bool
    elsewhere: bool
    address: str
    host: str
    back: str
    left: bool = False
    """The person has just signed out."""
    notices: tuple[tuple[str, str], ...] = ()
    """What the region says at its doors: language and text."""
    esia_exit: str = ""
    """Where they can leave Gosuslugi as well."""
    recovered: bool = False
    """The person has just set a new password."""
    unbound: bool = False
    """The person has just unbound their profile, by which they were in."""
    login: str = ""
    reason: str = ""
    wait: int | None = None

    def notice(self, language: str) -> tuple[str, str] | None:
        """What the region says, in the language of the page if it says it in that; else in another."""
        told = dict(self.notices)
        return (language, told[language]) if language in told else next(iter(told.items()), None)


def sign_in_view(region: Region, *, back: str) -> SignInView:
    """The doors as the directory describes them."""
    shown = region_view(region)
    return SignInView(
        code=region.code,
        title=region.title,
        esia=region.esia_enabled,
        esia_down=region.esia_down,
        elsewhere=not region.here,
        address=region.address,
        host=shown.host,
        back=back,
        notices=tuple((notice.language, notice.text) for notice in region.notices),
    )


def wait_of(problem: Problem) -> int | None:
    """The seconds until the next attempt may be made."""
    return problem.retry_after if problem.reason == "TOO_MANY_ATTEMPTS" else None


class SignInPages:
    """`/sign-in`, `/sign-in/password`, `/sign-out`."""

    def __init__(self, answers: Answers, directory: RegionDirectory) -> None:
        self._answers = answers
        self._directory = directory

    async def show(self, request: Request) -> Response:
        """The doors of a region; without a region, of the one served here."""
        wanted = request.query_params.get("region", "")
        region = await self._region(wanted)
        if region is None:
            return self._answers.see_other("/?choose=1&unknown=1" if wanted else "/")
        left = "left" in request.query_params
        view = replace(
            sign_in_view(region, back=wanted_back(request.query_params.get("back"))),
            left=left,
            esia_exit=self._answers.esia_exit(request) if left else "",
            recovered="recovered" in request.query_params,
            unbound="unbound" in request.query_params,
        )
        return self._answers.html("sign_in.html", self._answers.bare_frame(request), view=view)

    async def password(self, request: Request) -> Response:
        """Sign in with login and password."""
        form = self._answers.door.sessions.form(request)
        login = str(form.get("login", ""))
        back = wanted_back(str(form.get("back", "")))
        wish = SignInWithPasswordRequest(login=login, password=str(form.get("password", "")))
        try:
            reply = await self._answers.door.services.identity.sign_in.SignInWithPassword(wish)
        except Refused as refused:
            if refused.reason not in ASK_AGAIN:
                raise
            return await self._ask_again(request, str(form.get("region", "")), back, login, refused.problem)
        await self._answers.end_present(request)
        session = reply.signed_in.session
        response = self._answers.see_other(self._answers.onward(session, back))
        self._answers.door.sessions.enter(response, session)
        self._answers.forget_draft(response)
        return response

    async def leave(self, request: Request) -> Response:
        """Sign out. The browser forgets the session also when identity does not answer.

        To leave Gosuslugi as well is offered by the next page, never done unasked.
        """
        esia_exit = await self._answers.end_present(request)
        response = self._answers.see_other("/sign-in?left=1")
        self._answers.remember_esia_exit(response, esia_exit)
        self._answers.leave(response)
        return response

    async def _ask_again(
        self, request: Request, code: str, back: str, login: str, problem: Problem
    ) -> Response:
        region = await self._region(code)
        if region is None:
            return self._answers.see_other("/")
        view = replace(
            sign_in_view(region, back=back), login=login[:100], reason=problem.reason, wait=wait_of(problem)
        )
        frame = self._answers.bare_frame(request, f"/sign-in?region={region.code}")
        return self._answers.html("sign_in.html", frame, status=problem.status, view=view)

    async def _region(self, code: str) -> Region | None:
        """The region with a code; without a code the only one served here, if it is the only one."""
        regions = await self._directory.regions()
        if code:
            return next((region for region in regions if region.code == code), None)
        here = [region for region in regions if region.here]
        return here[0] if len(here) == 1 else None
