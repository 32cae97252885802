"""A teacher's day and one page of the journal."""

from __future__ import annotations

from datetime import date, time
from uuid import uuid4

from services.diary import tables
from services.diary.marks.rules import FIVE_POINT
from tests.integration.diary.calls import Calls, refused
from tests.integration.diary.conftest import Founding
from tests.integration.diary.school import School
from tests.support.clock import MovableClock


async def test_a_day_s_lessons_stand_in_the_order_of_their_beginning(school: School, calls: Calls) -> None:
    later, earlier = await school.lesson(number=5), await school.lesson(number=2)
    await school.lesson(date(2025, 10, 16))
    await school.lesson(number=3, teacher_id=uuid4())

    day = await calls.teacher(school.teacher_id).lessons("2025-10-15")

    assert day.date == "2025-10-15"
    assert [lesson.lesson_id for lesson in day.lessons] == [str(earlier), str(later)]
    shown = day.lessons[0]
    assert (shown.starts_at, shown.ends_at, shown.number) == ("10:30", "11:15", 2)
    assert (shown.subject_title, shown.class_title, shown.school_title) == ("Алгебра", "7Б", "Школа № 12")


async def test_without_a_date_it_is_today_in_the_zone_of_the_school(
    found_school: Founding, calls: Calls, clock: MovableClock
) -> None:
    clock.move(hours=4)
    school = await found_school(zone="Asia/Kamchatka")

    assert (await calls.teacher(school.teacher_id).lessons()).date == "2025-10-16"


async def test_lessons_at_two_schools_are_one_day(
    found_school: Founding, school: School, calls: Calls
) -> None:
    other = await found_school(teacher_id=uuid4())
    await school.write(tables.teachers, school_id=other.school_id, teacher_id=school.teacher_id)
    here = await school.lesson(starts_at=time(8, 0))
    there = await other.lesson(teacher_id=school.teacher_id, starts_at=time(9, 0))

    day = await calls.teacher(school.teacher_id).lessons()

    assert [lesson.lesson_id for lesson in day.lessons] == [str(here), str(there)]


async def test_a_day_without_lessons_leads_back_to_the_last_ones(school: School, calls: Calls) -> None:
    await school.lesson(date(2025, 10, 14))
    await school.lesson(date(2025, 10, 16))
    await school.lesson(date(2025, 10, 20), teacher_id=uuid4())
    teacher = calls.teacher(school.teacher_id)

    told = [
        (await teacher.lessons(day)).last_lessons_on for day in ("2025-10-13", "2025-10-16", "2026-07-15")
    ]

    assert told == ["", "", "2025-10-16"]


async def test_who_teaches_nowhere_has_no_lessons(calls: Calls) -> None:
    day = await calls.teacher(uuid4()).lessons()

    assert (day.date, list(day.lessons)) == ("2025-10-15", [])


async def test_a_page_shows_the_class_by_name_with_what_is_recorded(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    last, first = await school.pupil("Жуков Лев"), await school.pupil("Ёлкин Пётр")
    before = await school.pupil("Ушёл Вчера", until_on=date(2025, 10, 14))
    teacher = calls.teacher(school.teacher_id)
    await teacher.set_mark(lesson, first, "5")
    await teacher.set_mark(lesson, last, "2")
    await teacher.remove_mark(lesson, last, based_on=1)
    await teacher.remark(lesson, first, "Молодец")
    await teacher.set_homework(lesson, "№ 7")

    page = await teacher.lesson(lesson)

    assert [
        (row.pupil_id, row.display_name, row.mark, row.mark_version, list(row.remarks)) for row in page.rows
    ] == [
        (str(first), "Ёлкин Пётр", "5", 1, ["Молодец"]),
        (str(last), "Жуков Лев", "", 2, []),
    ]
    assert str(before) not in {row.pupil_id for row in page.rows}
    assert (page.lesson.homework, page.lesson.homework_version) == ("№ 7", 1)
    assert page.lesson.topic == "Квадратные уравнения"
    assert tuple(page.scale) == FIVE_POINT.marks


async def test_a_page_of_the_first_grade_offers_no_marks(found_school: Founding, calls: Calls) -> None:
    school = await found_school(grade=1, class_title="1А")

    page = await calls.teacher(school.teacher_id).lesson(await school.lesson())

    assert list(page.scale) == []


async def test_only_the_teacher_of_a_lesson_opens_its_page(school: School, calls: Calls) -> None:
    lesson = await school.lesson()
    colleague = uuid4()
    await school.write(tables.teachers, school_id=school.school_id, teacher_id=colleague)

    for person_id, asked in ((colleague, lesson), (uuid4(), lesson), (school.teacher_id, uuid4())):
        with refused("NOT_THEIR_LESSON"):
            await calls.teacher(person_id).lesson(asked)


async def test_bad_ids_and_dates_are_named(school: School, calls: Calls) -> None:
    teacher = calls.teacher(school.teacher_id)

    with refused("BAD_ID"):
        await teacher.lesson("7Б")
    with refused("BAD_DATE"):
        await teacher.lessons("15.10.2025")
