"""`CorrectionsService` on the wire."""

from __future__ import annotations

from school.identity.v1 import corrections_pb2, corrections_pb2_grpc
from services.identity.corrections.messages import correction_message, field_of
from services.identity.corrections.usecases import Corrections, Shown, Wish
from services.kit.caller import caller
from services.kit.paging import PageWish
from services.kit.rpc.around import Context
from services.kit.rpc.parse import uuid_of


class CorrectionsRpc(corrections_pb2_grpc.CorrectionsServiceServicer):
    """What is wrong in the register, and what the school says to it."""

    def __init__(self, corrections: Corrections) -> None:
        self._corrections = corrections

    async def RequestCorrection(
        self, request: corrections_pb2.RequestCorrectionRequest, context: Context
    ) -> corrections_pb2.RequestCorrectionResponse:
        """The correction, now with the school."""
        wish = Wish(field_of(request.field), request.right_value, request.comment)
        shown = await self._corrections.request(caller(), wish, request_id=request.request_id)
        return corrections_pb2.RequestCorrectionResponse(correction=_to_its_person(shown))

    async def ListMyCorrections(
        self, request: corrections_pb2.ListMyCorrectionsRequest, context: Context
    ) -> corrections_pb2.ListMyCorrectionsResponse:
        """The caller's corrections."""
        mine = await self._corrections.mine(caller())
        return corrections_pb2.ListMyCorrectionsResponse(
            corrections=[_to_its_person(shown) for shown in mine]
        )

    async def WithdrawCorrection(
        self, request: corrections_pb2.WithdrawCorrectionRequest, context: Context
    ) -> corrections_pb2.WithdrawCorrectionResponse:
        """The correction, taken back."""
        shown = await self._corrections.withdraw(caller(), uuid_of(request.correction_id, "correction_id"))
        return corrections_pb2.WithdrawCorrectionResponse(correction=_to_its_person(shown))

    async def ListSchoolCorrections(
        self, request: corrections_pb2.ListSchoolCorrectionsRequest, context: Context
    ) -> corrections_pb2.ListSchoolCorrectionsResponse:
        """A page of what waits at the school."""
        page = await self._corrections.at_school(
            caller(), uuid_of(request.school_id, "school_id"), PageWish.of(request)
        )
        return corrections_pb2.ListSchoolCorrectionsResponse(
            corrections=map(_to_the_school, page.rows), next_page_token=page.next_token
        )

    async def AcceptCorrection(
        self, request: corrections_pb2.AcceptCorrectionRequest, context: Context
    ) -> corrections_pb2.AcceptCorrectionResponse:
        """The correction, accepted."""
        shown = await self._corrections.accept(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.correction_id, "correction_id"),
            documents_seen=request.documents_seen,
        )
        return corrections_pb2.AcceptCorrectionResponse(correction=_to_the_school(shown))

    async def RefuseCorrection(
        self, request: corrections_pb2.RefuseCorrectionRequest, context: Context
    ) -> corrections_pb2.RefuseCorrectionResponse:
        """The correction, refused."""
        shown = await self._corrections.refuse(
            caller(),
            uuid_of(request.school_id, "school_id"),
            uuid_of(request.correction_id, "correction_id"),
            request.reason,
        )
        return corrections_pb2.RefuseCorrectionResponse(correction=_to_the_school(shown))


def _to_its_person(shown: Shown) -> corrections_pb2.Correction:
    return correction_message(shown.correction, shown.name, for_themselves=True)


def _to_the_school(shown: Shown) -> corrections_pb2.Correction:
    return correction_message(shown.correction, shown.name, for_themselves=False)
