"""How a list is paged through."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.kit.ids import new_id
from services.kit.paging import BadPageToken, page_size, page_token, read_page_token


@pytest.mark.parametrize(("wished", "size"), [(0, 50), (-1, 50), (1, 1), (200, 200), (100_000, 200)])
def test_a_page_has_a_sensible_size(wished: int, size: int) -> None:
    assert page_size(wished) == size


def test_a_page_token_leads_back_to_its_row() -> None:
    last = new_id()
    assert read_page_token(page_token(last)) == last
    assert read_page_token("") is None


@pytest.mark.parametrize(
    "token", ["a", "ы", "AAAA", "=" * 22, "!" * 22, page_token(UUID(int=1)) + "=", "A" * 21 + "B"]
)
def test_another_token_is_refused(token: str) -> None:
    with pytest.raises(BadPageToken):
        read_page_token(token)
