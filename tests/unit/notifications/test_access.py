"""When a relation holds, as far as notifications can know."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.notifications.access.rules import Relation

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
