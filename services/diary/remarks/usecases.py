"""What teachers remark. The transaction is opened at the edge, one for each request."""

from __future__ import annotations

from uuid import UUID

from school.diary.v1.events_pb2 import RemarkLeft
from services.diary.remarks import storage
from services.diary.remarks.rules import MOST_TEXT, Remark
from services.diary.timetable.rules import Lesson
from services.diary.timetable.storage import lesson as find_lesson
from services.diary.timetable.storage import require_in_class
from services.diary.words import words_needed
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.ids import new_id


class Remarks:
    """What teachers tell a family beside the marks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def leave_remark(
        self, tx: Transaction, *, teacher_id: UUID, lesson_id: UUID, pupil_id: UUID, text: str
    ) -> Remark:
        """Leave a remark about a pupil on a lesson; also on one that is ahead ("bring your skis").

        Raises:
            NotTheirLesson: the teacher does not give the lesson, or there is none.
            NotInClass: the pupil was not in the class on the day of the lesson.
            TextTooLong: more than 500 characters.
            EmptyText: nothing but white space.
        """
        lesson = await find_lesson(tx.connection, teacher_id=teacher_id, lesson_id=lesson_id)
        lesson.require_taught_by(teacher_id)
        await require_in_class(tx.connection, lesson, pupil_id)
        remark = Remark(new_id(), lesson_id, pupil_id, words_needed(text, field="text", most=MOST_TEXT))
        await storage.add_remark(tx.connection, lesson, remark, by=teacher_id, at=self._clock.now())
        tx.audit(
            actor=str(teacher_id),
            action="leave_remark",
            object_kind="remark",
            object_id=str(remark.remark_id),
            subject=pupil_id,
        )
        tx.publish(_remark_left(lesson, remark), aggregate=remark.remark_id, version=1)
        return remark


def _remark_left(lesson: Lesson, remark: Remark) -> RemarkLeft:
    return RemarkLeft(
        remark_id=str(remark.remark_id),
        school_id=str(lesson.school_id),
        lesson_id=str(lesson.lesson_id),
        pupil_id=str(remark.pupil_id),
        subject_title=lesson.subject_title,
        lesson_date=lesson.day.isoformat(),
    )
