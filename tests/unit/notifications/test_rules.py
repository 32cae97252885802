"""When a relation holds, what news is called, how an inbox is paged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from services.kit.ids import new_id
from services.notifications.access.rules import Relation
from services.notifications.inbox.rules import (
    BadPageToken,
    MarkNews,
    NoticeKind,
    page_size,
    page_token,
    read_page_token,
)

_FIRST, _LAST = date(2025, 9, 1), date(2025, 9, 3)


def _at(day: int, hour: int) -> datetime:
    return datetime(2025, 9, day, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        # 31 August, 21:30 UTC: the first day in Kamchatka since long, in Kaliningrad not yet
        (datetime(2025, 8, 31, 21, 30, tzinfo=UTC), False),
        (datetime(2025, 8, 31, 22, 30, tzinfo=UTC), True),
        (_at(2, 12), True),
        (_at(3, 11), True),
        # 3 September, 12:30 UTC: the last day is over in Kamchatka
        (_at(3, 12), False),
        (_at(4, 0), False),
    ],
)
def test_a_relation_holds_where_it_holds_in_the_whole_country(now: datetime, holds: bool) -> None:
    assert Relation(_FIRST, _LAST).holds_at(now) is holds


def test_a_relation_without_an_end_goes_on() -> None:
    assert Relation(_FIRST, None).holds_at(datetime(2035, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("relation", [Relation(None, None), Relation(_FIRST, None, ended=True)])
def test_a_relation_that_ended_or_was_never_told_holds_never(relation: Relation) -> None:
    assert not relation.holds_at(_at(2, 12))


@pytest.mark.parametrize(
    ("previous", "mark", "kind"),
    [
        ("", "5", NoticeKind.MARK_SET),
        ("4", "5", NoticeKind.MARK_CHANGED),
        ("5", "", NoticeKind.MARK_REMOVED),
    ],
)
def test_news_is_called_by_what_stands_and_what_stood(previous: str, mark: str, kind: NoticeKind) -> None:
    news = MarkNews(uuid4(), 1, uuid4(), uuid4(), "Алгебра", _FIRST, mark, previous, _at(1, 9))
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
