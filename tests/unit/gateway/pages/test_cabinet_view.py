from __future__ import annotations

from datetime import UTC, datetime

from school.diary.v1.schools_pb2 import PupilInClass
from school.diary.v1.week_pb2 import DayInWeek, GetWeekResponse, LessonInWeek, MarkInCell
from school.identity.v1.families_pb2 import Child
from school.identity.v1.people_pb2 import FullName
from services.gateway.pages.cabinet.view import ChildCard, children_view

PUPIL = PupilInClass(pupil_id="p", display_name="Соколова Мария", class_title="7Б", zone="Asia/Yekaterinburg")


def lesson(number: int, starts_at: str, ends_at: str, *marks: str) -> LessonInWeek:
    return LessonInWeek(
        number=number,
        starts_at=starts_at,
        ends_at=ends_at,
        subject_title=f"Урок {number}",
        marks=[MarkInCell(text=mark) for mark in marks],
    )


def week() -> GetWeekResponse:
    monday = [lesson(1, "08:30", "09:15", "5"), lesson(2, "09:25", "10:10", "4", "3")]
    return GetWeekResponse(
        days=[
            DayInWeek(date="2025-11-17", lessons=monday),
            DayInWeek(date="2025-11-18", lessons=[lesson(1, "08:30", "09:15")]),
            DayInWeek(date="2025-11-19", holiday="Праздник"),
        ]
    )


def card(now: datetime) -> ChildCard:
    return children_view("me", [PUPIL], [], {"p": week()}, now).cards[0]


def test_during_a_lesson_the_card_says_which_and_what_comes_next() -> None:
    """9:00 in Yekaterinburg is 4:00 UTC."""
    shown = card(datetime(2025, 11, 17, 4, 0, tzinfo=UTC))

    assert shown.now
    assert shown.now.number == 1
    assert shown.upcoming
    assert shown.upcoming.number == 2
    assert shown.day
    assert (shown.day.date.day, shown.day.lessons) == (17, 2)


def test_after_the_last_lesson_the_card_speaks_of_tomorrow() -> None:
    shown = card(datetime(2025, 11, 17, 12, 0, tzinfo=UTC))

    assert shown.now is None
    assert shown.upcoming is None
    assert shown.day
    assert (shown.day.date.day, shown.day.starts_at) == (18, "08:30")


def test_a_free_day_says_why() -> None:
    shown = card(datetime(2025, 11, 18, 18, 0, tzinfo=UTC))

    assert shown.day
    assert shown.day.holiday == "Праздник"


def test_when_the_week_is_over_nothing_is_announced() -> None:
    assert card(datetime(2025, 11, 20, 4, 0, tzinfo=UTC)).day is None


def test_the_newest_marks_come_first() -> None:
    assert [mark.text for mark in card(datetime(2025, 11, 18, 4, 0, tzinfo=UTC)).fresh] == ["4", "3", "5"]


def test_a_week_that_could_not_be_read_leaves_the_card_with_its_link() -> None:
    shown = children_view("me", [PUPIL], [], {}, datetime(2025, 11, 17, tzinfo=UTC)).cards[0]

    assert not shown.answered
    assert shown.pupil_id == "p"


def test_a_child_without_a_class_waits_and_one_with_a_class_does_not() -> None:
    name = FullName(surname="Соколов", given_name="Пётр")
    children = [Child(person_id="p"), Child(person_id="q", name=name)]

    view = children_view("me", [PUPIL], children, {}, datetime(2025, 11, 17, tzinfo=UTC))

    assert [child.name for child in view.waiting] == ["Соколов Пётр"]


def test_while_the_diary_is_silent_the_children_are_still_named() -> None:
    name = FullName(surname="Соколов", given_name="Пётр")

    view = children_view(
        "me", None, [Child(person_id="q", name=name)], {}, datetime(2025, 11, 17, tzinfo=UTC)
    )

    assert [(shown.name, shown.answered) for shown in view.cards] == [("Соколов Пётр", False)]
    assert view.waiting == ()


def test_a_pupils_own_diary_is_told_apart_from_their_childrens() -> None:
    view = children_view("p", [PUPIL], [], {}, datetime(2025, 11, 17, tzinfo=UTC))

    assert len(view.own) == 1
    assert view.others == ()
