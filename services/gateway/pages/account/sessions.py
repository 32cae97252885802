"""`/account/sessions`: where one is signed in."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.sessions_pb2 import (
    EndMySessionRequest,
    EndOtherSessionsRequest,
    ListMySessionsRequest,
)
from services.gateway.pages.account.view import session_views
from services.gateway.pages.answers import Answers
from services.gateway.problems import Refused

_HOME: Final = "/account/sessions"


class SessionPages:
    """The devices that are signed in, and their end."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sessions = answers.door.services.identity.sessions

    async def show(self, request: Request) -> Response:
        """Every live session."""
        frame, reply = await asyncio.gather(
            self._answers.frame(request, _HOME),
            self._sessions.ListMySessions(ListMySessionsRequest()),
        )
        return self._answers.html(
            "account/sessions.html",
            frame,
            sessions=session_views(reply.sessions, self._answers.zone(request)),
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(self._answers.zone(request)),
        )

    async def end(self, request: Request) -> Response:
        """End one of them."""
        try:
            await self._sessions.EndMySession(
                EndMySessionRequest(session_id=request.path_params["session_id"])
            )
        except Refused as refused:
            if refused.reason != "UNKNOWN_SESSION":
                raise
        return self._answers.see_other(f"{_HOME}?done=one")

    async def end_others(self, request: Request) -> Response:
        """End all but this one."""
        await self._sessions.EndOtherSessions(EndOtherSessionsRequest())
        return self._answers.see_other(f"{_HOME}?done=others")
