"""What the machine side of the gateway gives to the pages, and what it asks of them.

The pages live in `services.gateway.pages`; `services.gateway.pages.site.build` returns a `Site`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.gateway.calls import Services
from services.gateway.problems import Problem
from services.gateway.sessions import Sessions


@dataclass(frozen=True, slots=True)
class PageDoor:
    """What a page may use."""

    services: Services
    """Typed calls: ``await door.services.diary.week.GetWeek(request)``; raises `problems.Refused`."""
    sessions: Sessions
    """Who is signed in, cookies, tokens and fields of forms."""
    public_base_url: str
    """The address of this diary as people see it, without a slash at the end."""
    region: str
    """The code of the region that this mesh serves."""
    sign_in_origins: Sequence[str] = ()
    """ESIA's origins; empty for any https host."""


class Site(Protocol):
    """The pages, as the door sees them."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Starlette routes of every page, and of what pages load (styles, scripts) from this very host."""
        ...

    def title(self, reason: str, accept_language: str) -> str | None:
        """The sentence for a machine reason, in the language that suits the header ``Accept-Language``.

        None when the catalogue has none: the reader then gets the English title that the error carries.
        """
        ...

    async def problem(self, request: Request, problem: Problem) -> Response:
        """The page that tells a person what went wrong; the door sets status and headers of the problem."""
        ...
