from __future__ import annotations

import pytest

from services.gateway.pages.frame import Frame, local_path
from services.gateway.pages.language import Speech


@pytest.mark.parametrize("wish", ["/cabinet", "/pupils/1/week?date=2025-11-17", "/lessons#p-1"])
def test_a_page_of_this_site_may_be_come_back_to(wish: str) -> None:
    assert local_path(wish) == wish


@pytest.mark.parametrize(
    "wish",
    [
        None,
        "",
        "cabinet",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/a\r\nSet-Cookie: x=1",
        "/\tevil",
        "/a\\b",
        "/" + "a" * 500,
    ],
)
def test_no_wish_leads_to_another_host(wish: str | None) -> None:
    """A18."""
    assert local_path(wish) == "/cabinet"


def test_the_switch_of_the_language_comes_back_to_the_page() -> None:
    frame = Frame(speech=Speech("ru"), path="/pupils/1/week?date=2025-11-17", csrf="")

    assert frame.switch_url == "/language?to=en&back=%2Fpupils%2F1%2Fweek%3Fdate%3D2025-11-17"
