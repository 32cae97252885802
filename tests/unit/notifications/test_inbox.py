"""What news is called."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.notifications.inbox.rules import MarkNews, NoticeKind


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
