"""`WeekService` on the wire."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

from school.diary.v1 import week_pb2, week_pb2_grpc
from services.diary.access.messages import trusted_with
from services.diary.week.storage import LessonRow
from services.diary.week.usecases import Week, Weeks
from services.kit.caller import caller
from services.kit.reader import Record
from services.kit.rpc.around import Context
from services.kit.rpc.parse import date_or_none, uuid_of


class WeekRpc(week_pb2_grpc.WeekServiceServicer):
    """Reads a pupil's diary."""

    def __init__(self, weeks: Weeks) -> None:
        self._weeks = weeks

    async def GetWeek(self, request: week_pb2.GetWeekRequest, context: Context) -> week_pb2.GetWeekResponse:
        """The school week that holds a date."""
        week = await self._weeks.week(
            caller().person_id,
            uuid_of(request.pupil_id, "pupil_id"),
            date_or_none(request.date, "date"),
        )
        return _to_proto(week)


def _to_proto(week: Week) -> week_pb2.GetWeekResponse:
    reply = week_pb2.GetWeekResponse(
        pupil=week_pb2.PupilInWeek(
            pupil_id=str(week.pupil_id),
            display_name=week.display_name,
            school_title=week.school_title,
            class_title=week.class_title,
            zone=week.zone,
        ),
        trusted_with=trusted_with(week.sight),
        last_lessons_on=week.last_lessons_on.isoformat() if week.last_lessons_on else "",
    )
    for day in week.days:
        page = reply.days.add(date=day.date.isoformat(), holiday=day.holiday)
        for row in day.lessons:
            _add_lesson(page, row, week.now)
    return reply


def _add_lesson(page: week_pb2.DayInWeek, row: Record | LessonRow, now: tuple[date, time]) -> None:
    # Taken apart once: reading a row by name costs more than the message it fills.
    lesson_id: UUID
    day: date
    starts_at: time
    ends_at: time
    (
        lesson_id,
        day,
        number,
        starts_at,
        ends_at,
        subject_title,
        room,
        teacher_name,
        topic,
        homework,
        work_type,
        mark,
        comment,
        version,
        remarks,
    ) = row
    lesson = page.lessons.add(
        lesson_id=str(lesson_id),
        number=number,
        starts_at=starts_at.isoformat("minutes"),
        ends_at=ends_at.isoformat("minutes"),
        subject_title=subject_title,
        room=room,
        teacher_name=teacher_name,
        topic=topic if (day, starts_at) <= now else "",
        homework=homework,
        remarks=remarks,
    )
    if mark is not None:
        lesson.marks.add(text=mark, work_type=work_type, comment=comment, version=version)
