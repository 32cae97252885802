"""`/school/{school_id}/families`: children whom ESIA named, waiting for the registrar's word."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from school.identity.v1.esia_children_pb2 import (
    AcceptProposalRequest,
    ListSchoolProposalsRequest,
    RefuseProposalRequest,
)
from services.gateway.pages.names import full_name
from services.gateway.pages.school.dates import moment
from services.gateway.pages.school.desk import Desk
from services.gateway.pages.school.failure import NO_FAILURE, Failure
from services.gateway.problems import Refused

TOLD: Final = frozenset(
    {
        "UNKNOWN_PROPOSAL",
        "PROPOSAL_DECIDED",
        "OWN_FAMILY",
        "RELATION_EXISTS",
        "PUPIL_OF_AGE",
        "COURT_FORBIDS",
        "PUPIL_LEFT",
        "WHY_NEEDED",
    }
)
DONE: Final = {"accepted": "kin.done.registered", "refused": "kin.done.refused"}


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A guardian and a pupil, as ESIA has them together."""

    proposal_id: str
    guardian: str
    guardian_id: str
    pupil: str
    pupil_id: str
    since: datetime
    failure: Failure


class QueuePages:
    """The queue, and the two answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._children = desk.services.identity.esia_children

    async def show(self, request: Request) -> Response:
        """What waits, the oldest first."""
        return await self._show(request, done=DONE.get(request.query_params.get("done", ""), ""))

    async def accept(self, request: Request) -> Response:
        """The guardian stands for the pupil."""
        school_id, proposal_id = self._ids(request)
        wish = AcceptProposalRequest(school_id=school_id, proposal_id=proposal_id)
        try:
            await self._children.AcceptProposal(wish)
        except Refused as refused:
            return await self._told(request, proposal_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/families?done=accepted")

    async def refuse(self, request: Request) -> Response:
        """With a reason, which the guardian reads."""
        school_id, proposal_id = self._ids(request)
        wish = RefuseProposalRequest(
            school_id=school_id, proposal_id=proposal_id, reason=self._desk.field(request, "reason")
        )
        try:
            await self._children.RefuseProposal(wish)
        except Refused as refused:
            return await self._told(request, proposal_id, refused)
        return self._desk.answers.see_other(f"/school/{school_id}/families?done=refused")

    def _ids(self, request: Request) -> tuple[str, str]:
        return self._desk.id_in_path(request, "school_id"), self._desk.field(request, "proposal_id")

    async def _told(self, request: Request, proposal_id: str, refused: Refused) -> Response:
        if refused.reason not in TOLD:
            raise refused
        failure = Failure(proposal_id, refused.reason, self._desk.field(request, "reason"))
        return await self._show(request, failure=failure, status=refused.problem.status)

    async def _show(
        self, request: Request, *, done: str = "", failure: Failure = NO_FAILURE, status: int = 200
    ) -> Response:
        school_id = self._desk.id_in_path(request, "school_id")
        (frame, school), reply = await asyncio.gather(
            self._desk.open(request, f"/school/{school_id}/families"),
            self._children.ListSchoolProposals(ListSchoolProposalsRequest(school_id=school_id)),
        )
        proposals = tuple(
            ProposalView(
                each.proposal_id,
                full_name(each.guardian_name),
                each.guardian_id,
                full_name(each.pupil_name),
                each.pupil_id,
                moment(each.proposed_at, school.zone),
                failure.at(each.proposal_id),
            )
            for each in reply.proposals
        )
        listed = any(each.proposal_id == failure.entry for each in proposals)
        return self._desk.answers.html(
            "school/family_queue.html",
            frame,
            status=status,
            school=school,
            proposals=proposals,
            done=done,
            reason_above="" if listed else failure.reason,
            today=self._desk.answers.clock.today(school.zone),
        )
