"""`/school/{school_id}/corrections`: the registrar decides, and the person is told."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.corrections_pb2 import (
    AcceptCorrectionRequest,
    ListSchoolCorrectionsRequest,
    RefuseCorrectionRequest,
)
from services.gateway.pages.school.corrections.view import DONE, correction_views
from services.gateway.pages.school.desk import Desk
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.problems import Refused

TOLD_ABOVE: Final = frozenset({"UNKNOWN_CORRECTION", "CORRECTION_DECIDED"})
"""Refusals after which the correction is no longer in the list."""
TOLD_BESIDE: Final = TOLD_ABOVE | {
    "SNILS_TAKEN",
    "STALE_CORRECTION",
    "REASON_NEEDED",
    "BAD_FIELD",
    "OWN_DATA",
}


class CorrectionPages:
    """The queue, and the two answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """What waits, the most urgent first."""
        draft = self._desk.answers.draft(request)
        # Whoever was asked for a proof had been told before that somebody else has the number.
        entry = next(iter(draft.get("correction_id", ())), "")
        failure = Failure(entry, "SNILS_TAKEN") if "documents_seen" in draft else NO_FAILURE
        done = DONE.get(request.query_params.get("done", ""), "")
        response = await self._show(request, done=done, failure=failure)
        if draft:
            self._desk.answers.forget_draft(response)
        return response

    async def accept(self, request: Request) -> Response:
        """The field changes."""
        school_id, correction_id = self._ids(request)
        try:
            await self._desk.services.identity.corrections.AcceptCorrection(
                AcceptCorrectionRequest(
                    school_id=school_id,
                    correction_id=correction_id,
                    documents_seen=bool(self._desk.field(request, "documents_seen")),
                )
            )
        except Refused as refused:
            return await self._told(request, correction_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/corrections?done=accepted")

    async def refuse(self, request: Request) -> Response:
        """With a reason, which the person reads."""
        school_id, correction_id = self._ids(request)
        wish = RefuseCorrectionRequest(
            school_id=school_id, correction_id=correction_id, reason=self._desk.field(request, "reason")
        )
        try:
            await self._desk.services.identity.corrections.RefuseCorrection(wish)
        except Refused as refused:
            return await self._told(request, correction_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/corrections?done=refused")

    def _ids(self, request: Request) -> tuple[str, str]:
        return self._desk.id_in_path(request, "school_id"), self._desk.field(request, "correction_id")

    async def _told(self, request: Request, correction_id: str, refused: Refused) -> Response:
        if refused.reason not in TOLD_BESIDE:
            raise refused
        failure = Failure(correction_id, refused.reason, self._desk.field(request, "reason"))
        return await self._show(request, failure=failure, status=refused.problem.status)

    async def _show(
        self, request: Request, *, done: str = "", failure: Failure = NO_FAILURE, status: int = 200
    ) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        wish = ListSchoolCorrectionsRequest(
            school_id=school_id, page_token=request.query_params.get("page", "")[:500]
        )
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, f"/school/{school_id}/corrections"),
            self._desk.services.identity.corrections.ListSchoolCorrections(wish),
        )
        corrections = correction_views(
            reply.corrections,
            school.zone,
            self._desk.answers.clock.now(),
            failure,
        )
        listed = any(each.correction_id == failure.entry for each in corrections)
        return self._desk.answers.html(
            "school/corrections.html",
            frame,
            status=status,
            school=school,
            corrections=corrections,
            done=done,
            reason_above="" if listed else failure.reason,
            next_page_token=reply.next_page_token,
            today=self._desk.answers.clock.today(school.zone),
        )
