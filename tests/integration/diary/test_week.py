"""The week that families read, as gRPC gives it."""

from __future__ import annotations

from datetime import date, time

import pytest

from school.access.v1.policy_pb2 import ROLE_PUPIL
from school.access.v1.scope_pb2 import SCOPE_MARKS
from school.diary.v1 import week_pb2
from services.kit.ids import new_id
from tests.integration.diary.calls import Calls, Person, refused
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import MONDAY, SATURDAY, WEDNESDAY, School
from tests.support.clock import MovableClock


def dates(week: week_pb2.GetWeekResponse) -> list[str]:
    return [day.date for day in week.days]


def lessons(week: week_pb2.GetWeekResponse) -> dict[str, list[str]]:
    """The ids of the lessons by date, for the days that have any."""
    return {day.date: [lesson.lesson_id for lesson in day.lessons] for day in week.days if day.lessons}


async def test_a_lesson_is_shown_with_all_that_is_recorded_on_it(school: School, calls: Calls) -> None:
    lesson = await school.lesson(number=2, work_type="Контрольная работа")
    pupil = await school.pupil("Ёлкин Пётр Ильич")
    guardian = await school.guardian_of(pupil)
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_homework(lesson, "§ 12, № 5–9")
    await teacher.set_mark(lesson, pupil, "4/5", comment="Хорошо")
    await teacher.remark(lesson, pupil, "Забыл тетрадь")
    await teacher.remark(lesson, pupil, "Опоздал")

    week = await calls.guardian(guardian).week(pupil)

    assert week.pupil == week_pb2.PupilInWeek(
        pupil_id=str(pupil),
        display_name="Ёлкин Пётр Ильич",
        school_title="Школа № 12",
        class_title="7Б",
        zone="Europe/Moscow",
    )
    assert dates(week) == [f"2025-10-{day}" for day in range(13, 19)]
    [shown] = week.days[2].lessons
    assert shown == week_pb2.LessonInWeek(
        lesson_id=str(lesson),
        number=2,
        starts_at="10:30",
        ends_at="11:15",
        subject_title="Алгебра",
        room="12",
        teacher_name="Орлова Вера Ильинична",
        topic="Квадратные уравнения",
        homework="§ 12, № 5–9",
        marks=[week_pb2.MarkInCell(text="4/5", work_type="Контрольная работа", comment="Хорошо", version=1)],
        remarks=["Забыл тетрадь", "Опоздал"],
    )


