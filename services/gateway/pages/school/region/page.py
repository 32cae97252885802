"""`/region`: the operator's own pages."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.access.v1.policy_pb2 import Role
from school.identity.v1.audit_pb2 import VerifyAuditRequest
from school.identity.v1.cases_pb2 import ListRegionCasesRequest
from school.identity.v1.school_watches_pb2 import CountSchoolWatchesRequest
from school.identity.v1.schools_pb2 import SearchSchoolsRequest
from school.notifications.v1.delivery_pb2 import ListDeliveriesRequest
from services.gateway.pages.answers import unless_silent
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.desk import REGION_SECTIONS, REGION_URL, Desk
from services.gateway.pages.school.overview.page import MOST_COUNTED
from services.gateway.pages.school.overview.view import Waiting, waiting_cases
from services.gateway.pages.school.region.view import (
    STATES,
    audit_view,
    delivery_tabs,
    delivery_views,
    school_lines,
)
from services.kit.errors import RoleNeeded

_FIRST: Final = next(iter(STATES))
_LONGEST_QUERY: Final = 100


class RegionOfficePages:
    """Schools, deliveries, the audit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What there is to look after, and the schools by part of their title."""
        if Role.ROLE_OPERATOR not in self._desk.roles(request):
            # Nothing here is secret, but it leads only to what an operator may open.
            raise RoleNeeded
        query = request.query_params.get("q", "").strip()[:_LONGEST_QUERY]
        frame, reply, waiting, cases = await asyncio.gather(
            self._desk.answers.frame(request),
            self._desk.services.identity.schools.SearchSchools(SearchSchoolsRequest(title=query)),
            self._desk.services.identity.school_watches.CountSchoolWatches(CountSchoolWatchesRequest()),
            self._waiting_cases(),
        )
        return self._desk.answers.html(
            "school/region.html",
            frame,
            school=None,
            region_sections=REGION_SECTIONS,
            query=query,
            schools=school_lines(reply.schools),
            more=reply.more,
            waiting=waiting.schools,
            cases=cases,
        )

    async def _waiting_cases(self) -> Waiting | None:
        """What the region has to settle; None while nobody answers."""
        wish = ListRegionCasesRequest(page_size=MOST_COUNTED)
        reply = await unless_silent(self._desk.services.identity.cases.ListRegionCases(wish))
        if reply is None:
            return None
        return waiting_cases(reply.cases, bool(reply.next_page_token), self._desk.answers.clock.now())

    async def deliveries(self, request: Request) -> Response:
        """Messages in a state, those that failed first."""
        state = request.query_params.get("state", _FIRST)
        state = state if state in STATES else _FIRST
        wish = ListDeliveriesRequest(
            state=STATES[state][0], page_token=request.query_params.get("page", "")[:500]
        )
        frame, reply = await asyncio.gather(
            self._desk.answers.frame(request),
            self._desk.services.notifications.delivery.ListDeliveries(wish),
        )
        zone = zone_of("")
        return self._desk.answers.html(
            "school/deliveries.html",
            frame,
            school=None,
            region_sections=REGION_SECTIONS,
            state=state,
            tabs=delivery_tabs(state, f"{REGION_URL}/deliveries"),
            deliveries=delivery_views(reply.deliveries, zone, frame.speech.keys),
            next_page_token=reply.next_page_token,
            today=self._desk.answers.clock.today(zone),
        )

    async def audit(self, request: Request) -> Response:
        """What the chain is, and the button that checks it."""
        if Role.ROLE_OPERATOR not in self._desk.roles(request):
            raise RoleNeeded
        frame = await self._desk.answers.frame(request)
        return self._desk.answers.html(
            "school/audit.html", frame, school=None, region_sections=REGION_SECTIONS, checked=None
        )

    async def verify(self, request: Request) -> Response:
        """Check every entry."""
        frame, reply = await asyncio.gather(
            self._desk.answers.frame(request, f"{REGION_URL}/audit"),
            self._desk.services.identity.audit.VerifyAudit(VerifyAuditRequest()),
        )
        now = self._desk.answers.clock.now().astimezone(zone_of(""))
        return self._desk.answers.html(
            "school/audit.html",
            frame,
            school=None,
            region_sections=REGION_SECTIONS,
            checked=audit_view(reply, now),
        )
