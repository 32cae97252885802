"""Setting, changing and taking back homework."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import grpc

from school.diary.v1.events_pb2 import HomeworkSet
from services.kit.tables import audit, outbox
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.school import School


async def test_homework_is_set_changed_and_taken_back(school: School, calls: Calls) -> None:
    lesson = await school.lesson(date(2025, 10, 17))
    teacher = calls.teacher(school.teacher_id)

    first = await teacher.set_homework(lesson, "№ 5")
    second = await teacher.set_homework(lesson, "№ 6", based_on=1)
    third = await teacher.set_homework(lesson, "  ", based_on=2)

    assert [(one.text, one.version) for one in (first, second, third)] == [("№ 5", 1), ("№ 6", 2), ("", 3)]
    events = await school.rows(outbox, aggregate_id=lesson)
    assert [HomeworkSet.FromString(row.payload).text for row in events] == ["№ 5", "№ 6", ""]
    told = HomeworkSet.FromString(events[0].payload)
    assert (told.class_id, told.lesson_date) == (str(school.class_id), "2025-10-17")
    assert len(await school.rows(audit, object_id=str(lesson), action="set_homework")) == 3


async def test_homework_that_moved_on_is_not_overwritten(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_homework(lesson, "№ 5")

    with refused("STALE_HOMEWORK") as outcome:
        await teacher.set_homework(lesson, "№ 6")

    assert outcome.code == grpc.StatusCode.ABORTED
    assert outcome.said is not None
    assert outcome.said.metadata == {"version": "1"}


async def test_the_same_text_again_is_no_change(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_homework(lesson, "№ 5")

    assert (await teacher.set_homework(lesson, " № 5 ", based_on=1)).version == 1
    assert len(await school.rows(outbox, aggregate_id=lesson)) == 1


async def test_more_than_2000_characters_are_too_long(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    teacher = calls.teacher(school.teacher_id)

    with refused("TEXT_TOO_LONG") as outcome:
        await teacher.set_homework(lesson, "я" * 2001)
    assert outcome.said is not None
    assert outcome.said.metadata == {"field": "text", "limit": "2000"}
    assert (await teacher.set_homework(lesson, "я" * 2000)).version == 1


async def test_only_the_teacher_of_the_lesson_sets_it(school: School, calls: Calls) -> None:
    lesson = await school.lesson()

    with refused("NOT_THEIR_LESSON"):
        await calls.teacher(uuid4()).set_homework(lesson, "№ 5")


async def test_a_repeated_request_gets_the_first_answer(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    teacher = calls.teacher(school.teacher_id)
    first = await teacher.set_homework(lesson, "№ 5", request_id="the-same")

    assert await teacher.set_homework(lesson, "№ 5", request_id="the-same") == first
    with refused("REQUEST_ID_REUSED"):
        await teacher.set_homework(lesson, "№ 6", request_id="the-same")


async def test_control_characters_are_dropped(school: School, calls: Calls) -> None:
    lesson = await school.lesson()

    after = await calls.teacher(school.teacher_id).set_homework(lesson, "№ 5\x00\x07\n№ 6")

    assert after.text == "№ 5\n№ 6"
