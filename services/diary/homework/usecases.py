"""What teachers do with homework. The transaction is opened at the edge, one for each request."""

from __future__ import annotations

from uuid import UUID

from school.diary.v1.events_pb2 import HomeworkSet
from services.diary.homework import storage
from services.diary.homework.rules import MOST_TEXT, Homework
from services.diary.timetable.rules import Lesson
from services.diary.timetable.storage import lesson as find_lesson
from services.diary.words import words
from services.kit.clock import Clock
from services.kit.database import Transaction


class HomeworkBook:
    """What is to be done for lessons."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def set_homework(
        self, tx: Transaction, *, teacher_id: UUID, lesson_id: UUID, text: str, based_on: int
    ) -> Homework:
        """Set what is to be done for a lesson, or replace it; an empty text takes it back.

        Raises:
            NotTheirLesson: the teacher does not give the lesson, or there is none.
            TextTooLong: more than 2000 characters.
            StaleHomework: it has moved on since version ``based_on``.
        """
        lesson = await find_lesson(tx.connection, teacher_id=teacher_id, lesson_id=lesson_id)
        lesson.require_taught_by(teacher_id)
        text = words(text, field="text", most=MOST_TEXT)
        before = await storage.homework_for_update(tx.connection, lesson)
        after = before.replaced_by(text, based_on=based_on)
        if after != before:
            await storage.save_homework(tx.connection, lesson, after, by=teacher_id, at=self._clock.now())
            tx.audit(
                actor=str(teacher_id),
                action="set_homework",
                object_kind="lesson",
                object_id=str(lesson_id),
            )
            tx.publish(_homework_set(lesson, after), aggregate=lesson_id, version=after.version)
        return after


def _homework_set(lesson: Lesson, after: Homework) -> HomeworkSet:
    return HomeworkSet(
        lesson_id=str(lesson.lesson_id),
        school_id=str(lesson.school_id),
        class_id=str(lesson.class_id),
        subject_title=lesson.subject_title,
        lesson_date=lesson.day.isoformat(),
        text=after.text,
        version=after.version,
    )
