"""Leaving a remark."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from school.diary.v1.events_pb2 import RemarkLeft
from services.diary import tables
from services.kit.tables import audit, outbox
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.school import School


async def test_a_remark_is_kept_told_and_audited(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    remark = await calls.teacher(school.teacher_id).remark(lesson, pupil, " Забыл тетрадь\n")

    [row] = await school.rows(tables.remarks, lesson_id=lesson)
    assert (str(row.remark_id), row.text, row.left_by) == (
        remark.remark_id,
        "Забыл тетрадь",
        school.teacher_id,
    )
    [event] = await school.rows(outbox, aggregate_id=row.remark_id)
    assert RemarkLeft.FromString(event.payload).pupil_id == str(pupil)
    assert "Забыл".encode() not in event.payload
    assert len(await school.rows(audit, object_id=remark.remark_id, action="leave_remark")) == 1


async def test_an_empty_remark_is_refused(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("EMPTY_TEXT"):
        await calls.teacher(school.teacher_id).remark(lesson, pupil, " \n\x00")


async def test_more_than_500_characters_are_too_long(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("TEXT_TOO_LONG"):
        await calls.teacher(school.teacher_id).remark(lesson, pupil, "я" * 501)


async def test_only_about_a_pupil_of_the_class_on_that_day(school: School, calls: Calls) -> None:
    lesson, gone = await school.lesson(), await school.pupil(until_on=date(2025, 10, 14))

    with refused("NOT_IN_CLASS"):
        await calls.teacher(school.teacher_id).remark(lesson, gone, "Шумел")


async def test_only_on_the_own_lesson(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("NOT_THEIR_LESSON"):
        await calls.teacher(uuid4()).remark(lesson, pupil, "Шумел")


async def test_a_repeated_request_leaves_one_remark(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    first = await teacher.remark(lesson, pupil, "Шумел", request_id="the-same")

    assert await teacher.remark(lesson, pupil, "Шумел", request_id="the-same") == first
    assert len(await school.rows(tables.remarks, lesson_id=lesson)) == 1
