"""`RemarksService` on the wire."""

from __future__ import annotations

from school.diary.v1 import remarks_pb2, remarks_pb2_grpc
from services.diary.remarks.usecases import Remarks
from services.kit.caller import caller
from services.kit.database import Transaction
from services.kit.rpc.around import Context
from services.kit.rpc.once import Once
from services.kit.rpc.parse import uuid_of


class RemarksRpc(remarks_pb2_grpc.RemarksServiceServicer):
    """Leaves remarks."""

    def __init__(self, remarks: Remarks, once: Once) -> None:
        self._remarks = remarks
        self._once = once

    async def LeaveRemark(
        self, request: remarks_pb2.LeaveRemarkRequest, context: Context
    ) -> remarks_pb2.LeaveRemarkResponse:
        """Leaves a remark about a pupil on a lesson."""
        lesson_id = uuid_of(request.lesson_id, "lesson_id")
        pupil_id = uuid_of(request.pupil_id, "pupil_id")

        async def act(tx: Transaction) -> remarks_pb2.LeaveRemarkResponse:
            left = await self._remarks.leave_remark(
                tx,
                teacher_id=caller().person_id,
                lesson_id=lesson_id,
                pupil_id=pupil_id,
                text=request.text,
            )
            remark = remarks_pb2.Remark(
                remark_id=str(left.remark_id),
                lesson_id=str(left.lesson_id),
                pupil_id=str(left.pupil_id),
                text=left.text,
            )
            return remarks_pb2.LeaveRemarkResponse(remark=remark)

        return await self._once(request, request.request_id, remarks_pb2.LeaveRemarkResponse, act)
