"""Marks under many hands: one winner, one effect, nothing by halves."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from uuid import UUID, uuid4

import grpc
from sqlalchemy import text

from services.diary import tables
from services.diary.homework.usecases import HomeworkBook
from services.diary.marks.usecases import Marks
from services.kit.rpc.status import refusal
from services.kit.tables import audit, outbox, requests
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.school import School
from tests.support.clock import MovableClock
from tests.support.waiting import eventually

HANDS = 20


async def reasons(*attempts: Awaitable[object]) -> list[str]:
    """How each attempt ended: "" or the reason of its refusal."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    return [refusal(one).reason if isinstance(one, grpc.aio.AioRpcError) else "" for one in outcomes]


async def somebody_waits(school: School) -> bool:
    """Whether a transaction waits for a lock that another holds."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with school.database.read() as connection:
        return bool(await connection.scalar(waiting))


async def nobody_waits(school: School) -> bool:
    """Whether no transaction waits for a lock."""
    return not await somebody_waits(school)


async def assert_nothing_by_halves(school: School, lesson: UUID) -> int:
    """Each version of each mark has its history, its event and its audit entry. Returns the versions."""
    total = 0
    for mark in await school.rows(tables.marks, lesson_id=lesson):
        every = list(range(1, mark.version + 1))
        history = await school.rows(tables.mark_versions, mark_id=mark.mark_id)
        events = await school.rows(outbox, aggregate_id=mark.mark_id)
        assert sorted(row.version for row in history) == every
        assert sorted(row.aggregate_version for row in events) == every
        assert len(await school.rows(audit, object_id=str(mark.mark_id))) == mark.version
        assert max(history, key=lambda row: int(row.version)).text == mark.text
        total += mark.version
    return total


async def test_of_many_first_marks_exactly_one_wins(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    ends = await reasons(*(teacher.set_mark(lesson, pupil, str(2 + n % 4)) for n in range(HANDS)))

    assert sorted(ends) == ["", *["STALE_MARK"] * (HANDS - 1)]
    assert await assert_nothing_by_halves(school, lesson) == 1


async def test_a_first_mark_that_meets_another_being_written_is_stale(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    """There is no row to lock yet: the second waits for the first one's commit and is shown its mark."""
    lesson, pupil = await school.lesson(), await school.pupil()

    async with school.database.transaction() as tx:
        await Marks(clock).set_mark(
            tx,
            teacher_id=school.teacher_id,
            lesson_id=lesson,
            pupil_id=pupil,
            text="4",
            comment="",
            based_on=0,
        )
        second = asyncio.create_task(calls.teacher(school.teacher_id).set_mark(lesson, pupil, "5"))
        await eventually(lambda: somebody_waits(school))

    with refused("STALE_MARK") as outcome:
        await second
    assert outcome.said is not None
    assert outcome.said.metadata == {"present": "4", "version": "1"}
    assert await assert_nothing_by_halves(school, lesson) == 1


async def test_first_homework_that_meets_another_being_written_is_stale(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    lesson = await school.lesson()

    async with school.database.transaction() as tx:
        await HomeworkBook(clock).set_homework(
            tx, teacher_id=school.teacher_id, lesson_id=lesson, text="№ 5", based_on=0
        )
        second = asyncio.create_task(calls.teacher(school.teacher_id).set_homework(lesson, "№ 6"))
        await eventually(lambda: somebody_waits(school))

    with refused("STALE_HOMEWORK"):
        await second


async def test_of_many_changes_of_one_version_exactly_one_wins(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "н/а")

    ends = await reasons(*(teacher.set_mark(lesson, pupil, str(2 + n % 4), based_on=1) for n in range(HANDS)))

    assert sorted(ends) == ["", *["STALE_MARK"] * (HANDS - 1)]
    assert await assert_nothing_by_halves(school, lesson) == 2


async def test_one_request_sent_many_times_at_once_has_one_effect(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)

    answers = await asyncio.gather(
        *(teacher.set_mark(lesson, pupil, "5", request_id="the-same-cell") for _ in range(HANDS))
    )

    assert {(answer.text, answer.version) for answer in answers} == {("5", 1)}
    assert await assert_nothing_by_halves(school, lesson) == 1


async def test_a_class_is_marked_in_parallel(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    pupils = [await school.pupil() for _ in range(25)]
    teacher = calls.teacher(school.teacher_id)

    await asyncio.gather(*(teacher.set_mark(lesson, pupil, "4") for pupil in pupils))

    assert await assert_nothing_by_halves(school, lesson) == 25


async def test_a_call_that_is_cancelled_while_it_waits_leaves_nothing(school: School, calls: Calls) -> None:
    """The cell is held by another transaction; the caller gives up; afterwards the same request succeeds."""
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "3")
    request_id = str(uuid4())

    async with school.database.transaction() as tx:
        await tx.execute(text("SELECT 1 FROM marks WHERE lesson_id = :id FOR UPDATE"), {"id": lesson})
        call = asyncio.create_task(teacher.set_mark(lesson, pupil, "5", based_on=1, request_id=request_id))
        await eventually(lambda: somebody_waits(school))
        call.cancel()
        await asyncio.wait([call])
        await eventually(lambda: nobody_waits(school))

    assert await assert_nothing_by_halves(school, lesson) == 1
    assert await school.rows(requests, request_id=request_id) == []
    after = await teacher.set_mark(lesson, pupil, "5", based_on=1, request_id=request_id)
    assert (after.text, after.version) == ("5", 2)


async def test_cancelled_at_any_moment_a_mark_is_whole_or_not_there(school: School, calls: Calls) -> None:
    """Calls are cancelled after random times; whatever became of each, its parts stand or fall together."""
    lesson = await school.lesson()
    pupils = [await school.pupil() for _ in range(60)]
    teacher = calls.teacher(school.teacher_id)
    chance = random.Random(7)  # noqa: S311 - a test's dice

    async def set_hastily(pupil: UUID) -> None:
        async with asyncio.timeout(chance.uniform(0, 0.08)):
            await teacher.set_mark(lesson, pupil, "4", request_id=str(pupil))

    for at_once in (pupils[:20], pupils[20:40], pupils[40:]):
        await asyncio.gather(*(set_hastily(pupil) for pupil in at_once), return_exceptions=True)

    # Repeating says what became of each: a call without an answer may have committed, and is not done twice.
    for pupil in pupils:
        assert (await teacher.set_mark(lesson, pupil, "4", request_id=str(pupil))).version == 1
    assert await assert_nothing_by_halves(school, lesson) == len(pupils)


async def test_of_many_homeworks_exactly_one_wins(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    teacher = calls.teacher(school.teacher_id)

    ends = await reasons(*(teacher.set_homework(lesson, f"№ {n}") for n in range(HANDS)))

    assert sorted(ends) == ["", *["STALE_HOMEWORK"] * (HANDS - 1)]
    with refused("STALE_HOMEWORK"):
        await teacher.set_homework(lesson, "№ 100")
