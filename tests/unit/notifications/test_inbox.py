"""What news is called, and how an inbox is paged."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.kit.ids import new_id
from services.notifications.inbox.rules import (
    BadPageToken,
    MarkNews,
    NoticeKind,
    page_size,
    page_token,
    read_page_token,
)


@pytest.mark.parametrize(
    ("previous", "mark", "kind"),
    [
        ("", "5", NoticeKind.MARK_SET),
        ("4", "5", NoticeKind.MARK_CHANGED),
        ("5", "", NoticeKind.MARK_REMOVED),
    ],
)
def test_news_is_called_by_what_stands_and_what_stood(previous: str, mark: str, kind: NoticeKind) -> None:
    happened_at = datetime(2025, 9, 1, 9, 30, tzinfo=UTC)
    news = MarkNews(uuid4(), 1, uuid4(), uuid4(), "Алгебра", happened_at.date(), mark, previous, happened_at)
    assert news.kind is kind


@pytest.mark.parametrize(("wished", "size"), [(0, 50), (-1, 50), (1, 1), (200, 200), (100_000, 200)])
def test_a_page_has_a_sensible_size(wished: int, size: int) -> None:
    assert page_size(wished) == size


def test_a_page_token_leads_back_to_its_notice() -> None:
    last = new_id()
    assert read_page_token(page_token(last)) == last
    assert read_page_token("") is None


@pytest.mark.parametrize(
    "token", ["a", "ы", "AAAA", "=" * 22, "!" * 22, page_token(new_id()) + "=", "A" * 21 + "B"]
)
def test_another_token_is_refused(token: str) -> None:
    with pytest.raises(BadPageToken):
        read_page_token(token)
