"""`/confirm-email/<token>`: the link of a letter. Opening it changes nothing; the button does (A25).

Mail servers open links to look for malice, so a GET or HEAD that confirmed would confirm for anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.contacts_pb2 import ConfirmEmailRequest
from services.gateway.pages.answers import Answers
from services.gateway.problems import Refused

# What the next page is told; anything else in the address is passed over.
ACTIVATION, CHANGE = "activation", "change"


@dataclass(frozen=True, slots=True)
class ConfirmEmailView:
    """The button, or what became of it."""

    token: str = ""
    reason: str = ""
    in_activation: bool = False
    signed_in: bool = False


class ConfirmEmailPages:
    """Works in any browser, signed in or not: letters are read on another device as often as not."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def show(self, request: Request) -> Response:
        """The button. Asks no service."""
        view = ConfirmEmailView(token=request.path_params["token"])
        return self._page(request, view)

    async def confirm(self, request: Request) -> Response:
        """Confirm."""
        token = request.path_params["token"]
        try:
            reply = await self._answers.door.services.identity.contacts.ConfirmEmail(
                ConfirmEmailRequest(token=token)
            )
        except Refused as refused:
            if refused.reason != "LINK_UNKNOWN":
                raise
            return self._page(request, ConfirmEmailView(reason=refused.reason), refused.problem.status)
        return self._answers.see_other(f"/confirm-email?done={ACTIVATION if reply.in_activation else CHANGE}")

    async def done(self, request: Request) -> Response:
        """Say that it is confirmed, and where to go on."""
        done = request.query_params.get("done", "")
        if done not in {ACTIVATION, CHANGE}:
            return self._answers.see_other("/")
        return self._page(request, ConfirmEmailView(in_activation=done == ACTIVATION))

    def _page(self, request: Request, view: ConfirmEmailView, status: int = 200) -> Response:
        # The token stays out of the frame: its links would carry it on.
        frame = self._answers.bare_frame(request, "/")
        return self._answers.html("confirm_email.html", frame, status=status, view=view)
