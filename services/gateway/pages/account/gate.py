"""Before a form whose deed asks for a recent proof: the proof first, so that nobody types in vain."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.pages.answers import Answers, Endpoint
from services.kit.rpc.policy import RECENT

# What is left of the five minutes must be enough to fill in a form.
_ENOUGH: Final = timedelta(minutes=2)


def is_fresh(answers: Answers, request: Request) -> bool:
    """Whether the visitor has shown who they are lately enough to begin a dangerous change."""
    visitor = answers.visitor(request)
    return visitor is not None and answers.clock.now() - visitor.caller.authenticated_at < RECENT - _ENOUGH


def proven(answers: Answers, page: Endpoint) -> Endpoint:
    """Lead to the proof whoever opens ``page`` without a fresh one; they come back to it."""

    async def guarded(request: Request) -> Response:
        if request.method in {"GET", "HEAD"} and not is_fresh(answers, request):
            return answers.see_other(f"/step-up?back={quote(request.url.path, safe='')}")
        return await page(request)

    return guarded
