"""`/school/{school_id}/cases` and `/region/cases`: what ESIA and the register disagree in, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.cases_pb2 import (
    Case,
    CaseResolution,
    ListRegionCasesRequest,
    ListSchoolCasesRequest,
    ResolveCaseRequest,
)
from services.gateway.pages.frame import Frame
from services.gateway.pages.language import zone_of
from services.gateway.pages.school.cases.view import DONE, case_views
from services.gateway.pages.school.desk import REGION_SECTIONS, REGION_URL, Desk, SchoolView
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.problems import Refused

TOLD: Final = frozenset(
    {
        "UNKNOWN_CASE",
        "CASE_CLOSED",
        "RESOLUTION_UNFIT",
        "REASON_NEEDED",
        "UNKNOWN_PERSON",
        "OWN_DATA",
        "OTHER_SCHOOL_DECIDES",
        "SNILS_TAKEN",
        "BAD_FIELD",
        "NOT_BOUND",
        "EMPLOYEE_ACCOUNT",
        "OWN_CREDENTIALS",
    }
)
"""Refusals that are told beside the case, or above the list once it is not there any more."""


@dataclass(frozen=True, slots=True)
class _Queue:
    """A page of the queue, with what surrounds it."""

    frame: Frame
    school: SchoolView | None
    """None: the region's."""
    cases: Sequence[Case]
    next_page_token: str


class CasePages:
    """The queue, and its answers; of a school, or of the whole region."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What waits, the oldest first."""
        return await self._show(request, done=DONE.get(request.query_params.get("done", ""), ""))

    async def accept(self, request: Request) -> Response:
        """The register takes over what ESIA says."""
        return await self._resolve(request, CaseResolution.CASE_RESOLUTION_ACCEPT_ESIA, "accepted")

    async def keep(self, request: Request) -> Response:
        """The register stays, with a reason, which the person reads."""
        return await self._resolve(request, CaseResolution.CASE_RESOLUTION_KEEP_REGISTER, "kept")

    async def unbind(self, request: Request) -> Response:
        """The bound profile opens the account no more."""
        return await self._resolve(request, CaseResolution.CASE_RESOLUTION_UNBIND, "unbound")

    async def number(self, request: Request) -> Response:
        """One of several keeps the SNILS."""
        return await self._resolve(request, CaseResolution.CASE_RESOLUTION_KEEPS_SNILS, "number")

    async def _resolve(self, request: Request, resolution: CaseResolution.ValueType, done: str) -> Response:
        case_id = self._desk.field(request, "case_id")
        wish = ResolveCaseRequest(
            case_id=case_id,
            resolution=resolution,
            reason=self._desk.field(request, "reason"),
            person_id=self._desk.field(request, "person_id"),
        )
        try:
            await self._desk.services.identity.cases.ResolveCase(wish)
        except Refused as refused:
            if refused.reason not in TOLD:
                raise
            failure = Failure(case_id, refused.reason, self._desk.field(request, "reason"))
            return await self._show(request, failure=failure, status=refused.problem.status)
        return self._desk.answers.see_other(f"{self._url(request)}?done={done}")

    async def _show(
        self, request: Request, *, done: str = "", failure: Failure = NO_FAILURE, status: int = 200
    ) -> Response:
        queue = await self._queue(request)
        zone = queue.school.zone if queue.school else zone_of("")
        cases = case_views(queue.cases, zone, self._desk.answers.clock.now(), failure)
        listed = any(each.case_id == failure.entry for each in cases)
        return self._desk.answers.html(
            "school/cases.html",
            queue.frame,
            status=status,
            school=queue.school,
            region_sections=REGION_SECTIONS,
            url=self._url(request),
            cases=cases,
            done=done,
            reason_above="" if listed else failure.reason,
            next_page_token=queue.next_page_token,
            today=self._desk.answers.clock.today(zone),
        )

    async def _queue(self, request: Request) -> _Queue:
        token, url = request.query_params.get("page", "")[:500], self._url(request)
        if "school_id" not in request.path_params:
            frame, of_region = await asyncio.gather(
                self._desk.answers.frame(request, url),
                self._desk.services.identity.cases.ListRegionCases(ListRegionCasesRequest(page_token=token)),
            )
            return _Queue(frame, None, of_region.cases, of_region.next_page_token)
        wish = ListSchoolCasesRequest(school_id=self._desk.id_in_path(request, "school_id"), page_token=token)
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, url), self._desk.services.identity.cases.ListSchoolCases(wish)
        )
        return _Queue(frame, school, reply.cases, reply.next_page_token)

    def _url(self, request: Request) -> str:
        if "school_id" in request.path_params:
            return f"/school/{self._desk.id_in_path(request, 'school_id')}/cases"
        return f"{REGION_URL}/cases"
