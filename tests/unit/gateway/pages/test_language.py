from __future__ import annotations

from datetime import date, time

import pytest

from services.gateway.edge.languages import chosen_language
from services.gateway.pages.language import Speech
from services.gateway.pages.rendering import beginning


@pytest.mark.parametrize(
    ("remembered", "accepted", "chosen"),
    [
        (None, None, "ru"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "de,en;q=0.4,ru;q=0.6", "ru"),
        (None, "fr-FR, fr;q=0.9", "ru"),
        (None, "en;q=nonsense", "ru"),
        (None, "en;q=0", "ru"),
        ("ru", "en", "ru"),
        ("en", "ru", "en"),
        ("xx", "en", "en"),
    ],
)
def test_a_switch_wins_over_the_browser_and_russian_is_the_default(
    remembered: str | None, accepted: str | None, chosen: str
) -> None:
    assert chosen_language(remembered, accepted) == chosen


def test_what_is_filled_in_is_escaped() -> None:
    said = Speech("ru").say("cabinet.hello", name="<script>")

    assert str(said) == "Здравствуйте, &lt;script&gt;"


@pytest.mark.parametrize(
    ("n", "words"), [(1, "1 урок"), (2, "2 урока"), (5, "5 уроков"), (11, "11 уроков"), (21, "21 урок")]
)
def test_russian_counts(n: int, words: str) -> None:
    assert Speech("ru").say("cabinet.lessons", n=n) == words


def test_english_counts() -> None:
    english = Speech("en")

    assert [str(english.say("cabinet.lessons", n=n)) for n in (1, 2)] == ["1 lesson", "2 lessons"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2025, 11, 17), date(2025, 11, 22), "17–22 ноября 2025"),
        (date(2025, 9, 29), date(2025, 10, 4), "29 сентября – 4 октября 2025"),
        (date(2025, 12, 29), date(2026, 1, 3), "29 декабря 2025 – 3 января 2026"),
    ],
)
def test_a_week_is_written_as_people_write_it(first: date, last: date, words: str) -> None:
    assert Speech("ru").span(first, last) == words


def test_days_and_hours() -> None:
    russian = Speech("ru")

    assert russian.weekday(date(2025, 11, 17)) == "Понедельник"
    assert russian.weekday_short(date(2025, 11, 20)) == "Чт"
    assert russian.full_day(date(2025, 11, 18)) == "вторник, 18 ноября"
    assert russian.clock(time(8, 30)) == "8:30"


def test_near_days_have_names_and_far_ones_a_year() -> None:
    russian, today = Speech("ru"), date(2025, 11, 20)

    assert russian.nearby(today, today) == "сегодня"
    assert russian.nearby(date(2025, 11, 19), today) == "вчера"
    assert russian.nearby(date(2025, 11, 21), today) == "завтра"
    assert russian.nearby(date(2025, 11, 3), today) == "3 ноября"
    assert russian.nearby(date(2024, 11, 3), today) == "3 ноября 2024"


def test_a_reason_without_words_of_its_own_gets_general_ones() -> None:
    russian = Speech("ru")

    assert russian.reason("BAD_JSON").title == "Тело запроса — не JSON"
    assert russian.reason("BAD_JSON").step == russian.say("reason.OTHER.step")
    assert russian.reason("NEVER_HEARD_OF").title == russian.say("reason.OTHER.title")


@pytest.mark.parametrize(
    ("words", "begun"), [("сегодня", "Сегодня"), ("17 November", "17 November"), ("", "")]
)
def test_what_begins_a_line_keeps_its_other_capitals(words: str, begun: str) -> None:
    assert beginning(words) == begun


def test_a_span_of_one_day_is_that_day() -> None:
    assert Speech("ru").span(date(2025, 11, 17), date(2025, 11, 17)) == "17 ноября 2025"
