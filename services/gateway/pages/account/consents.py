"""`/account/consents`: what one consented to."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.consents_pb2 import (
    GetConsentTextRequest,
    GiveConsentRequest,
    ListMyConsentsRequest,
    WithdrawConsentRequest,
)
from services.gateway.pages.account.view import consent_views, purpose_views
from services.gateway.pages.answers import Answers
from services.gateway.problems import Problem, Refused

_HOME: Final = "/account/consents"
TOLD_BESIDE: Final = frozenset({"TEXT_OUTDATED", "UNKNOWN_TEXT", "UNKNOWN_CONSENT", "NOT_THEIR_CHILD"})


class ConsentPages:
    """The consents, their texts, and what follows from withdrawing one."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._consents = answers.door.services.identity.consents

    async def show(self, request: Request) -> Response:
        """What can be consented to, and what the person has consented to."""
        return await self._show(request)

    async def text(self, request: Request) -> Response:
        """A text as it was consented to."""
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._consents.GetConsentText(GetConsentTextRequest(text_id=request.path_params["text_id"])),
        )
        return self._answers.html("account/consent.html", frame, text=reply.text)

    async def give(self, request: Request) -> Response:
        """Consent for oneself."""
        text_id = str(self._answers.door.sessions.form(request).get("text_id", ""))
        try:
            await self._consents.GiveConsent(GiveConsentRequest(text_id=text_id))
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return self._answers.see_other(f"{_HOME}?done=given")

    async def ask(self, request: Request) -> Response:
        """Before a withdrawal: what follows from it."""
        me = self._answers.person_id(request)
        frame, reply = await asyncio.gather(
            self._answers.frame(request),
            self._consents.ListMyConsents(ListMyConsentsRequest()),
        )
        consents = consent_views(reply.consents, me, self._answers.zone(request))
        chosen = next((one for one in consents if one.consent_id == request.path_params["consent_id"]), None)
        if chosen is None or chosen.withdrawn_at:
            return self._answers.see_other(_HOME)
        text = await self._consents.GetConsentText(GetConsentTextRequest(text_id=chosen.text_id))
        return self._answers.html("account/withdrawal.html", frame, consent=chosen, text=text.text)

    async def withdraw(self, request: Request) -> Response:
        """Withdraw. When that closes the account, this browser's session is over as well."""
        try:
            reply = await self._consents.WithdrawConsent(
                WithdrawConsentRequest(consent_id=request.path_params["consent_id"])
            )
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        if not reply.account_closed:
            return self._answers.see_other(f"{_HOME}?done=withdrawn")
        response = self._answers.see_other("/sign-in?left=1")
        self._answers.leave(response)
        return response

    async def _show(self, request: Request, problem: Problem | None = None) -> Response:
        me = self._answers.person_id(request)
        frame, reply = await asyncio.gather(
            self._answers.frame(request, _HOME),
            self._consents.ListMyConsents(ListMyConsentsRequest()),
        )
        consents = consent_views(reply.consents, me, self._answers.zone(request))
        return self._answers.html(
            "account/consents.html",
            frame,
            status=problem.status if problem else 200,
            purposes=purpose_views(reply.texts, consents),
            consents=consents,
            problem=problem,
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(self._answers.zone(request)),
        )
