"""What teachers do with marks. The transaction is opened at the edge, one for each request."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from school.diary.v1.events_pb2 import MarkRemoved, MarkSet
from services.diary.marks import storage
from services.diary.marks.rules import MOST_COMMENT, MOST_REASON, Mark, MarkOnLesson, scale_of
from services.diary.timetable.rules import Lesson
from services.diary.timetable.storage import lesson as find_lesson
from services.diary.timetable.storage import require_in_class
from services.diary.words import words
from services.kit.clock import Clock
from services.kit.database import Transaction


class Marks:
    """One method per thing a teacher does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def set_mark(
        self,
        tx: Transaction,
        *,
        teacher_id: UUID,
        lesson_id: UUID,
        pupil_id: UUID,
        text: str,
        comment: str,
        based_on: int,
    ) -> MarkOnLesson:
        """Set a mark or replace it; the same mark with the same comment changes nothing.

        Raises:
            NotTheirLesson: the teacher does not give the lesson, or there is none.
            LessonAhead: the lesson is on a later day in the school's zone.
            NotInClass: the pupil was not in the class on the day of the lesson.
            UnknownMark: the school's scale has no such mark, or the class has no marks at all.
            TextTooLong: the comment is longer than 500 characters.
            StaleMark: the mark has moved on since version ``based_on``.
        """
        lesson = await self._open_page(tx, teacher_id, lesson_id, pupil_id)
        mark = Mark.parse(text, scale_of(lesson.mark_scale, grade=lesson.grade))
        comment = words(comment, field="comment", most=MOST_COMMENT)
        before = await storage.mark_for_update(tx.connection, lesson, pupil_id)
        after = before.replaced_by(mark, comment=comment, based_on=based_on)
        if after != before:
            now = await self._save(tx, lesson, after, by=teacher_id, action="set_mark", why="")
            event = _mark_set(lesson, before, after, now)
            tx.publish(event, aggregate=after.mark_id, version=after.version)
        return after

    async def remove_mark(
        self,
        tx: Transaction,
        *,
        teacher_id: UUID,
        lesson_id: UUID,
        pupil_id: UUID,
        based_on: int,
        reason: str,
    ) -> MarkOnLesson:
        """Empty the cell; its history stays.

        Raises:
            NotTheirLesson: the teacher does not give the lesson, or there is none.
            LessonAhead: the lesson is on a later day in the school's zone.
            NotInClass: the pupil was not in the class on the day of the lesson.
            TextTooLong: the reason is longer than 500 characters.
            NoMark: there is none to remove.
            StaleMark: the mark has moved on since version ``based_on``.
        """
        lesson = await self._open_page(tx, teacher_id, lesson_id, pupil_id)
        why = words(reason, field="reason", most=MOST_REASON)
        before = await storage.mark_for_update(tx.connection, lesson, pupil_id)
        after = before.removed(based_on=based_on)
        now = await self._save(tx, lesson, after, by=teacher_id, action="remove_mark", why=why)
        event = _mark_removed(lesson, before, after, now)
        tx.publish(event, aggregate=after.mark_id, version=after.version)
        return after

    async def _open_page(self, tx: Transaction, teacher_id: UUID, lesson_id: UUID, pupil_id: UUID) -> Lesson:
        lesson = await find_lesson(tx.connection, teacher_id=teacher_id, lesson_id=lesson_id)
        lesson.require_taught_by(teacher_id)
        lesson.require_come(self._clock.today(lesson.zone))
        await require_in_class(tx.connection, lesson, pupil_id)
        return lesson

    async def _save(
        self, tx: Transaction, lesson: Lesson, mark: MarkOnLesson, *, by: UUID, action: str, why: str
    ) -> datetime:
        now = self._clock.now()
        await storage.save_mark(tx.connection, lesson, mark, by=by, at=now, why=why)
        tx.audit(
            actor=str(by),
            action=action,
            object_kind="mark",
            object_id=str(mark.mark_id),
            why=why or None,
            subject=mark.pupil_id,
        )
        return now


def _mark_set(lesson: Lesson, before: MarkOnLesson, after: MarkOnLesson, at: datetime) -> MarkSet:
    event = MarkSet(
        mark_id=str(after.mark_id),
        school_id=str(lesson.school_id),
        lesson_id=str(lesson.lesson_id),
        pupil_id=str(after.pupil_id),
        subject_title=lesson.subject_title,
        lesson_date=lesson.day.isoformat(),
        text=after.text,
        previous_text=before.text,
        version=after.version,
    )
    event.set_at.FromDatetime(at)
    return event


def _mark_removed(lesson: Lesson, before: MarkOnLesson, after: MarkOnLesson, at: datetime) -> MarkRemoved:
    event = MarkRemoved(
        mark_id=str(after.mark_id),
        school_id=str(lesson.school_id),
        lesson_id=str(lesson.lesson_id),
        pupil_id=str(after.pupil_id),
        subject_title=lesson.subject_title,
        lesson_date=lesson.day.isoformat(),
        previous_text=before.text,
        version=after.version,
    )
    event.removed_at.FromDatetime(at)
    return event
