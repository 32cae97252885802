"""`JournalService` on the wire."""

from __future__ import annotations

from school.diary.v1 import journal_pb2, journal_pb2_grpc
from services.diary.journal.usecases import Journal
from services.diary.metadata import AnyRow
from services.kit.caller import caller
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_or_none, uuid_of


class JournalRpc(journal_pb2_grpc.JournalServiceServicer):
    """Reads the journal of a teacher."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def ListMyLessons(
        self, request: journal_pb2.ListMyLessonsRequest, context: Context
    ) -> journal_pb2.ListMyLessonsResponse:
        """The lessons the caller gives on a day."""
        taught = await self._journal.lessons(caller().person_id, date_or_none(request.date, "date"))
        return journal_pb2.ListMyLessonsResponse(
            date=taught.day.isoformat(),
            lessons=map(_lesson, taught.lessons),
            last_lessons_on=taught.last_lessons_on.isoformat() if taught.last_lessons_on else "",
        )

    async def GetLesson(
        self, request: journal_pb2.GetLessonRequest, context: Context
    ) -> journal_pb2.GetLessonResponse:
        """One lesson with the pupils of its class."""
        page = await self._journal.lesson(caller().person_id, uuid_of(request.lesson_id, "lesson_id"))
        return journal_pb2.GetLessonResponse(
            lesson=_lesson(page.lesson), rows=map(_row, page.pupils), scale=page.scale
        )


def _lesson(row: AnyRow) -> journal_pb2.TaughtLesson:
    return journal_pb2.TaughtLesson(
        lesson_id=str(row.lesson_id),
        date=row.date.isoformat(),
        number=row.number,
        starts_at=row.starts_at.isoformat("minutes"),
        ends_at=row.ends_at.isoformat("minutes"),
        subject_title=row.subject_title,
        class_title=row.class_title,
        school_title=row.school_title,
        room=row.room,
        topic=row.topic,
        homework=row.homework,
        homework_version=row.homework_version,
    )


def _row(row: AnyRow) -> journal_pb2.JournalRow:
    return journal_pb2.JournalRow(
        pupil_id=str(row.pupil_id),
        display_name=row.display_name,
        mark=row.mark,
        mark_version=row.mark_version,
        remarks=row.remarks,
    )
