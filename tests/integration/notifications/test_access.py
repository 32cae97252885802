"""Who is told is decided at the moment of telling, and the order in which facts arrive does not matter."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from school.identity.v1.events_pb2 import RelationEnded
from services.kit.ids import new_id
from services.notifications.access.storage import relations
from tests.integration.notifications.conftest import NOW
from tests.integration.notifications.town import Mark, Town, words


def _after_any_event() -> datetime:
    """Events bear the instant of their transaction, by the machine's clock."""
    return datetime.now(UTC) + timedelta(days=1)


async def test_a_relation_that_is_over_tells_nobody(town: Town) -> None:
    """A30: from the moment its end arrives."""
    pupil, _ = await town.family(guardians=0)
    parent = await town.person("Иванова Анна")
    relation = await town.relation(parent, pupil)
    await town.settled()  # the mark is of the past: to a relation that comes after it, it is nobody's news
    await town.set_mark(Mark(pupil), "4")
    await town.settled()
    await town.end(relation, parent, pupil)
    await town.settled()
    await town.set_mark(Mark(pupil), "2")
    await town.settled()

    assert words((await town.inbox(parent)).notices) == [("SET", "", "4")]


async def test_an_end_that_comes_before_its_beginning_counts(town: Town) -> None:
    pupil, _ = await town.family(guardians=0)
    parent, relation = await town.person("Иванова Анна"), new_id()
    await town.end(relation, parent, pupil, version=2)
    await town.relation(parent, pupil, version=1, relation_id=relation)
    await town.settled()
    await town.set_mark(Mark(pupil), "2")
    await town.settled()

    assert not (await town.inbox(parent)).notices


async def test_an_end_that_cannot_be_read_counts_also_before_its_beginning(town: Town) -> None:
    """I5: what the end says cannot be read; of which relation it is, and at which version, can."""
    pupil, _ = await town.family(guardians=0)
    parent, relation = await town.person("Иванова Анна"), new_id()
    for consumer in town.notifications.consumers:
        consumer._attempts = 1
    unreadable = RelationEnded(relation_id="?", version=2)
    await town.identity.state_event(unreadable, aggregate=relation, version=2)
    await town.settled()
    await town.relation(parent, pupil, version=1, relation_id=relation)
    await town.settled()
    await town.set_mark(Mark(pupil), "2")
    await town.settled()
    assert not (await town.inbox(parent)).notices

    await town.relation(parent, pupil, version=3, relation_id=relation)
    await town.settled()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    assert ("SET", "", "5") in words((await town.inbox(parent)).notices)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("2025-10-15", "2025-10-15", True),
        ("2025-10-16", "", False),
        ("2020-09-01", "2025-10-14", False),
    ],
)
async def test_a_relation_holds_on_its_days(town: Town, first: str, last: str, told: bool) -> None:
    pupil, _ = await town.family(guardians=0)
    parent = await town.person("Иванова Анна")
    await town.relation(parent, pupil, first=first, last=last)
    await town.settled()
    await town.set_mark(Mark(pupil), "5")
    await town.settled()

    assert bool((await town.inbox(parent)).notices) is told


async def test_a_mark_that_arrives_before_the_relation_is_told_when_it_comes(town: Town) -> None:
    """Two streams: the diary's was faster. The relation was registered before the mark was set."""
    pupil, _ = await town.family(guardians=0)
    await town.set_mark(Mark(pupil), "5", at=_after_any_event())
    await town.settled()
    parent = await town.person("Иванова Анна")
    await town.relation(parent, pupil)
    await town.settled()

    assert words((await town.inbox(parent)).notices) == [("SET", "", "5")]
    assert len((await town.inbox(pupil)).notices) == 1


async def test_a_new_guardian_is_not_told_of_the_past(town: Town) -> None:
    """What happened before the relation was registered is read in the diary."""
    pupil, [_] = await town.family()
    await town.set_mark(Mark(pupil), "2", at=NOW - timedelta(days=1))
    await town.settled()
    parent = await town.person("Иванова Анна")
    await town.relation(parent, pupil)
    await town.settled()

    assert not (await town.inbox(parent)).notices


async def test_marks_and_relations_at_the_same_instant_miss_nobody(town: Town) -> None:
    """Whichever transaction is first, a new guardian is told of the mark set after they were registered."""
    pupils = [(await town.family(f"Пупил {n}", guardians=0))[0] for n in range(10)]
    parent = await town.person("Иванова Анна")
    later = _after_any_event()

    await asyncio.gather(
        *(town.relation(parent, pupil) for pupil in pupils),
        *(town.set_mark(Mark(pupil), "5", at=later) for pupil in pupils),
    )
    await town.settled()

    told = (await town.inbox(parent)).notices
    assert sorted(notice.pupil_id for notice in told) == sorted(map(str, pupils))


async def test_a_newer_name_is_not_replaced_by_an_older_one(town: Town) -> None:
    pupil, _ = await town.family("Сидорова Анна", guardians=0)
    await town.person("Петрова Анна", version=3, person_id=pupil)
    await town.person("Сидорова-Петрова Анна", version=2, person_id=pupil)
    await town.set_mark(Mark(pupil), "5")
    await town.settled()

    assert [notice.pupil_name for notice in (await town.inbox(pupil)).notices] == ["Петрова Анна"]


async def test_relations_that_are_told_again_are_no_news(town: Town) -> None:
    """Neither to a copy that has them nor to one that was lost: nobody is told twice, or of the past."""
    pupil, _ = await town.family(guardians=0)
    parent, relation = await town.person("Иванова Анна"), new_id()
    await town.relation(parent, pupil, relation_id=relation)
    await town.settled()
    await town.set_mark(Mark(pupil), "4")
    await town.settled()
    await town.relation(parent, pupil, relation_id=relation)
    await town.settled()
    async with town.notifications.database.transaction() as tx:
        await tx.execute(delete(relations).where(relations.c.pupil_id == pupil))
    await town.relation(parent, pupil, relation_id=relation)
    await town.settled()

    assert words((await town.inbox(parent)).notices) == [("SET", "", "4")]
