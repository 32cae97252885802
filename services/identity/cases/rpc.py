"""`CasesService` on the wire."""

from __future__ import annotations

from school.identity.v1 import cases_pb2, cases_pb2_grpc
from services.identity.cases.messages import (
    case_message,
    kind_number,
    resolution_number,
    resolution_of,
    seen_message,
    state_number,
)
from services.identity.cases.usecases.asking import Asking
from services.identity.cases.usecases.office import CaseOffice, Decision
from services.identity.contacts.rules import Email
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class CasesRpc(cases_pb2_grpc.CasesServiceServicer):
    """What offices settle, and what refused persons ask them."""

    def __init__(self, office: CaseOffice, asking: Asking) -> None:
        self._office = office
        self._asking = asking

    async def ListSchoolCases(
        self, request: cases_pb2.ListSchoolCasesRequest, context: Context
    ) -> cases_pb2.ListSchoolCasesResponse:
        """A page of a school's queue."""
        page = await self._office.at_school(
            caller(), uuid_of(request.school_id, "school_id"), PageWish.of(request)
        )
        return cases_pb2.ListSchoolCasesResponse(
            cases=map(seen_message, page.rows), next_page_token=page.next_token
        )

    async def ListRegionCases(
        self, request: cases_pb2.ListRegionCasesRequest, context: Context
    ) -> cases_pb2.ListRegionCasesResponse:
        """A page of the region's queue."""
        page = await self._office.in_region(caller(), PageWish.of(request))
        return cases_pb2.ListRegionCasesResponse(
            cases=map(seen_message, page.rows), next_page_token=page.next_token
        )

    async def GetCase(self, request: cases_pb2.GetCaseRequest, context: Context) -> cases_pb2.GetCaseResponse:
        """The case."""
        seen = await self._office.one(caller(), uuid_of(request.case_id, "case_id"))
        return cases_pb2.GetCaseResponse(case=seen_message(seen))

    async def ResolveCase(
        self, request: cases_pb2.ResolveCaseRequest, context: Context
    ) -> cases_pb2.ResolveCaseResponse:
        """The case, settled."""
        decision = Decision(
            resolution_of(request.resolution),
            request.reason,
            uuid_of(request.person_id, "person_id") if request.person_id else None,
        )
        seen = await self._office.resolve(caller(), uuid_of(request.case_id, "case_id"), decision)
        return cases_pb2.ResolveCaseResponse(case=seen_message(seen))

    async def AskToCompare(
        self, request: cases_pb2.AskToCompareRequest, context: Context
    ) -> cases_pb2.AskToCompareResponse:
        """The code by which the person follows it."""
        email = Email.parse(request.email) if request.email.strip() else None
        asked = await self._asking.ask(request.browser_key, email)
        reply = cases_pb2.AskToCompareResponse(tracking_code=asked.tracking_code)
        reply.due_at.FromDatetime(asked.due_at)
        return reply

    async def TrackCase(
        self, request: cases_pb2.TrackCaseRequest, context: Context
    ) -> cases_pb2.TrackCaseResponse:
        """How it stands."""
        case = await self._asking.track(request.tracking_code)
        reply = cases_pb2.TrackCaseResponse(
            kind=kind_number(case),
            state=state_number(case.state),
            resolution=resolution_number(case.resolution),
            reason=case.reason,
        )
        reply.due_at.FromDatetime(case.due_at)
        if case.closed_at is not None:
            reply.closed_at.FromDatetime(case.closed_at)
        return reply

    async def ListMyCases(
        self, request: cases_pb2.ListMyCasesRequest, context: Context
    ) -> cases_pb2.ListMyCasesResponse:
        """The caller's cases."""
        return cases_pb2.ListMyCasesResponse(
            cases=[case_message(case) for case in await self._office.mine(caller())]
        )
