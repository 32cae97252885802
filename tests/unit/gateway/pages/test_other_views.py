"""Notices, the journal, the doors and troubles: replies as their pages show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from school.diary.v1.journal_pb2 import GetLessonResponse, JournalRow, ListMyLessonsResponse, TaughtLesson
from school.diary.v1.schools_pb2 import PupilInClass
from school.identity.v1.families_pb2 import Child
from school.identity.v1.regions_pb2 import Region
from school.notifications.v1.inbox_pb2 import Notice, NoticeKind
from services.gateway.edge.languages import LANGUAGES
from services.gateway.pages.doors.regions import regions_view
from services.gateway.pages.doors.welcome import welcome_view
from services.gateway.pages.journal.view import Aftermath, RowTrouble, day_of_lessons, journal_view
from services.gateway.pages.language import Speech
from services.gateway.pages.notices.view import KEYS, by_day, notice_views
from services.gateway.pages.troubles.view import LEVELS_NEEDED, LEVELS_SEEN, Details, trouble_view

# --- notices ---


def notice(number: int, at: datetime) -> Notice:
    one = Notice(
        notice_id=str(number), kind=NoticeKind.NOTICE_KIND_MARK_SET, pupil_id="p", lesson_date="2025-11-17"
    )
    one.posted_at.FromDatetime(at)
    return one


def test_a_notice_belongs_to_the_day_of_its_school() -> None:
    """20:00 UTC on the 17th is already the 18th in Yekaterinburg."""
    late = notice(1, datetime(2025, 11, 17, 20, 0, tzinfo=UTC))

    days = by_day(notice_views([late], {"p": ZoneInfo("Asia/Yekaterinburg")}))

    assert [day.date for day in days] == [date(2025, 11, 18)]


def test_notices_are_grouped_in_the_order_given() -> None:
    notices = [
        notice(3, datetime(2025, 11, 18, 9, tzinfo=UTC)),
        notice(2, datetime(2025, 11, 17, 12, tzinfo=UTC)),
    ]

    days = by_day(notice_views([*notices, notice(1, datetime(2025, 11, 17, 9, tzinfo=UTC))], {}))

    assert [[one.notice_id for one in day.notices] for day in days] == [["3"], ["2", "1"]]


def test_a_notice_leads_to_its_day_in_the_diary() -> None:
    view = notice_views([notice(1, datetime(2025, 11, 18, tzinfo=UTC))], {})[0]

    assert view.url == "/pupils/p/week?date=2025-11-17#d-2025-11-17"
    assert view.unread


def test_every_kind_of_notice_has_its_sentence() -> None:
    assert set(KEYS) == set(NoticeKind.values()) - {NoticeKind.NOTICE_KIND_UNSPECIFIED}


# --- the journal ---


def test_a_day_without_lessons_knows_where_the_last_ones_were() -> None:
    empty = ListMyLessonsResponse(date="2026-07-15", last_lessons_on="2026-05-26")

    assert day_of_lessons(empty).last_lessons_on == date(2026, 5, 26)
    assert day_of_lessons(ListMyLessonsResponse(date="2026-07-15")).last_lessons_on is None


def journal(day: str = "2025-11-18") -> GetLessonResponse:
    rows = [JournalRow(pupil_id="a", mark="4", mark_version=2), JournalRow(pupil_id="b")]
    return GetLessonResponse(lesson=TaughtLesson(date=day), rows=rows, scale=["5", "5-", "4", "н/а"])


def test_a_lesson_ahead_takes_no_marks() -> None:
    today = date(2025, 11, 18)

    assert journal_view(journal(), today=today, aftermath=Aftermath()).marking
    assert not journal_view(journal("2025-11-19"), today=today, aftermath=Aftermath()).marking


def test_a_class_without_marks_takes_none() -> None:
    reply = journal()
    del reply.scale[:]

    assert not journal_view(reply, today=date(2025, 11, 18), aftermath=Aftermath()).marking


def test_the_marks_of_one_figure_come_first() -> None:
    view = journal_view(journal(), today=date(2025, 11, 18), aftermath=Aftermath())

    assert view.whole == ("5", "4")
    assert view.others == ("5-", "н/а")


def test_trouble_stands_in_the_row_it_concerns() -> None:
    aftermath = Aftermath(troubles={"b": RowTrouble("STALE_MARK", "5")})

    view = journal_view(journal(), today=date(2025, 11, 18), aftermath=aftermath)

    assert [row.trouble.wished if row.trouble else None for row in view.rows] == [None, "5"]


# --- the doors ---

REGIONS = [
    Region(code="59", title="Пермский край", here=True, esia_enabled=True),
    *(
        Region(code=str(code), title=f"Область {code}", address=f"https://{code}.example")
        for code in range(60, 70)
    ),
    Region(code="44", title="Королёвская область", address="https://44.example/"),
]


def test_the_region_served_here_comes_first_whatever_is_searched() -> None:
    view = regions_view(REGIONS, query="ничего такого", back="")

    assert [region.code for region in view.here] == ["59"]
    assert view.elsewhere == ()


@pytest.mark.parametrize("query", ["королев", "КОРОЛЁВ", "44"])
def test_a_region_is_found_by_name_however_it_is_spelled_and_by_code(query: str) -> None:
    assert [region.code for region in regions_view(REGIONS, query=query, back="").elsewhere] == ["44"]


def test_few_regions_need_no_search() -> None:
    assert regions_view(REGIONS, query="", back="").searchable
    assert not regions_view(REGIONS[:3], query="", back="").searchable


def test_a_region_elsewhere_shows_its_host() -> None:
    assert regions_view(REGIONS, query="44", back="").elsewhere[0].host == "44.example"


def test_welcome_names_the_children_with_class_and_school() -> None:
    pupils = [PupilInClass(pupil_id="a", display_name="А", class_title="1А", school_title="Школа № 1")]
    children = [Child(person_id="a"), Child(person_id="b")]

    view = welcome_view("Имя", "me", children, pupils, teaches=False, onward="/cabinet")

    assert [(child.name, child.class_title) for child in view.children] == [("А", "1А")]
    assert len(view.waiting) == 1
    assert view.own is None


def test_welcome_without_the_diary_still_names_the_children() -> None:
    view = welcome_view("Имя", "me", [Child(person_id="a")], None, teaches=False, onward="/cabinet")

    assert len(view.waiting) == 1
    assert view.silent


# --- troubles ---


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        ("SNILS_UNKNOWN", "/sign-in#by-password"),
        ("ESIA_UNAVAILABLE", "/sign-in#by-password"),
        ("SIGN_IN_UNKNOWN", "/sign-in"),
        ("ESIA_REFUSED", "/sign-in"),
        ("UNKNOWN_REGION", "/?choose=1"),
    ],
)
def test_a_refused_sign_in_leads_to_the_door_that_helps(reason: str, first: str) -> None:
    view = trouble_view(reason, 403, signed_in=False, door=True)

    assert view.actions[0].url == first


def test_a_silent_service_is_asked_again_and_what_works_is_told() -> None:
    view = trouble_view("UNAVAILABLE", 503, signed_in=True, again="/cabinet")

    assert view.actions[0].url == "/cabinet"
    assert view.still_works


def test_only_parts_of_a_name_are_said_to_differ() -> None:
    def details(part: str, reason: str = "NAME_DIFFERS") -> tuple[str, ...]:
        return trouble_view(reason, 403, signed_in=False, details=Details(part=part)).details

    assert details("surname") == ("trouble.part.surname",)
    assert details("<b>") == ()
    assert details("surname", "SNILS_UNKNOWN") == ()


def test_a_level_too_low_is_said_with_the_one_that_is_needed() -> None:
    """R6."""

    def details(seen: str, needed: str) -> tuple[str, ...]:
        told = Details(seen=seen, needed=needed)
        return trouble_view("LEVEL_TOO_LOW", 403, signed_in=False, details=told).details

    assert details("child", "standard") == ("trouble.seen.child", "trouble.needed.standard")
    assert details("<b>", "standard") == ()
    assert details("child", "simplified") == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_level_that_can_be_lacking_has_words(language: str) -> None:
    """R6: and how to raise it."""
    speech = Speech(language)

    assert all(speech.knows(f"trouble.seen.{level}") for level in LEVELS_SEEN)
    assert all(speech.knows(f"trouble.needed.{level}") for level in LEVELS_NEEDED)
