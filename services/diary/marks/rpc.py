"""`MarksService` on the wire."""

from __future__ import annotations

from school.diary.v1 import marks_pb2, marks_pb2_grpc
from services.diary.marks.rules import MarkOnLesson
from services.diary.marks.usecases import Marks
from services.kit.caller import caller
from services.kit.database import Transaction
from services.kit.rpc.around import Context
from services.kit.rpc.once import Once
from services.kit.rpc.parse import uuid_of


class MarksRpc(marks_pb2_grpc.MarksServiceServicer):
    """Sets, changes and removes marks."""

    def __init__(self, marks: Marks, once: Once) -> None:
        self._marks = marks
        self._once = once

    async def SetMark(self, request: marks_pb2.SetMarkRequest, context: Context) -> marks_pb2.SetMarkResponse:
        """Sets a pupil's mark on a lesson, or replaces it."""
        lesson_id = uuid_of(request.lesson_id, "lesson_id")
        pupil_id = uuid_of(request.pupil_id, "pupil_id")

        async def act(tx: Transaction) -> marks_pb2.SetMarkResponse:
            mark = await self._marks.set_mark(
                tx,
                teacher_id=caller().person_id,
                lesson_id=lesson_id,
                pupil_id=pupil_id,
                text=request.text,
                comment=request.comment,
                based_on=request.based_on_version,
            )
            return marks_pb2.SetMarkResponse(mark=_to_proto(mark))

        return await self._once(request, request.request_id, marks_pb2.SetMarkResponse, act)

    async def RemoveMark(
        self, request: marks_pb2.RemoveMarkRequest, context: Context
    ) -> marks_pb2.RemoveMarkResponse:
        """Removes a pupil's mark from a lesson."""
        lesson_id = uuid_of(request.lesson_id, "lesson_id")
        pupil_id = uuid_of(request.pupil_id, "pupil_id")

        async def act(tx: Transaction) -> marks_pb2.RemoveMarkResponse:
            mark = await self._marks.remove_mark(
                tx,
                teacher_id=caller().person_id,
                lesson_id=lesson_id,
                pupil_id=pupil_id,
                based_on=request.based_on_version,
                reason=request.reason,
            )
            return marks_pb2.RemoveMarkResponse(mark=_to_proto(mark))

        return await self._once(request, request.request_id, marks_pb2.RemoveMarkResponse, act)


def _to_proto(mark: MarkOnLesson) -> marks_pb2.MarkOnLesson:
    return marks_pb2.MarkOnLesson(
        lesson_id=str(mark.lesson_id),
        pupil_id=str(mark.pupil_id),
        text=mark.text,
        version=mark.version,
    )
