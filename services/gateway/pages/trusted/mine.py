"""`/trusted`: what other families trust the reader with; the invitations, and the page of a letter's link."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.delegations_pb2 import (
    AcceptInvitationRequest,
    InvitationKey,
    LeaveDelegationRequest,
    ListMyTrustRequest,
    LookAtInvitationRequest,
    RefuseInvitationRequest,
)
from services.gateway.pages.answers import Answers
from services.gateway.pages.trusted.view import trust_view
from services.gateway.problems import Refused


class MinePages:
    """For the trusted. An invitation is known by its link's token, or by its id to an invited account."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._delegations = answers.door.services.identity.delegations

    async def show(self, request: Request) -> Response:
        """What holds and what waits."""
        frame, reply = await asyncio.gather(
            self._answers.frame(request, "/trusted"), self._delegations.ListMyTrust(ListMyTrustRequest())
        )
        zone = self._answers.zone(request)
        return self._answers.html(
            "trusted/mine.html",
            frame,
            held=[trust_view(one, zone) for one in reply.held],
            invited=[trust_view(one, zone) for one in reply.invited],
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(zone),
        )

    async def link(self, request: Request) -> Response:
        """The page of a letter's link; machines open it too, so without a session no service is asked."""
        if self._answers.visitor(request) is None:
            frame = self._answers.bare_frame(request, "/")
            back = quote(request.url.path, safe="")
            return self._answers.html("trusted/stranger.html", frame, sign_in=f"/sign-in?back={back}")
        return await self._answers.signed_in(self.invitation)(request)

    async def invitation(self, request: Request) -> Response:
        """An invitation before it is answered."""
        path = request.url.path
        try:
            frame, reply = await asyncio.gather(
                # The token stays out of the frame: its links would carry it on.
                self._answers.frame(request, "/trusted"),
                self._delegations.LookAtInvitation(LookAtInvitationRequest(invitation=_key(request))),
            )
        except Refused as refused:
            if refused.reason != "INVITATION_UNKNOWN":
                raise
            return await self._gone(request, refused)
        zone = self._answers.zone(request)
        return self._answers.html(
            "trusted/invitation.html",
            frame,
            view=trust_view(reply.trust, zone),
            path=path,
            today=self._answers.clock.today(zone),
        )

    async def accept(self, request: Request) -> Response:
        """Accept; from now on the diary is among the reader's own."""
        try:
            await self._delegations.AcceptInvitation(AcceptInvitationRequest(invitation=_key(request)))
        except Refused as refused:
            if refused.reason not in {"INVITATION_UNKNOWN", "SEES_ALREADY", "COURT_FORBIDS"}:
                raise
            return await self._gone(request, refused)
        return self._answers.see_other("/trusted?done=accepted")

    async def refuse(self, request: Request) -> Response:
        """Refuse."""
        try:
            await self._delegations.RefuseInvitation(RefuseInvitationRequest(invitation=_key(request)))
        except Refused as refused:
            if refused.reason != "INVITATION_UNKNOWN":
                raise
            return await self._gone(request, refused)
        return self._answers.see_other("/trusted?done=refused")

    async def leave(self, request: Request) -> Response:
        """Give up what the reader is trusted with."""
        await self._delegations.LeaveDelegation(
            LeaveDelegationRequest(delegation_id=request.path_params["delegation_id"])
        )
        return self._answers.see_other("/trusted?done=left")

    async def _gone(self, request: Request, refused: Refused) -> Response:
        frame = await self._answers.frame(request, "/trusted")
        return self._answers.html(
            "trusted/gone.html", frame, status=refused.problem.status, problem=refused.problem
        )


def _key(request: Request) -> InvitationKey:
    token = request.path_params.get("token", "")
    if token:
        return InvitationKey(token=token)
    return InvitationKey(delegation_id=request.path_params["delegation_id"])
