"""Where the pages of activation are."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from school.access.v1.policy_pb2 import Pending
from services.gateway.pages.answers import Answers, Endpoint
from services.gateway.pages.onboarding.confirm_email import ConfirmEmailPages
from services.gateway.pages.onboarding.corrections import CorrectionPages
from services.gateway.pages.onboarding.forms import ActivationForms
from services.gateway.pages.onboarding.page import PATH, ActivationPages
from services.gateway.pages.routing import form, page


def activation_routes(answers: Answers) -> Sequence[BaseRoute]:
    """The steps of activation, corrections on the way, and the link of the e-mail."""
    pages = ActivationPages(answers)
    forms = ActivationForms(answers, pages)
    corrections = CorrectionPages(answers, PATH)
    email = ConfirmEmailPages(answers)

    def inside(shown: Endpoint) -> Endpoint:
        return answers.signed_in(shown, owing=(Pending.PENDING_ACTIVATION,))

    contacts, correction = f"{PATH}/contacts", f"{PATH}/correction"
    return [
        page(PATH, inside(pages.show)),
        form(f"{PATH}/data", inside(forms.data), answers, PATH),
        Route(contacts, inside(pages.contacts), methods=["GET"]),
        Route(contacts, inside(forms.contacts), methods=["POST"]),
        form(f"{PATH}/password", inside(forms.password), answers, PATH),
        form(f"{PATH}/codes", inside(forms.codes), answers, PATH),
        form(f"{PATH}/mobile", inside(forms.mobile), answers, PATH),
        form(f"{PATH}/finish", inside(forms.finish), answers, PATH),
        Route(correction, inside(corrections.show), methods=["GET"]),
        Route(correction, inside(corrections.send), methods=["POST"]),
        form(f"{correction}/withdraw", inside(corrections.withdraw), answers, PATH),
        page("/confirm-email", email.done),
        Route("/confirm-email/{token}", email.show, methods=["GET"]),
        Route("/confirm-email/{token}", email.confirm, methods=["POST"]),
    ]
