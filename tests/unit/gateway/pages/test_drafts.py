"""What was typed is kept until its person is back, and nothing more than that."""

from __future__ import annotations

import pytest

from services.gateway.pages.drafts import packed, unpacked

PAGE = "/school/1/people/2"
MINE = "3"


def test_a_draft_is_read_on_its_own_page_and_by_its_own_person_alone() -> None:
    cookie = packed(PAGE, MINE, [("reason", "Ёлка"), ("role", "A"), ("role", "B")])

    assert unpacked(cookie, PAGE, MINE) == {"reason": ("Ёлка",), "role": ("A", "B")}
    assert unpacked(cookie, f"{PAGE}/roles", MINE) == {}
    assert unpacked(cookie, PAGE, "4") == {}
    assert unpacked(cookie, PAGE, "") == {}


def test_no_secret_is_kept() -> None:
    assert packed(PAGE, MINE, [("password", "x"), ("snils", "x"), ("code", "x"), ("reason", "")]) == ""


def test_the_longest_reason_fits_and_more_than_a_browser_keeps_is_not_kept() -> None:
    longest = "Щ" * 500

    assert unpacked(packed(PAGE, MINE, [("reason", longest)]), PAGE, MINE) == {"reason": (longest,)}
    assert packed(PAGE, MINE, [("reason", longest * 4)]) == ""


@pytest.mark.parametrize(
    "cookie", ["", "?", "A", "bm9uZQ==", "W10=", "WzEsMl0=", "WyIvcCIsICIiLCAzXQ==", "/////w=="]
)
def test_what_is_no_draft_is_none(cookie: str) -> None:
    assert unpacked(cookie, "/p", "") == {}
