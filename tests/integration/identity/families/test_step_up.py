"""What lets somebody see a diary asks the registrar who they are; what takes away waits for nothing (A8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from school.identity.v1 import families_pb2
from tests.integration.identity.families.family import NO_CONTACTS, School
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Registered, reason

Deed = Callable[[School, Registered, Registered, families_pb2.Relation], Awaitable[object]]


def on(school: School, days: int) -> str:
    """A day to come."""
    return (school.today + timedelta(days=days)).isoformat()


LETS_IN: dict[str, Deed] = {
    "register": lambda school, stranger, pupil, _: school.relate(stranger, pupil),
    "lengthen": lambda school, _, __, relation: school.change(relation.relation_id, until=on(school, 101)),
    "without end": lambda school, _, __, relation: school.change(relation.relation_id),
}
TAKES_AWAY: dict[str, Deed] = {
    "end": lambda school, _, __, relation: school.end(relation.relation_id),
    "shorten": lambda school, _, __, relation: school.change(relation.relation_id, until=on(school, 99)),
    "document": lambda school, _, __, relation: school.change(
        relation.relation_id, until=relation.term, document="Свидетельство о рождении"
    ),
    "limit": lambda school, stranger, pupil, _: school.limit(stranger, pupil),
}


async def a_while_ago(
    school: School, clock: MovableClock
) -> tuple[Registered, Registered, families_pb2.Relation]:
    """A stranger, a pupil, and their guardian's relation; the registrar entered six minutes ago."""
    (guardian, _), (stranger, _) = await school.parent(), await school.parent("Королёв Олег")
    pupil = await school.pupil()
    relation = await school.relate(guardian, pupil, until=on(school, 100))
    clock.move(minutes=6)
    await school.works_on()
    return stranger, pupil, relation


@pytest.mark.parametrize("deed", LETS_IN)
async def test_letting_in_asks_who_it_is(school: School, clock: MovableClock, deed: str) -> None:
    """Once in five minutes, not at every row."""
    stranger, pupil, relation = await a_while_ago(school, clock)

    assert await reason(LETS_IN[deed](school, stranger, pupil, relation)) == "STEP_UP_NEEDED"

    await school.next_working_day()
    for each in LETS_IN.values():
        await each(school, stranger, pupil, relation)
        stranger, _ = await school.parent("Королёв Игорь")


@pytest.mark.parametrize("deed", TAKES_AWAY)
async def test_taking_away_waits_for_nothing(school: School, clock: MovableClock, deed: str) -> None:
    stranger, pupil, relation = await a_while_ago(school, clock)

    await TAKES_AWAY[deed](school, stranger, pupil, relation)


@pytest.mark.parametrize("kind", [families_pb2.COURT_LIMIT_KIND_NO_ACCESS, NO_CONTACTS])
async def test_lifting_a_limit_asks_who_it_is(
    doors: Doors, school: School, clock: MovableClock, kind: families_pb2.CourtLimitKind.ValueType
) -> None:
    (guardian, _), pupil = await school.parent(), await school.pupil()
    await school.relate(guardian, pupil)
    limit = await school.limit(guardian, pupil, kind)
    clock.move(minutes=6)
    await school.works_on()

    assert await reason(school.lift(limit.limit_id)) == "STEP_UP_NEEDED"
    assert [each.limit.limit_id for each in (await school.family(pupil)).limits] == [limit.limit_id]

    await school.next_working_day()
    await school.lift(limit.limit_id)
    assert list((await school.family(pupil)).limits) == []
