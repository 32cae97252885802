"""`/account/binding`: the Gosuslugi profile of the account, what was bound before, and unbinding."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.binding_pb2 import ListMyBindingsRequest, UnbindMyProfileRequest
from services.gateway.pages.answers import Answers
from services.gateway.pages.bindings import binding_views
from services.gateway.problems import Problem, Refused

HOME: Final = "/account/binding"
TOLD_BESIDE: Final = frozenset({"LAST_DOOR", "NOT_BOUND"})


class BindingPages:
    """What is bound and was bound, and the button that unbinds."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._binding = answers.door.services.identity.binding

    async def show(self, request: Request) -> Response:
        """The profile and the history."""
        return await self._show(request)

    async def unbind(self, request: Request) -> Response:
        """Unbind; who came in through ESIA is out by it."""
        try:
            reply = await self._binding.UnbindMyProfile(UnbindMyProfileRequest())
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        if not reply.signed_out:
            return self._answers.see_other(f"{HOME}?done=unbound")
        response = self._answers.see_other("/sign-in?unbound=1")
        self._answers.leave(response)
        return response

    async def _show(self, request: Request, problem: Problem | None = None) -> Response:
        frame, reply = await asyncio.gather(
            self._answers.frame(request, HOME),
            self._binding.ListMyBindings(ListMyBindingsRequest()),
        )
        zone = self._answers.zone(request)
        present, past = binding_views(reply.bindings, zone)
        return self._answers.html(
            "account/binding.html",
            frame,
            status=problem.status if problem else 200,
            present=present,
            past=past,
            problem=problem,
            done=request.query_params.get("done", ""),
            today=self._answers.clock.today(zone),
        )
