"""`/activation`: from the school's slip to an account of one's own, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.accounts_pb2 import GetMyAccountRequest
from school.identity.v1.activation_pb2 import Activation, ActivationStep, GetActivationRequest
from school.identity.v1.corrections_pb2 import Correction, ListMyCorrectionsRequest
from school.identity.v1.passwords_pb2 import JudgePasswordRequest
from services.gateway.pages.answers import Answers, unless_silent
from services.gateway.pages.onboarding.view import (
    BEFORE_CONFIRMED,
    TEMPLATES,
    Aftermath,
    activation_view,
)

PATH = "/activation"


class ActivationPages:
    """The pages; where a person stands is asked anew each time, so leaving and coming back costs nothing."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._identity = answers.door.services.identity

    async def show(self, request: Request) -> Response:
        """The step that is due."""
        sent = "sent" in request.query_params
        return await self.render(request, after=Aftermath(sent=sent))

    async def contacts(self, request: Request) -> Response:
        """The contacts once more, while they are not confirmed: one may have been mistyped."""
        return await self.render(request, step=ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS)

    async def render(
        self,
        request: Request,
        *,
        step: ActivationStep.ValueType | None = None,
        after: Aftermath | None = None,
    ) -> Response:
        """The page of a step, or, when that cannot be done just now, the page of the one that is due."""
        activation = (await self._identity.activation.GetActivation(GetActivationRequest())).activation
        if step is not None and not _can_be_done(step, activation):
            return self._answers.see_other(PATH)
        shown = step or activation.next_step
        if shown not in TEMPLATES:
            return self._answers.see_other("/cabinet")
        chooses = shown == ActivationStep.ACTIVATION_STEP_SET_PASSWORD
        view = activation_view(
            activation,
            self._answers.clock.now(),
            step=step,
            corrections=await self._corrections(shown),
            login=await self._login() if chooses else "",
            least_length=await self._least_length() if chooses else 0,
            after=after,
        )
        status = after.problem.status if after and after.problem else 200
        frame = self._answers.bare_frame(request, PATH)
        return self._answers.html(TEMPLATES[shown], frame, status=status, view=view)

    async def _corrections(self, shown: ActivationStep.ValueType) -> Sequence[Correction]:
        if shown != ActivationStep.ACTIVATION_STEP_CONFIRM_DATA:
            return ()
        reply = await unless_silent(self._identity.corrections.ListMyCorrections(ListMyCorrectionsRequest()))
        return reply.corrections if reply else ()

    async def _login(self) -> str:
        reply = await unless_silent(self._identity.accounts.GetMyAccount(GetMyAccountRequest()))
        return reply.login if reply else ""

    async def _least_length(self) -> int:
        reply = await unless_silent(self._identity.passwords.JudgePassword(JudgePasswordRequest()))
        return reply.least_length if reply else 0


def _can_be_done(step: ActivationStep.ValueType, activation: Activation) -> bool:
    if step == ActivationStep.ACTIVATION_STEP_GIVE_CONTACTS:
        return activation.next_step in BEFORE_CONFIRMED
    return step == activation.next_step
