"""`/pupils/{pupil_id}/trusted`: whom a family trusts, inviting and taking back, who looked."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from school.diary.v1.views_pb2 import ListViewsRequest
from school.identity.v1.delegations_pb2 import (
    InviteTrustedPersonRequest,
    ListDelegationsRequest,
    ListDelegationsResponse,
    WithdrawDelegationRequest,
)
from services.gateway.pages.answers import Answers
from services.gateway.pages.trusted.view import LooksView, family_view, invite_form, look_views, scopes_of
from services.gateway.problems import Problem, Refused

TOLD_BESIDE: Final = frozenset(
    {
        "BAD_SCOPES",
        "BAD_TRUST_TERM",
        "BAD_DATE",
        "BAD_INVITEE",
        "BAD_EMAIL",
        "TOO_MANY_DELEGATIONS",
        "TOO_MANY_INVITATIONS",
    }
)
_LONGEST: Final = 320
_A_PAGE: Final = 50


class FamilyPages:
    """For guardians; a pupil sees them from 14 on, and decides from 18 on."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._delegations = answers.door.services.identity.delegations
        self._views = answers.door.services.diary.views

    async def show(self, request: Request) -> Response:
        """Whom the family trusts."""
        pupil_id = request.path_params["pupil_id"]
        frame, reply = await asyncio.gather(
            self._answers.frame(request, f"/pupils/{pupil_id}/trusted"), self._listed(pupil_id)
        )
        zone = self._answers.zone(request)
        return self._answers.html(
            "trusted/family.html",
            frame,
            view=family_view(pupil_id, reply, zone),
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(zone),
        )

    async def ask(self, request: Request) -> Response:
        """The form of an invitation."""
        return await self._form(request)

    async def invite(self, request: Request) -> Response:
        """Send an invitation."""
        form = self._answers.door.sessions.form(request)
        pupil_id = request.path_params["pupil_id"]
        invitee = str(form.get("invitee", "")).strip()[: _LONGEST + 1]
        wish = InviteTrustedPersonRequest(
            pupil_id=pupil_id,
            request_id=str(form.get("request_id", "")) or uuid4().hex,
            scopes=scopes_of(str(value) for value in form.getlist("scope")),
            valid_until=str(form.get("until", "")),
        )
        # No login has an @ in it, and every address has.
        if "@" in invitee:
            wish.email = invitee
        else:
            wish.login = invitee
        try:
            await self._delegations.InviteTrustedPerson(wish)
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._form(request, refused.problem)
        return self._answers.see_other(f"/pupils/{pupil_id}/trusted?done=invited")

    async def withdraw(self, request: Request) -> Response:
        """End what was granted, or take an invitation back."""
        pupil_id = request.path_params["pupil_id"]
        await self._delegations.WithdrawDelegation(
            WithdrawDelegationRequest(pupil_id=pupil_id, delegation_id=request.path_params["delegation_id"])
        )
        return self._answers.see_other(f"/pupils/{pupil_id}/trusted?done=withdrawn")

    async def views(self, request: Request) -> Response:
        """Who looked."""
        pupil_id = request.path_params["pupil_id"]
        asked = ListViewsRequest(
            pupil_id=pupil_id, page_size=_A_PAGE, page_token=request.query_params.get("page", "")
        )
        frame, reply, seen = await asyncio.gather(
            self._answers.frame(request, f"/pupils/{pupil_id}/trusted/views"),
            self._listed(pupil_id),
            self._views.ListViews(asked),
        )
        zone = self._answers.zone(request)
        looks = look_views(seen.views, reply.delegations, zone)
        view = LooksView(pupil_id, reply.pupil_name, looks, seen.next_page_token)
        return self._answers.html(
            "trusted/views.html", frame, view=view, today=self._answers.clock.today(zone)
        )

    async def _form(self, request: Request, problem: Problem | None = None) -> Response:
        pupil_id = request.path_params["pupil_id"]
        frame, reply = await asyncio.gather(
            self._answers.frame(request, f"/pupils/{pupil_id}/trusted/invite"), self._listed(pupil_id)
        )
        if not reply.can_invite:
            return self._answers.see_other(f"/pupils/{pupil_id}/trusted")
        today = self._answers.clock.today(self._answers.zone(request))
        form = invite_form(pupil_id, reply, today)
        if problem is not None:
            sent = self._answers.door.sessions.form(request)
            form = invite_form(
                pupil_id,
                reply,
                today,
                until=str(sent.get("until", ""))[:10],
                invitee=str(sent.get("invitee", ""))[:_LONGEST],
                ticked=[str(value) for value in sent.getlist("scope")],
            )
        return self._answers.html(
            "trusted/invite.html",
            frame,
            status=problem.status if problem else 200,
            form=form,
            problem=problem,
            request_id=uuid4().hex,
            today=today,
        )

    async def _listed(self, pupil_id: str) -> ListDelegationsResponse:
        reply: ListDelegationsResponse = await self._delegations.ListDelegations(
            ListDelegationsRequest(pupil_id=pupil_id)
        )
        return reply
