"""Where one shows who one is."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from school.access.v1.policy_pb2 import Pending
from services.gateway.pages.answers import Answers, Endpoint
from services.gateway.pages.proving.second_factor import PATH, SecondFactorPages
from services.gateway.pages.proving.step_up import StepUpPages
from services.gateway.pages.routing import form, page


def proving_routes(answers: Answers) -> Sequence[BaseRoute]:
    """The step-up of whole sessions, and the second factor, which a session may still owe."""
    step_up, factor = StepUpPages(answers), SecondFactorPages(answers)
    whole = answers.signed_in

    def owing(shown: Endpoint) -> Endpoint:
        return answers.signed_in(shown, owing=(Pending.PENDING_SECOND_FACTOR,))

    return [
        Route("/step-up", whole(step_up.show), methods=["GET"]),
        Route("/step-up", whole(step_up.password), methods=["POST"]),
        form("/step-up/esia", whole(step_up.esia), answers, "/step-up"),
        page(PATH, owing(factor.show)),
        form(f"{PATH}/prove", owing(factor.prove), answers, PATH),
        form(f"{PATH}/start", owing(factor.start), answers, PATH),
        form(f"{PATH}/confirm", owing(factor.confirm), answers, PATH),
    ]
