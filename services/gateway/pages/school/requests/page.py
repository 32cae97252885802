"""`/school/{school_id}/requests`: electronic requests, accepted for somebody registered or refused (R31)."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.account_requests_pb2 import (
    AcceptAccountRequestRequest,
    ListAccountRequestsRequest,
    RefuseAccountRequestRequest,
)
from services.gateway.pages.school.desk import Desk
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.pages.school.requests.view import DONE, request_views
from services.gateway.problems import Refused

TOLD_BESIDE: Final = frozenset({"UNKNOWN_REQUEST", "REQUEST_DECIDED", "REASON_NEEDED", "UNKNOWN_PERSON"})
NOBODY_CHOSEN: Final = "CANDIDATE_NEEDED"
"""The registrar pressed "accept" and chose nobody; the page itself says so."""


class RequestPages:
    """The queue, and the two answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What is not closed, the oldest first."""
        return await self._show(request, done=DONE.get(request.query_params.get("done", ""), ""))

    async def accept(self, request: Request) -> Response:
        """For the registered person who was chosen; the applicant is told to come."""
        school_id, request_id = self._ids(request)
        person_id = self._desk.field(request, "person_id")
        if not person_id:
            return await self._show(request, failure=Failure(request_id, NOBODY_CHOSEN), status=400)
        wish = AcceptAccountRequestRequest(
            school_id=school_id, account_request_id=request_id, person_id=person_id
        )
        try:
            await self._desk.services.identity.account_requests.AcceptAccountRequest(wish)
        except Refused as refused:
            return await self._told(request, request_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/requests?done=accepted#r-{request_id}")

    async def refuse(self, request: Request) -> Response:
        """With a reason, which the applicant reads."""
        school_id, request_id = self._ids(request)
        wish = RefuseAccountRequestRequest(
            school_id=school_id, account_request_id=request_id, reason=self._desk.field(request, "reason")
        )
        try:
            await self._desk.services.identity.account_requests.RefuseAccountRequest(wish)
        except Refused as refused:
            return await self._told(request, request_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/requests?done=refused")

    def _ids(self, request: Request) -> tuple[str, str]:
        return self._desk.id_in_path(request, "school_id"), self._desk.field(request, "account_request_id")

    async def _told(self, request: Request, request_id: str, refused: Refused) -> Response:
        if refused.reason not in TOLD_BESIDE:
            raise refused
        failure = Failure(request_id, refused.reason, self._desk.field(request, "reason"))
        return await self._show(request, failure=failure, status=refused.problem.status)

    async def _show(
        self, request: Request, *, done: str = "", failure: Failure = NO_FAILURE, status: int = 200
    ) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        wish = ListAccountRequestsRequest(
            school_id=school_id, page_token=request.query_params.get("page", "")[:500]
        )
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, f"/school/{school_id}/requests"),
            self._desk.services.identity.account_requests.ListAccountRequests(wish),
        )
        requests = request_views(
            reply.account_requests,
            school.url,
            school.zone,
            self._desk.answers.clock.now(),
            failure,
        )
        listed = any(each.request_id == failure.entry for each in requests)
        return self._desk.answers.html(
            "school/requests.html",
            frame,
            status=status,
            school=school,
            requests=requests,
            done=done,
            reason_above="" if listed else failure.reason,
            next_page_token=reply.next_page_token,
            today=self._desk.answers.clock.today(school.zone),
        )
