"""Routes of pages and of their forms."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.pages.answers import Answers, Endpoint


def page(path: str, shown: Endpoint) -> Route:
    """A page to read."""
    return Route(path, shown, methods=["GET"])


def form(path: str, deed: Endpoint, answers: Answers, of: str) -> Route:
    """A form's target. Opened as a page (a reload, a saved address), it leads to the page of the form."""

    async def either(request: Request) -> Response:
        if request.method == "POST":
            return await deed(request)
        return answers.see_other(of.format(**request.path_params))

    return Route(path, either, methods=["GET", "POST"])
