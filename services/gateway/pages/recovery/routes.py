"""Where the pages of recovery are."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.gateway.pages.answers import Answers
from services.gateway.pages.recovery.page import START, RecoveryPages
from services.gateway.pages.routing import form, page


def recovery_routes(answers: Answers) -> Sequence[BaseRoute]:
    """Open to everybody: who forgot the password is not signed in."""
    pages = RecoveryPages(answers)
    return [
        Route(START, pages.show, methods=["GET"]),
        Route(START, pages.start, methods=["POST"]),
        page(f"{START}/sent", pages.sent),
        form(f"{START}/code", pages.by_code, answers, START),
        Route("/recover/{token}", pages.link, methods=["GET"]),
        Route("/recover/{token}", pages.by_link, methods=["POST"]),
    ]