async def test_lessons_stand_in_the_order_of_their_numbers(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    third, zeroth, first = [await school.lesson(number=number) for number in (3, 0, 1)]

    week = await calls.pupil(pupil).week(pupil)

    assert lessons(week) == {"2025-10-15": [str(zeroth), str(first), str(third)]}


async def test_only_the_week_of_the_class_is_shown(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    other_class = await school.add_class(new_id(), title="7В")
    monday, saturday = await school.lesson(MONDAY), await school.lesson(SATURDAY)
    for day in (date(2025, 10, 12), date(2025, 10, 20)):
        await school.lesson(day)
    await school.lesson(class_id=other_class)

    week = await calls.pupil(pupil).week(pupil)

    assert lessons(week) == {"2025-10-13": [str(monday)], "2025-10-18": [str(saturday)]}


async def test_a_class_mate_s_marks_and_remarks_are_not_shown(school: School, calls: Calls) -> None:
    lesson, pupil, mate = await school.lesson(), await school.pupil(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, mate, "2")
    await teacher.remark(lesson, mate, "Списывал")

    [shown] = (await calls.pupil(pupil).week(pupil)).days[2].lessons

    assert (list(shown.marks), list(shown.remarks)) == ([], [])


async def test_a_removed_mark_is_not_shown(school: School, calls: Calls) -> None:
    lesson, pupil = await school.lesson(), await school.pupil()
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, pupil, "2")
    await teacher.remove_mark(lesson, pupil, based_on=1)

    [shown] = (await calls.pupil(pupil).week(pupil)).days[2].lessons

    assert not shown.marks


@pytest.mark.parametrize("day", ["2025-10-13", "2025-10-15", "2025-10-18", "2025-10-19"])
async def test_any_date_from_monday_to_sunday_asks_for_the_same_week(
    school: School, calls: Calls, day: str
) -> None:
    pupil = await school.pupil()

    assert dates(await calls.pupil(pupil).week(pupil, day))[0] == "2025-10-13"


async def test_a_week_without_lessons_has_six_empty_days(school: School, calls: Calls) -> None:
    pupil = await school.pupil()

    week = await calls.pupil(pupil).week(pupil, "2025-12-03")

    assert [(day.holiday, len(day.lessons)) for day in week.days] == [("", 0)] * 6


async def test_a_week_without_lessons_leads_back_to_the_last_ones(school: School, calls: Calls) -> None:
    """In summer families look for the marks of May; of other classes' lessons they are not told."""
    pupil, friend = await school.pupil(), await school.guardian_of()
    await school.trust(friend, pupil, SCOPE_MARKS)
    other = await school.add_class(new_id(), title="7В")
    for day in (MONDAY, WEDNESDAY):
        await school.lesson(day)
    await school.lesson(SATURDAY, class_id=other)

    async def told(caller: Person, day: str) -> str:
        return (await caller.week(pupil, day)).last_lessons_on

    own = calls.pupil(pupil)
    assert await told(own, "2025-12-03") == WEDNESDAY.isoformat()
    assert await told(own, WEDNESDAY.isoformat()) == "", "it has lessons itself"
    assert await told(own, "2025-10-06") == "", "there were none before"
    assert await told(calls.guardian(friend), "2025-12-03") == "", "who is trusted with marks alone"


async def test_lessons_before_the_pupil_came_are_nothing_to_lead_back_to(
    school: School, calls: Calls
) -> None:
    pupil = await school.pupil(from_on=SATURDAY)
    await school.lesson(WEDNESDAY)

    assert (await calls.pupil(pupil).week(pupil, "2025-12-03")).last_lessons_on == ""


async def test_holidays_are_named_on_the_days_without_lessons(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    await school.holiday("Осенние каникулы", date(2025, 10, 17), date(2025, 10, 26))
    await school.lesson(SATURDAY)

    week = await calls.pupil(pupil).week(pupil)

    assert [day.holiday for day in week.days] == ["", "", "", "", "Осенние каникулы", ""]


async def test_a_holiday_of_another_grade_is_a_school_day(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    await school.holiday("Дополнительные каникулы", MONDAY, SATURDAY, only_grade=1)

    assert {day.holiday for day in (await calls.pupil(pupil).week(pupil)).days} == {""}


async def test_a_first_grader_has_the_additional_holidays(found_school: Founding, calls: Calls) -> None:
    school = await found_school(grade=1, class_title="1А")
    pupil = await school.pupil()
    await school.holiday("Дополнительные каникулы", MONDAY, SATURDAY, only_grade=1)

    assert (await calls.pupil(pupil).week(pupil)).days[0].holiday == "Дополнительные каникулы"


async def test_the_topic_is_told_from_the_beginning_of_the_lesson(
    school: School, calls: Calls, clock: MovableClock
) -> None:
    """It is noon in Moscow: the lesson of 11:30 has begun, that of 12:30 has not."""
    pupil = await school.pupil()
    await school.lesson(number=3)
    await school.lesson(number=4)

    begun, ahead = (await calls.pupil(pupil).week(pupil)).days[2].lessons
    assert (begun.topic, ahead.topic) == ("Квадратные уравнения", "")

    clock.move(minutes=30)
    assert (await calls.pupil(pupil).week(pupil)).days[2].lessons[1].topic == "Квадратные уравнения"


async def test_without_a_date_it_is_the_week_of_today_in_the_school_s_zone(
    found_school: Founding, calls: Calls, clock: MovableClock
) -> None:
    """Sunday noon in UTC is Monday already in Kamchatka and still Sunday in Kaliningrad."""
    clock.move(days=4, hours=4)
    far_east = await found_school(zone="Asia/Kamchatka")
    far_west = await found_school(zone="Europe/Kaliningrad")
    in_the_east, in_the_west = await far_east.pupil(), await far_west.pupil()

    assert dates(await calls.pupil(in_the_east).week(in_the_east))[0] == "2025-10-20"
    assert dates(await calls.pupil(in_the_west).week(in_the_west))[0] == "2025-10-13"


async def test_a_pupil_who_changes_class_within_the_week_sees_each_class_on_its_days(
    school: School, calls: Calls
) -> None:
    pupil = await school.pupil(until_on=date(2025, 10, 14))
    new_class = await school.add_class(new_id(), title="7В")
    await school.join(pupil, class_id=new_class, from_on=WEDNESDAY)
    old = [await school.lesson(day) for day in (MONDAY, WEDNESDAY)]
    new = [await school.lesson(day, class_id=new_class) for day in (MONDAY, WEDNESDAY)]

    week = await calls.pupil(pupil).week(pupil)

    assert lessons(week) == {"2025-10-13": [str(old[0])], "2025-10-15": [str(new[1])]}
    assert week.pupil.class_title == "7В"


async def test_marks_of_a_former_school_are_read_in_its_weeks(
    found_school: Founding, calls: Calls, school: School
) -> None:
    former = await found_school(zone="Asia/Kamchatka", class_title="7А")
    pupil = await former.pupil(until_on=date(2025, 10, 10))
    lesson = await former.lesson(date(2025, 10, 8))
    await calls.teacher(former.teacher_id).set_mark(lesson, pupil, "3")
    await school.join(pupil, from_on=MONDAY)

    week = await calls.pupil(pupil).week(pupil, "2025-10-08")

    assert (week.pupil.class_title, week.pupil.zone) == ("7А", "Asia/Kamchatka")
    assert [mark.text for mark in week.days[2].lessons[0].marks] == ["3"]
    assert (await calls.pupil(pupil).week(pupil)).pupil.class_title == "7Б"


async def test_a_pupil_without_a_class_has_an_empty_week(school: School, calls: Calls) -> None:
    pupil = await school.person(new_id(), "Ёлкин Пётр", ROLE_PUPIL)

    week = await calls.pupil(pupil).week(pupil)

    assert (week.pupil.school_title, week.pupil.class_title, week.pupil.zone) == ("", "", "")
    assert dates(week)[0] == "2025-10-13"


async def test_two_relations_to_one_pupil_do_not_double_the_lessons(school: School, calls: Calls) -> None:
    pupil = await school.pupil()
    guardian = await school.guardian_of(pupil, pupil)
    await school.lesson(ends_at=time(12, 0))

    week = await calls.guardian(guardian).week(pupil)

    assert [len(day.lessons) for day in week.days] == [0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("day", ["today", "20251015", "2025-13-01", "2025-02-29", "2025-W42-3", "9999-12-31"])
async def test_a_date_that_is_none_is_refused(school: School, calls: Calls, day: str) -> None:
    pupil = await school.pupil()

    with refused("BAD_DATE"):
        await calls.pupil(pupil).week(pupil, day)


async def test_the_first_week_of_the_calendar_is_read(school: School, calls: Calls) -> None:
    pupil = await school.pupil()

    assert dates(await calls.pupil(pupil).week(pupil, "0001-01-01"))[0] == "0001-01-01"


async def test_an_id_that_is_no_uuid_is_refused(calls: Calls) -> None:
    with refused("BAD_ID"):
        await calls.pupil(new_id()).week("42")
