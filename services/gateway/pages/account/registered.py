"""`/account/registered`: what the school has registered, and what it was asked to correct (R10)."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.activation_pb2 import GetActivationRequest
from school.identity.v1.cases_pb2 import ListMyCasesRequest
from school.identity.v1.corrections_pb2 import ListMyCorrectionsRequest
from services.gateway.pages.account.cases import my_cases
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.onboarding.view import activation_view

PATH: Final = "/account/registered"


class RegisteredPages:
    """The registered data, once the account is active."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._identity = answers.door.services.identity

    async def show(self, request: Request) -> Response:
        """Every field, with the way to say that it is wrong, and the corrections of the last year."""
        frame, registered, asked, disagreed = await asyncio.gather(
            self._answers.frame(request),
            self._identity.activation.GetActivation(GetActivationRequest()),
            self._identity.corrections.ListMyCorrections(ListMyCorrectionsRequest()),
            unless_silent(self._identity.cases.ListMyCases(ListMyCasesRequest())),
        )
        view = activation_view(
            registered.activation, self._answers.clock.now(), corrections=asked.corrections
        )
        cases = my_cases(disagreed.cases if disagreed else ())
        return self._answers.html("account/registered.html", frame, view=view, cases=cases, home=PATH)
