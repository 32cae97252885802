"""`HomeworkService` on the wire."""

from __future__ import annotations

from school.diary.v1 import homework_pb2, homework_pb2_grpc
from services.diary.homework.usecases import HomeworkBook
from services.kit.caller import caller
from services.kit.database import Transaction
from services.kit.rpc.around import Context
from services.kit.rpc.once import Once
from services.kit.rpc.parse import uuid_of


class HomeworkRpc(homework_pb2_grpc.HomeworkServiceServicer):
    """Sets homework."""

    def __init__(self, homework: HomeworkBook, once: Once) -> None:
        self._homework = homework
        self._once = once

    async def SetHomework(
        self, request: homework_pb2.SetHomeworkRequest, context: Context
    ) -> homework_pb2.SetHomeworkResponse:
        """Sets what is to be done for a lesson, or replaces it."""
        lesson_id = uuid_of(request.lesson_id, "lesson_id")

        async def act(tx: Transaction) -> homework_pb2.SetHomeworkResponse:
            after = await self._homework.set_homework(
                tx,
                teacher_id=caller().person_id,
                lesson_id=lesson_id,
                text=request.text,
                based_on=request.based_on_version,
            )
            homework = homework_pb2.Homework(
                lesson_id=str(after.lesson_id), text=after.text, version=after.version
            )
            return homework_pb2.SetHomeworkResponse(homework=homework)

        return await self._once(request, request.request_id, homework_pb2.SetHomeworkResponse, act)
