"""`/schools`: is my school connected, and tell me when it is. Nobody signs in here (R28)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from school.identity.v1.school_watches_pb2 import (
    ConfirmSchoolWatchRequest,
    EndSchoolWatchRequest,
    WatchSchoolRequest,
)
from school.identity.v1.schools_pb2 import (
    GetSchoolRequest,
    ListedConnection,
    SchoolListing,
    SearchSchoolsRequest,
)
from services.gateway.pages.answers import Answers
from services.gateway.pages.routing import form, page
from services.gateway.pages.school.dates import date_shown
from services.gateway.pages.school.desk import canonical_id
from services.gateway.problems import Refused

SCHOOLS: Final = "/schools"
TOLD: Final = f"{SCHOOLS}/told"
_TOLD_BESIDE_FORM: Final = frozenset({"BAD_EMAIL", "TOO_MANY_ATTEMPTS"})
_LONGEST_QUERY: Final = 100
_LONGEST_EMAIL: Final = 254
_STATES: Final = {
    ListedConnection.LISTED_CONNECTION_CONNECTED: "connected",
    ListedConnection.LISTED_CONNECTION_PLANNED: "planned",
    ListedConnection.LISTED_CONNECTION_NOT_CONNECTED: "not_connected",
    ListedConnection.LISTED_CONNECTION_LEFT: "left",
}


@dataclass(frozen=True, slots=True)
class SchoolView:
    """A school, and whether it is connected."""

    title: str
    url: str
    state: str
    """``connected``, ``planned``, ``not_connected`` or ``left``."""
    from_day: str
    """DD.MM.YYYY; empty when no day is set."""


def school_view(school: SchoolListing) -> SchoolView:
    """A school as the pages show it; one of which nothing is said is connected."""
    state = _STATES.get(school.connection, "connected")
    from_day = date_shown(school.connects_on) if school.connects_on else ""
    return SchoolView(school.title, f"{SCHOOLS}/{school.school_id}", state, from_day)


def school_views(schools: Iterable[SchoolListing]) -> tuple[SchoolView, ...]:
    """The schools of a reply."""
    return tuple(school_view(each) for each in schools)


class ConnectionPages:
    """The search, a school, and the link of the letter."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._services = answers.door.services.identity

    async def search(self, request: Request) -> Response:
        """Schools by part of their title."""
        query = request.query_params.get("q", "").strip()[:_LONGEST_QUERY]
        reply = await self._services.schools.SearchSchools(SearchSchoolsRequest(title=query))
        return self._answers.html(
            "schools.html",
            self._answers.bare_frame(request),
            query=query,
            schools=school_views(reply.schools),
            more=reply.more,
        )

    async def show(self, request: Request) -> Response:
        """How it stands with a school, and what to do."""
        return await self._school(request, asked="asked" in request.query_params)

    async def tell(self, request: Request) -> Response:
        """Have a letter sent that confirms the address."""
        school_id = canonical_id(request.path_params["school_id"])
        typed = self._answers.door.sessions.form(request).get("email", "")
        email = str(typed).strip()[: _LONGEST_EMAIL + 1]
        try:
            await self._services.school_watches.WatchSchool(
                WatchSchoolRequest(school_id=school_id, email=email)
            )
        except Refused as refused:
            if refused.reason not in _TOLD_BESIDE_FORM:
                raise
            return await self._school(request, refused=refused, email=email)
        return self._answers.see_other(f"{SCHOOLS}/{school_id}?asked")

    async def link(self, request: Request) -> Response:
        """The buttons behind a letter's link. Asks no service: machines open links as well (A25)."""
        return self._told(request, token=request.path_params["token"])

    async def confirm(self, request: Request) -> Response:
        """Have the address wait."""
        token = request.path_params["token"]
        try:
            reply = await self._services.school_watches.ConfirmSchoolWatch(
                ConfirmSchoolWatchRequest(token=token)
            )
        except Refused as refused:
            if refused.reason != "LINK_UNKNOWN":
                raise
            return self._told(request, gone=True, status=refused.problem.status)
        return self._told(request, token=token, school=reply.school_title)

    async def stop(self, request: Request) -> Response:
        """Have the address forgotten."""
        await self._services.school_watches.EndSchoolWatch(
            EndSchoolWatchRequest(token=request.path_params["token"])
        )
        return self._told(request, stopped=True)

    async def _school(
        self, request: Request, *, asked: bool = False, refused: Refused | None = None, email: str = ""
    ) -> Response:
        school_id = canonical_id(request.path_params["school_id"])
        reply = await self._services.schools.GetSchool(GetSchoolRequest(school_id=school_id))
        return self._answers.html(
            "school_connection.html",
            self._answers.bare_frame(request, f"{SCHOOLS}/{school_id}"),
            status=refused.problem.status if refused else 200,
            school=school_view(reply.school),
            asked=asked,
            refusal=refused.reason if refused else "",
            email=email,
        )

    def _told(
        self,
        request: Request,
        *,
        token: str = "",
        school: str = "",
        stopped: bool = False,
        gone: bool = False,
        status: int = 200,
    ) -> Response:
        # The token stays out of the frame: its links would carry it on.
        return self._answers.html(
            "school_told.html",
            self._answers.bare_frame(request, SCHOOLS),
            status=status,
            token=token,
            school=school,
            stopped=stopped,
            gone=gone,
        )


def connection_routes(answers: Answers) -> list[Route]:
    """Every route of these pages."""
    pages = ConnectionPages(answers)
    return [
        page(SCHOOLS, pages.search),
        page(f"{SCHOOLS}/{{school_id}}", pages.show),
        form(f"{SCHOOLS}/{{school_id}}/tell", pages.tell, answers, f"{SCHOOLS}/{{school_id}}"),
        page(f"{TOLD}/{{token}}", pages.link),
        form(f"{TOLD}/{{token}}/confirm", pages.confirm, answers, f"{TOLD}/{{token}}"),
        form(f"{TOLD}/{{token}}/stop", pages.stop, answers, f"{TOLD}/{{token}}"),
    ]
