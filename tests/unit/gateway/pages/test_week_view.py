from __future__ import annotations

from datetime import date, timedelta

from school.diary.v1.schools_pb2 import PupilInClass
from school.diary.v1.week_pb2 import DayInWeek, GetWeekResponse, LessonInWeek, MarkInCell, PupilInWeek
from services.gateway.pages.week.view import week_view

MONDAY = date(2025, 11, 17)


def reply(*, class_title: str = "7А", holiday: str = "") -> GetWeekResponse:
    marks = [MarkInCell(text="4", version=1), MarkInCell(text="5", version=2, comment="Отлично")]
    lesson = LessonInWeek(number=1, subject_title="Алгебра", marks=marks)
    days = [
        DayInWeek(
            date=(MONDAY + timedelta(days=offset)).isoformat(),
            holiday=holiday,
            lessons=[] if holiday or offset == 5 else [lesson],
        )
        for offset in range(6)
    ]
    return GetWeekResponse(pupil=PupilInWeek(pupil_id="p", class_title=class_title), days=days)


def test_monday_to_wednesday_lie_left_and_thursday_to_saturday_right() -> None:
    view = week_view(reply(), today=MONDAY, pupils=())

    assert [day.date.weekday() for day in view.left] == [0, 1, 2]
    assert [day.date.weekday() for day in view.right] == [3, 4, 5]


def test_the_week_is_turned_by_mondays() -> None:
    view = week_view(reply(), today=MONDAY, pupils=())

    assert (view.previous, view.following) == (date(2025, 11, 10), date(2025, 11, 24))


def test_today_is_marked_in_its_week_only() -> None:
    this_week = week_view(reply(), today=date(2025, 11, 19), pupils=())
    last_week = week_view(reply(), today=date(2025, 11, 26), pupils=())

    assert [day.date.day for day in this_week.days if day.is_today] == [19]
    assert not last_week.holds_today


def test_two_marks_of_a_lesson_stay_two_and_a_corrected_one_says_so() -> None:
    lesson = week_view(reply(), today=MONDAY, pupils=()).days[0].lessons[0]

    assert [(mark.text, mark.corrected) for mark in lesson.marks] == [("4", False), ("5", True)]
    assert [mark.comment for mark in lesson.notes] == ["Отлично"]


def test_a_week_of_holidays_has_one_reason() -> None:
    view = week_view(reply(holiday="Осенние каникулы"), today=MONDAY, pupils=())

    assert view.common_holiday == "Осенние каникулы"
    assert week_view(reply(), today=MONDAY, pupils=()).common_holiday == ""


def test_an_empty_week_knows_where_the_last_lessons_were() -> None:
    empty = reply(holiday="Летние каникулы")
    empty.last_lessons_on = "2025-10-24"

    assert week_view(empty, today=MONDAY, pupils=()).last_lessons_on == date(2025, 10, 24)
    assert week_view(reply(), today=MONDAY, pupils=()).last_lessons_on is None


def test_a_pupil_in_no_class_is_told_apart() -> None:
    assert not week_view(reply(class_title=""), today=MONDAY, pupils=()).in_class


def test_an_only_child_has_no_switcher() -> None:
    one, other = PupilInClass(pupil_id="p", display_name="А"), PupilInClass(pupil_id="q", display_name="Б")

    assert week_view(reply(), today=MONDAY, pupils=[one]).siblings == ()
    assert [each.is_this for each in week_view(reply(), today=MONDAY, pupils=[one, other]).siblings] == [
        True,
        False,
    ]
