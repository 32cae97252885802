"""Setting, changing and removing a mark, one teacher at a time."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import grpc
import pytest

from school.diary.v1.events_pb2 import MarkRemoved, MarkSet
from services.diary import tables
from services.kit.tables import audit, outbox
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import School
from tests.support.clock import MovableClock


async def test_a_mark_is_set_changed_and_removed_and_each_version_is_kept(
    school: School, calls: Calls
) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    first = await teacher.set_mark(lesson, pupil, "4", comment="Молодец")
    second = await teacher.set_mark(lesson, pupil, "5-", based_on=1)
    third = await teacher.remove_mark(lesson, pupil, based_on=2, reason="Не тот ученик")

    assert [(mark.text, mark.version) for mark in (first, second, third)] == [("4", 1), ("5-", 2), ("", 3)]
    [mark] = await school.rows(tables.marks, lesson_id=lesson)
    versions = await school.rows(tables.mark_versions, mark_id=mark.mark_id)
    assert [(row.version, row.text, row.comment, row.why) for row in versions] == [
        (1, "4", "Молодец", ""),
        (2, "5-", "", ""),
        (3, "", "", "Не тот ученик"),
    ]
    assert {row.changed_by for row in versions} == {school.teacher_id}


async def test_every_change_is_told_and_audited(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "4")
    await teacher.set_mark(lesson, pupil, "5", based_on=1)
    await teacher.remove_mark(lesson, pupil, based_on=2, reason="Ошибка")

    [mark] = await school.rows(tables.marks, lesson_id=lesson)
    events = await school.rows(outbox, aggregate_id=mark.mark_id)
    assert [(row.type, row.aggregate_version) for row in events] == [
        ("school.diary.v1.MarkSet", 1),
        ("school.diary.v1.MarkSet", 2),
        ("school.diary.v1.MarkRemoved", 3),
    ]
    changed, removed = MarkSet.FromString(events[1].payload), MarkRemoved.FromString(events[2].payload)
    assert (changed.text, changed.previous_text, changed.subject_title) == ("5", "4", "Алгебра")
    assert (changed.lesson_date, changed.pupil_id) == ("2025-10-15", str(pupil))
    assert (removed.previous_text, removed.version) == ("5", 3)
    entries = await school.rows(audit, object_id=str(mark.mark_id))
    assert [(row.action, row.why) for row in entries] == [
        ("set_mark", None),
        ("set_mark", None),
        ("remove_mark", "Ошибка"),
    ]


async def test_the_same_mark_again_is_no_change_and_tells_nobody(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "4")

    again = await teacher.set_mark(lesson, pupil, "4", based_on=1)

    assert again.version == 1
    [mark] = await school.rows(tables.marks, lesson_id=lesson)
    assert len(await school.rows(outbox, aggregate_id=mark.mark_id)) == 1


async def test_a_late_draft_does_not_overwrite_a_newer_mark(school: School, calls: Calls) -> None:
    """A draft written offline meets a newer mark: it is refused and shown the newer one."""
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "4")

    with refused("STALE_MARK") as outcome:
        await teacher.set_mark(lesson, pupil, "5")

    assert outcome.code == grpc.StatusCode.ABORTED
    assert outcome.said is not None
    assert outcome.said.metadata == {"present": "4", "version": "1"}


async def test_a_stale_removal_is_refused(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "4")
    await teacher.set_mark(lesson, pupil, "3", based_on=1)

    with refused("STALE_MARK"):
        await teacher.remove_mark(lesson, pupil, based_on=1)


async def test_an_empty_cell_has_no_mark_to_remove(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("NO_MARK"):
        await calls.teacher(school.teacher_id).remove_mark(lesson, pupil, based_on=0)


async def test_a_removed_mark_may_be_set_anew(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "2")
    await teacher.remove_mark(lesson, pupil, based_on=1)

    assert (await teacher.set_mark(lesson, pupil, "3", based_on=2)).version == 3


async def test_only_the_teacher_of_the_lesson_writes_on_its_page(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    colleague = uuid4()
    await school.write(tables.teachers, school_id=school.school_id, teacher_id=colleague)

    for stranger in (colleague, uuid4()):
        with refused("NOT_THEIR_LESSON") as outcome:
            await calls.teacher(stranger).set_mark(lesson, pupil, "5")
        assert outcome.code == grpc.StatusCode.PERMISSION_DENIED


async def test_an_unknown_lesson_is_refused_like_a_foreign_one(school: School, calls: Calls) -> None:
    pupil = await school.pupil()

    with refused("NOT_THEIR_LESSON"):
        await calls.teacher(school.teacher_id).set_mark(uuid4(), pupil, "5")


async def test_a_guardian_gives_no_marks(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    guardian = await school.guardian_of(pupil)

    with refused("ROLE_NEEDED"):
        await calls.guardian(guardian).set_mark(lesson, pupil, "5")


async def test_a_pupil_who_was_not_in_the_class_that_day_gets_no_mark(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    strangers = [
        uuid4(),
        await school.pupil(until_on=date(2025, 10, 14)),
        await school.pupil(from_on=date(2025, 10, 16)),
    ]

    for pupil in strangers:
        with refused("NOT_IN_CLASS"):
            await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "5")


async def test_first_and_last_day_in_the_class_count(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    pupil = await school.pupil(from_on=date(2025, 10, 15), until_on=date(2025, 10, 15))

    assert (await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "5")).version == 1


@pytest.mark.parametrize("text", ["6", "0", "", "five", "5+5", "4/5/3", "4/н/а", "4/осв", "5\x00"])
async def test_a_mark_that_the_scale_does_not_have_is_refused(
    school: School, calls: Calls, text: str
) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("UNKNOWN_MARK"):
        await calls.teacher(school.teacher_id).set_mark(lesson, pupil, text)


async def test_the_first_grade_has_no_marks(found_school: Founding, calls: Calls) -> None:
    school = await found_school(grade=1, class_title="1А")
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("UNKNOWN_MARK"):
        await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "5")


async def test_a_lesson_of_tomorrow_is_ahead(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(date(2025, 10, 16)), await school.pupil()

    with refused("LESSON_AHEAD"):
        await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "5")


async def test_tomorrow_begins_in_the_zone_of_the_school(
    found_school: Founding, calls: Calls, clock: MovableClock
) -> None:
    """At 13:00 UTC it is already the 16th in Kamchatka and still the 15th in Kaliningrad."""
    clock.move(hours=4)
    far_east, far_west = (
        await found_school(zone="Asia/Kamchatka"),
        await found_school(zone="Europe/Kaliningrad"),
    )
    tomorrow = date(2025, 10, 16)

    lesson, pupil = await far_east.lesson(tomorrow), await far_east.pupil()
    assert (await calls.teacher(far_east.teacher_id).set_mark(lesson, pupil, "5")).version == 1

    lesson, pupil = await far_west.lesson(tomorrow), await far_west.pupil()
    with refused("LESSON_AHEAD"):
        await calls.teacher(far_west.teacher_id).set_mark(lesson, pupil, "5")


async def test_a_comment_of_more_than_500_characters_is_too_long(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    with refused("TEXT_TOO_LONG"):
        await teacher.set_mark(lesson, pupil, "5", comment="я" * 501)
    assert (await teacher.set_mark(lesson, pupil, "5", comment="я" * 500)).version == 1


async def test_an_id_that_is_no_uuid_is_named(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    with refused("BAD_ID") as outcome:
        await teacher.set_mark("12", pupil, "5")
    assert outcome.code == grpc.StatusCode.INVALID_ARGUMENT
    assert outcome.said is not None
    assert outcome.said.metadata == {"field": "lesson_id"}
    with refused("BAD_ID"):
        await teacher.set_mark(lesson, "Ёлкин", "5")


async def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(
    school: School, calls: Calls
) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    request_id = str(uuid4())
    first = await teacher.set_mark(lesson, pupil, "4", request_id=request_id)
    await teacher.set_mark(lesson, pupil, "5", based_on=1)

    again = await teacher.set_mark(lesson, pupil, "4", request_id=request_id)

    assert again == first
    [mark] = await school.rows(tables.marks, lesson_id=lesson)
    assert (mark.text, mark.version) == ("5", 2)


async def test_a_removal_is_repeated_safely(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "4")
    request_id = str(uuid4())

    first = await teacher.remove_mark(lesson, pupil, based_on=1, request_id=request_id)
    again = await teacher.remove_mark(lesson, pupil, based_on=1, request_id=request_id)

    assert first == again


async def test_a_request_id_with_another_content_is_refused(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    request_id = str(uuid4())
    await teacher.set_mark(lesson, pupil, "4", request_id=request_id)

    with refused("REQUEST_ID_REUSED"):
        await teacher.set_mark(lesson, pupil, "5", based_on=1, request_id=request_id)


async def test_somebody_elses_request_id_brings_nobody_their_answer(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    request_id = str(uuid4())
    await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "4", request_id=request_id)

    with refused("NOT_THEIR_LESSON"):
        await calls.teacher(uuid4()).set_mark(lesson, pupil, "4", request_id=request_id)


async def test_a_request_without_an_id_is_refused(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()

    with refused("BAD_REQUEST_ID"):
        await calls.teacher(school.teacher_id).set_mark(lesson, pupil, "4", request_id="")


async def test_a_refused_request_may_be_sent_again(school: School, calls: Calls, clock: MovableClock) -> None:
    """What was refused is not remembered: tomorrow the lesson is no longer ahead."""
    lesson, pupil = await school.lesson(date(2025, 10, 16)), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    request_id = str(uuid4())
    with refused("LESSON_AHEAD"):
        await teacher.set_mark(lesson, pupil, "4", request_id=request_id)

    clock.move(days=1)

    assert (await teacher.set_mark(lesson, pupil, "4", request_id=request_id)).version == 1
