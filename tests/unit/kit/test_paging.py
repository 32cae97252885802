"""How a list is paged through."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.kit.ids import new_id
from services.kit.paging import BadPageToken, Page, PageWish, page_size, page_token, read_page_token


@pytest.mark.parametrize(("wished", "size"), [(0, 50), (-1, 50), (1, 1), (200, 200), (100_000, 200)])
def test_a_page_has_a_sensible_size(wished: int, size: int) -> None:
    assert page_size(wished) == size


def test_a_page_token_leads_back_to_its_row() -> None:
    last = new_id()
    assert read_page_token(page_token(last)) == last
    assert read_page_token("") is None


@pytest.mark.parametrize(
    ("there_are", "shown", "more"),
    [(0, 0, False), (1, 1, False), (2, 2, False), (3, 2, True)],
)
def test_a_page_goes_on_after_its_last_row_when_there_are_more(
    there_are: int, shown: int, more: bool
) -> None:
    rows = [UUID(int=number) for number in range(1, there_are + 1)]
    wish = PageWish(2, after=None)

    assert wish.page(rows[: wish.limit], lambda row: row) == Page(
        rows[:shown], page_token(rows[shown - 1]) if more else ""
    )


@pytest.mark.parametrize(
    "token", ["a", "ы", "AAAA", "=" * 22, "!" * 22, page_token(UUID(int=1)) + "=", "A" * 21 + "B"]
)
def test_another_token_is_refused(token: str) -> None:
    with pytest.raises(BadPageToken):
        read_page_token(token)
