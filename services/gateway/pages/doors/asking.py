"""After a refusal: have the school compare, and see what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.cases_pb2 import (
    AskToCompareRequest,
    CaseResolution,
    CaseState,
    TrackCaseRequest,
    TrackCaseResponse,
)
from services.gateway.pages.answers import Answers
from services.gateway.pages.doors.sign_in import wait_of
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.dates import moment
from services.gateway.problems import Refused

ASKABLE: Final = frozenset({"NAME_DIFFERS", "BIRTH_DATE_DIFFERS"})
"""Refusals after which the school can be asked, from the same browser."""
TRACK: Final = "/sign-in/asked"
_LONGEST: Final = 320
_TOLD_BESIDE_CODE: Final = frozenset({"UNKNOWN_CASE", "TOO_MANY_ATTEMPTS"})
_ACCEPTED: Final = ("asked.accepted", "asked.accepted.step")
_STATES: Final = {
    CaseResolution.CASE_RESOLUTION_ACCEPT_ESIA: _ACCEPTED,
    CaseResolution.CASE_RESOLUTION_AGREED: _ACCEPTED,
    CaseResolution.CASE_RESOLUTION_KEEP_REGISTER: ("asked.kept", "asked.kept.step"),
}


@dataclass(frozen=True, slots=True)
class AnswerView:
    """How what was asked stands."""

    key: str
    step: str
    reason: str
    due: datetime | None
    """None once it is answered."""


def answer_view(reply: TrackCaseResponse) -> AnswerView:
    """The school's answer, or by when it comes."""
    if reply.state == CaseState.CASE_STATE_OPEN:
        return AnswerView("asked.waits", "asked.waits.step", "", moment(reply.due_at, zone_of("")))
    key, step = _STATES.get(reply.resolution, ("asked.closed", "asked.closed.step"))
    return AnswerView(key, step, reply.reason, None)


class AskingPages:
    """`/sign-in/refused/ask` and `/sign-in/asked`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sessions = answers.door.sessions
        self._cases = answers.door.services.identity.cases

    async def ask(self, request: Request) -> Response:
        """Have the school compare; the code is shown this once."""
        form = self._sessions.form(request)
        wish = AskToCompareRequest(
            browser_key=self._sessions.pending_sign_in(request),
            email=str(form.get("email", ""))[:_LONGEST].strip(),
        )
        reply = await self._cases.AskToCompare(wish)
        return self._answers.html(
            "asked.html",
            self._answers.bare_frame(request, TRACK),
            code=reply.tracking_code,
            due=moment(reply.due_at, zone_of("")),
            by_letter=bool(wish.email),
        )

    async def track(self, request: Request) -> Response:
        """Where the code is typed."""
        return self._shown(request)

    async def tracked(self, request: Request) -> Response:
        """How it stands. The answer is the page itself: the code stays out of addresses."""
        form = self._sessions.form(request)
        code = str(form.get("tracking_code", ""))[:_LONGEST].strip()
        try:
            reply = await self._cases.TrackCase(TrackCaseRequest(tracking_code=code))
        except Refused as refused:
            if refused.reason not in _TOLD_BESIDE_CODE:
                raise
            return self._shown(request, refused=refused)
        return self._shown(request, view=answer_view(reply))

    def _shown(
        self, request: Request, *, view: AnswerView | None = None, refused: Refused | None = None
    ) -> Response:
        return self._answers.html(
            "asked_track.html",
            self._answers.bare_frame(request, TRACK),
            status=refused.problem.status if refused else 200,
            view=view,
            reason_shown=refused.reason if refused else "",
            wait=wait_of(refused.problem) if refused else None,
        )
