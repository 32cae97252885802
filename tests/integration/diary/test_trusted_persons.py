"""R34, A30: a trusted person sees what they were let see, while they were let, and is seen looking."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from school.access.v1.scope_pb2 import SCOPE_ATTENDANCE, SCOPE_HOMEWORK, SCOPE_MARKS
from school.diary.v1 import week_pb2
from services.diary import tables
from services.diary.app import Diary
from services.kit.tables import audit
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import WEDNESDAY, School
from tests.support.clock import MovableClock

MARKS, HOMEWORK, ATTENDANCE = SCOPE_MARKS, SCOPE_HOMEWORK, SCOPE_ATTENDANCE


async def written_week(school: School, calls: Calls) -> tuple[UUID, UUID, UUID]:
    """A pupil with a lesson that has everything on it, and one that has nothing; the pupil and both."""
    full, plain = await school.lesson(number=1, work_type="Диктант"), await school.lesson(number=2)
    pupil, teacher = await school.pupil(), calls.teacher(school.teacher_id)
    await teacher.set_homework(full, "§ 12, № 5–9")
    await teacher.set_mark(full, pupil, "4", comment="Хорошо")
    await teacher.remark(full, pupil, "Забыл тетрадь")
    return pupil, full, plain


def lessons(week: week_pb2.GetWeekResponse) -> list[week_pb2.LessonInWeek]:
    return [lesson for day in week.days for lesson in day.lessons]


@pytest.mark.parametrize(
    "scopes",
    [
        (MARKS,),
        (HOMEWORK,),
        (ATTENDANCE,),
        (MARKS, HOMEWORK),
        (MARKS, ATTENDANCE),
        (MARKS, HOMEWORK, ATTENDANCE),
    ],
)
async def test_the_week_shows_what_the_scopes_say(
    school: School, calls: Calls, scopes: tuple[int, ...]
) -> None:
    pupil, full, plain = await written_week(school, calls)
    granny = await school.guardian_of()
    await school.trust(granny, pupil, *scopes)

    week = await calls.guardian(granny).week(pupil)

    assert list(week.trusted_with.scopes) == sorted(scopes)
    assert week.trusted_with.until == "2025-12-31"
    shown = {lesson.lesson_id: lesson for lesson in lessons(week)}
    expected = {str(full), str(plain)} if HOMEWORK in scopes else {str(full)} if MARKS in scopes else set()
    assert set(shown) == expected
    for lesson in shown.values():
        assert not lesson.remarks
        assert bool(lesson.topic) == bool(lesson.room) == bool(lesson.teacher_name) == (HOMEWORK in scopes)
    if str(full) in shown:
        assert shown[str(full)].homework == ("§ 12, № 5–9" if HOMEWORK in scopes else "")
        marks = [(mark.text, mark.comment, mark.work_type) for mark in shown[str(full)].marks]
        assert marks == ([("4", "Хорошо", "Диктант")] if MARKS in scopes else [])


async def test_family_sees_everything_also_when_trusted(school: School, calls: Calls) -> None:
    pupil, full, _ = await written_week(school, calls)
    guardian = await school.guardian_of(pupil)
    await school.trust(guardian, pupil, MARKS)

    week = await calls.guardian(guardian).week(pupil)

    assert not week.HasField("trusted_with")
    assert [list(one.remarks) for one in lessons(week) if one.lesson_id == str(full)] == [["Забыл тетрадь"]]
    [listed] = await calls.guardian(guardian).pupils()
    assert not listed.HasField("trusted_with")
    assert await school.rows(tables.views, pupil_id=pupil) == []


async def test_the_child_is_listed_with_what_is_seen_of_it(school: School, calls: Calls) -> None:
    pupil = await school.pupil("Ёлкин Пётр")
    granny = await school.guardian_of()
    await school.trust(granny, pupil, MARKS, valid_until=date(2025, 11, 30))
    await school.trust(granny, pupil, HOMEWORK)

    [listed] = await calls.guardian(granny).pupils()

    assert (listed.display_name, listed.class_title) == ("Ёлкин Пётр", "7Б")
    assert listed.trusted_with == week_pb2.TrustedWith(scopes=[MARKS, HOMEWORK], until="2025-12-31")


async def sees(calls: Calls, person: UUID, pupil: UUID) -> bool:
    """Whether somebody sees a pupil; week and list agree."""
    caller = calls.guardian(person)
    listed = str(pupil) in {one.pupil_id for one in await caller.pupils()}
    if listed:
        await caller.week(pupil)
    else:
        with refused("NOT_THEIR_PUPIL"):
            await caller.week(pupil)
    return listed


@pytest.mark.parametrize(
    ("delegation", "right", "seen"),
    [
        ({}, {}, True),
        ({"valid_until": WEDNESDAY}, {}, True),
        ({"valid_until": WEDNESDAY - timedelta(days=1)}, {}, False),
        ({"valid_from": WEDNESDAY + timedelta(days=1)}, {}, False),
        ({"valid_from": None}, {}, False),
        ({"valid_until": None}, {}, False),
        ({"scopes": []}, {}, False),
        ({"scopes": [0, 4, 99]}, {}, False),
        ({}, {"valid_until": WEDNESDAY}, True),
        ({}, {"valid_until": WEDNESDAY - timedelta(days=1)}, False),
        ({}, {"valid_from": None}, False),
    ],
)
async def test_nothing_is_seen_outside_the_days_of_delegation_and_right(
    school: School, calls: Calls, delegation: dict[str, Any], right: dict[str, Any], seen: bool
) -> None:
    pupil, guardian, granny = await school.pupil(), await school.guardian_of(), await school.guardian_of()
    relation = await school.relate(guardian, pupil, **right)
    known = dict(delegation)
    scopes = known.pop("scopes", [MARKS, HOMEWORK])
    await school.trust(granny, pupil, *scopes, relation_id=relation, **known)

    assert await sees(calls, granny, pupil) is seen


async def test_an_ended_right_or_delegation_shows_nothing(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    """A30: the ended relation kills it even before anybody tells of the delegation."""
    pupil, guardian = await school.pupil(), await school.guardian_of()
    ended = await school.relate(guardian, pupil, ended_at=clock.now())
    of_another_child = await school.relate(guardian, await school.pupil())
    ways: list[dict[str, Any]] = [
        {"relation_id": ended},
        {"relation_id": uuid4()},
        {"relation_id": of_another_child},
        {"ended_at": clock.now()},
    ]
    for number, changes in enumerate(ways):
        granny = await school.guardian_of()
        await school.trust(granny, pupil, MARKS, **changes)
        assert await sees(calls, granny, pupil) is False, number


async def test_the_last_day_of_trust_ends_in_the_zone_of_the_school(
    found_school: Founding, calls: Calls, clock: MovableClock
) -> None:
    """At 13:00 UTC the 15th is over in Kamchatka and not in Kaliningrad."""
    clock.move(hours=4)
    east, west = await found_school(zone="Asia/Kamchatka"), await found_school(zone="Europe/Kaliningrad")
    there, here, granny = await east.pupil(), await west.pupil(), await east.guardian_of()
    for school, pupil in ((east, there), (west, here)):
        await school.trust(granny, pupil, MARKS, valid_until=date(2025, 10, 15))

    assert await sees(calls, granny, there) is False
    assert await sees(calls, granny, here) is True


async def test_every_look_is_written_down_once_a_quarter_of_an_hour(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    pupil, granny = await school.pupil(), await school.guardian_of()
    mother = await school.guardian_of(pupil)
    await school.trust(granny, pupil, MARKS)
    looker = calls.guardian(granny)

    await asyncio.gather(*(looker.week(pupil) for _ in range(8)))
    await looker.week(pupil, date="2025-10-06")
    clock.move(minutes=16)
    await looker.week(pupil)
    await calls.guardian(mother).week(pupil)
    await calls.pupil(pupil).week(pupil)

    for reader in (calls.guardian(mother), calls.pupil(pupil)):
        seen = (await reader.views(pupil)).views
        assert [(one.viewer_id, one.first_day, one.last_day) for one in seen] == [
            (str(granny), "2025-10-13", "2025-10-18"),
            (str(granny), "2025-10-06", "2025-10-11"),
            (str(granny), "2025-10-13", "2025-10-18"),
        ]
    entries = await school.rows(audit, subject=pupil)
    assert [(one.actor, one.action, one.object_id, one.why) for one in entries] == [
        (str(granny), "view_week", str(pupil), "2025-10-13/2025-10-18"),
        (str(granny), "view_week", str(pupil), "2025-10-06/2025-10-11"),
        (str(granny), "view_week", str(pupil), "2025-10-13/2025-10-18"),
    ]


async def test_who_looked_is_told_to_the_family_alone(school: School, calls: Calls) -> None:
    """A34: not to the trusted person, nor to strangers, nor to a parent who is one no more."""
    pupil, granny = await school.pupil(), await school.guardian_of()
    former = await school.guardian_of(pupil, valid_until=WEDNESDAY - timedelta(days=1))
    await school.trust(granny, pupil, MARKS)
    await calls.guardian(granny).week(pupil)

    for person in (granny, former, await school.guardian_of(), school.teacher_id):
        with refused("NOT_THEIR_PUPIL"):
            await calls.guardian(person).views(pupil)
    with refused("NOT_THEIR_PUPIL"):
        await calls.guardian(granny).views(uuid4())


async def test_views_are_paged(school: School, calls: Calls, clock: MovableClock) -> None:
    pupil, granny = await school.pupil(), await school.guardian_of()
    await school.trust(granny, pupil, MARKS)
    for _ in range(3):
        await calls.guardian(granny).week(pupil)
        clock.move(minutes=16)
    mother = calls.guardian(await school.guardian_of(pupil))

    first = await mother.views(pupil, page_size=2)
    second = await mother.views(pupil, page_size=2, page_token=first.next_page_token)

    assert (len(first.views), len(second.views), second.next_page_token) == (2, 1, "")
    assert len({one.view_id for one in (*first.views, *second.views)}) == 3
    with refused("BAD_PAGE_TOKEN"):
        await mother.views(pupil, page_token="nonsense")


async def test_a_look_that_cannot_be_written_down_shows_nothing(
    diary: Diary, school: School, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil, granny = await school.pupil(), await school.guardian_of()
    await school.trust(granny, pupil, MARKS)

    def fails(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO views" in statement:
            raise ConnectionError("the disk is full")

    engine = diary.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", fails)
    try:
        with refused("INTERNAL"):
            await calls.guardian(granny).week(pupil)
    finally:
        event.remove(engine, "before_cursor_execute", fails)
    await calls.guardian(granny).week(pupil)


async def test_the_journal_stays_shut_to_trusted_persons(school: School, calls: Calls) -> None:
    lesson, pupil, granny = await school.lesson(), await school.pupil(), await school.guardian_of()
    await school.trust(granny, pupil, MARKS, HOMEWORK)

    with refused("ROLE_NEEDED"):
        await calls.guardian(granny).lesson(lesson)
