"""Who looks after the family of a pupil who has left: the next school, and until then the last (A34)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from school.identity.v1 import families_pb2
from tests.integration.identity.families.family import School, children
from tests.support.identity import Doors, Registered, Town, reason

Deed = Callable[[School, Registered, Registered, families_pb2.Relation], Awaitable[object]]


def later(school: School) -> str:
    """A day to come."""
    return (school.today + timedelta(days=40)).isoformat()


TAKES_AWAY: dict[str, Deed] = {
    "read": lambda school, _, pupil, __: school.family(pupil),
    "shorten": lambda school, _, __, relation: school.change(relation.relation_id, until=later(school)),
    "end": lambda school, _, __, relation: school.end(relation.relation_id),
    "limit": lambda school, guardian, pupil, _: school.limit(guardian, pupil),
}
LETS_IN: dict[str, Deed] = {
    "lengthen": lambda school, _, __, relation: school.change(relation.relation_id),
    "register": lambda school, _, pupil, __: _another(school, pupil),
}


async def _another(school: School, pupil: Registered) -> None:
    another = await school.here.register("Королёв Олег")
    await school.relate(another, pupil)


@pytest.mark.parametrize("deed", [*TAKES_AWAY, *LETS_IN])
async def test_once_another_school_has_the_pupil_the_former_one_has_no_say(
    doors: Doors, school: School, other_school: School, deed: str
) -> None:
    """Although it has registered the relation; the school where the pupil studies does all of it."""
    (guardian, session), pupil = await school.parent(), await school.pupil()
    until = (school.today + timedelta(days=100)).isoformat()
    relation = await school.relate(guardian, pupil, until=until)
    await school.leave(pupil)
    await other_school.take(pupil)
    does = (TAKES_AWAY | LETS_IN)[deed]

    assert await reason(does(school, guardian, pupil, relation)) == "PUPIL_LEFT"
    assert await children(doors, session) == ["Пётр"]

    await does(other_school, guardian, pupil, relation)


@pytest.mark.parametrize("deed", TAKES_AWAY)
async def test_until_then_the_last_school_takes_away(school: School, deed: str) -> None:
    """A court's decision does not wait for the next school."""
    (guardian, _), pupil = await school.parent(), await school.pupil()
    relation = await school.relate(guardian, pupil)
    await school.leave(pupil)

    await TAKES_AWAY[deed](school, guardian, pupil, relation)


@pytest.mark.parametrize("deed", LETS_IN)
async def test_and_lets_nobody_in(school: School, deed: str) -> None:
    (guardian, _), pupil = await school.parent(), await school.pupil()
    until = (school.today + timedelta(days=100)).isoformat()
    relation = await school.relate(guardian, pupil, until=until)
    await school.leave(pupil)

    assert await reason(LETS_IN[deed](school, guardian, pupil, relation)) == "PUPIL_LEFT"


async def test_what_the_last_school_has_forbidden_it_does_not_allow_again(school: School) -> None:
    (guardian, _), pupil = await school.parent(), await school.pupil()
    await school.relate(guardian, pupil)
    await school.leave(pupil)
    limit = await school.limit(guardian, pupil)

    assert await reason(school.lift(limit.limit_id)) == "PUPIL_LEFT"


async def test_of_two_former_schools_the_last_one_looks_after_the_family(
    school: School, other_school: School
) -> None:
    """The page says that the pupil is nowhere."""
    pupil = await school.pupil()
    await school.leave(pupil)
    await other_school.take(pupil)
    await other_school.leave(pupil)

    assert await reason(school.family(pupil)) == "PUPIL_LEFT"
    assert (await other_school.family(pupil)).pupil_left


async def test_a_school_that_never_had_the_pupil_learns_nothing(
    here: Town, school: School, other_school: School
) -> None:
    """Not even that the pupil has left."""
    pupil = await school.pupil()
    await school.leave(pupil)

    assert await reason(other_school.family(pupil)) == "NOT_THEIR_SCHOOL"


async def test_a_school_has_the_whole_say_again_when_the_pupil_is_back(school: School) -> None:
    (guardian, _), pupil = await school.parent(), await school.pupil()
    await school.leave(pupil)
    await school.take(pupil)

    await school.relate(guardian, pupil)

    assert not (await school.family(pupil)).pupil_left
