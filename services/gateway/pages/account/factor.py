"""`/account/second-factor`: the app's code at the password door."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.second_factor_pb2 import (
    GetSecondFactorRequest,
    NewRecoveryCodesRequest,
    RemoveSecondFactorRequest,
)
from services.gateway.pages.answers import Answers
from services.gateway.problems import Problem, Refused

_HOME: Final = "/account/second-factor"
TOLD_BESIDE: Final = frozenset({"NO_SECOND_FACTOR", "SECOND_FACTOR_DEMANDED"})


class FactorPages:
    """Whether there is a second factor; new recovery codes; its removal. Enrolment is `/second-factor`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._factor = answers.door.services.identity.second_factor

    async def show(self, request: Request) -> Response:
        """The second factor as it is."""
        return await self._show(request)

    async def new_codes(self, request: Request) -> Response:
        """New recovery codes, shown on this one page."""
        try:
            reply = await self._factor.NewRecoveryCodes(NewRecoveryCodesRequest())
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return await self._show(request, codes=tuple(reply.recovery_codes))

    async def remove(self, request: Request) -> Response:
        """Remove it."""
        try:
            await self._factor.RemoveSecondFactor(RemoveSecondFactorRequest())
        except Refused as refused:
            if refused.reason not in TOLD_BESIDE:
                raise
            return await self._show(request, refused.problem)
        return self._answers.see_other(f"{_HOME}?done=removed")

    async def _show(
        self, request: Request, problem: Problem | None = None, codes: tuple[str, ...] = ()
    ) -> Response:
        frame, factor = await asyncio.gather(
            self._answers.frame(request, _HOME),
            self._factor.GetSecondFactor(GetSecondFactorRequest()),
        )
        return self._answers.html(
            "account/factor.html",
            frame,
            status=problem.status if problem else 200,
            factor=factor,
            codes=codes,
            problem=problem,
            done=request.query_params.get("done", ""),
        )
