"""One's own data, to be read."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.gateway.edge.languages import LANGUAGES
from services.gateway.pages.account.export import Line, readable
from services.gateway.pages.language import Speech
from services.identity.own_data.catalogue import CATALOGUE, Holding

OMSK = ZoneInfo("Asia/Omsk")
KNOWN = Speech("ru").keys


def lines(row: dict[str, object], group: str = "sessions") -> tuple[Line, ...]:
    """The lines of one row of a group."""
    (part,) = readable({"format": 1, group: {"rows": [row]}}, KNOWN, OMSK)
    return part.records[0] if part.records else ()


def test_an_instant_is_shown_in_the_readers_zone_and_a_date_as_it_is() -> None:
    began, born = lines({"began_at": "2026-11-29T20:30:00.000000Z", "birth_date": "1986-04-12"})

    assert (began.at, began.is_instant) == (datetime(2026, 11, 30, 2, 30, tzinfo=OMSK), True)
    assert (born.at, born.is_instant) == (date(1986, 4, 12), False)


@pytest.mark.parametrize("text", ["20010112311", "2026-W01", "12", "2026-11-30 и позже"])
def test_what_only_resembles_a_date_is_a_text(text: str) -> None:
    """A SNILS may read as a date and an hour."""
    (line,) = lines({"snils": text})

    assert (line.text, line.at) == (text, None)


def test_codes_have_words_and_what_has_none_is_shown_as_it_is() -> None:
    role, documents, device = lines(
        {"role": "GUARDIAN", "documents": ["PASSPORT", "CONSENT"], "device": "Chrome, Android"}
    )

    assert role.words == ("export.code.GUARDIAN",)
    assert documents.words == ("export.code.PASSPORT", "export.code.CONSENT")
    assert device.text == "Chrome, Android"


def test_a_deed_has_the_words_of_the_history() -> None:
    known, unknown = (lines({"action": action}, "audit") for action in ("set_password", "fly"))

    assert [line.words for line in (*known, *unknown)] == [("deed.set_password",), ("deed.other",)]


def test_what_is_empty_or_of_use_to_programs_alone_is_left_out() -> None:
    row = {"id": "0193", "version": 3, "patronymic": "", "ended_at": None, "on_paper": False, "login": "anna"}

    assert [line.key for line in lines(row)] == ["export.login"]
    assert lines({"account_id": "0193"}) == ()


def test_what_was_sealed_as_a_whole_is_shown_line_by_line() -> None:
    (line,) = lines({"content": {"pupil": "Ёлкин Пётр, 7Б", "code": "ABCD-EFGH"}}, "corrections")

    assert line == Line("export.pupil", text="Ёлкин Пётр, 7Б")


@pytest.mark.parametrize("holding", CATALOGUE, ids=lambda holding: holding.table.name)
def test_of_every_table_something_can_be_read(holding: Holding) -> None:
    """Whoever adds a table that speaks of persons gives words to its fields."""
    # A table of ids says nothing that a person could read.
    fields = {field for field in (*holding.shown, *holding.opened) if field != "id" and field[-3:] != "_id"}

    assert not (holding.theirs and fields) or any(f"export.{field}" in KNOWN for field in fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_group_has_a_heading(language: str) -> None:
    known = Speech(language).keys

    assert {str(holding.data) for holding in CATALOGUE} <= {
        key.removeprefix("erasure.data.") for key in known if key.startswith("erasure.data.")
    }
