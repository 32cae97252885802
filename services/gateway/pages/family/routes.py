"""The addresses of a family's pages."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.gateway.pages.answers import Answers
from services.gateway.pages.family.esia import EsiaChildrenPages
from services.gateway.pages.family.page import ADD, HOME, FamilyPages
from services.gateway.pages.routing import form, page


def family_routes(answers: Answers) -> Sequence[BaseRoute]:
    """Every page under ``/family``."""
    family, esia, inside = FamilyPages(answers), EsiaChildrenPages(answers), answers.signed_in
    return [
        page(HOME, inside(family.show)),
        page(ADD, inside(family.ask)),
        Route(ADD, inside(family.add), methods=["POST"]),
        form(f"{HOME}/esia/start", inside(esia.start), answers, HOME),
        page(f"{HOME}/esia", inside(esia.callback)),
        form(f"{HOME}/{{pupil_id}}/rename", inside(family.rename), answers, HOME),
    ]
