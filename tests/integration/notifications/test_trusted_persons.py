"""R34, A30: a trusted person is told what a delegation names, while it and the right behind it hold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from school.access.v1.scope_pb2 import SCOPE_ATTENDANCE, SCOPE_HOMEWORK, SCOPE_MARKS
from school.identity.v1.events_pb2 import DelegationEnded, DelegationGranted
from services.kit.ids import new_id
from tests.integration.notifications.town import Mark, Town, words


async def trust(town: Town, trusted: UUID, pupil: UUID, **changes: Any) -> UUID:
    """Identity tells that somebody is trusted with a pupil's marks."""
    known: dict[str, Any] = {
        "delegation_id": str(new_id()),
        "scopes": [SCOPE_MARKS],
        "valid_from": "2025-09-01",
        "valid_until": "2026-05-31",
        "version": 1,
    }
    event = DelegationGranted(trusted_id=str(trusted), pupil_id=str(pupil), **{**known, **changes})
    delegation_id = UUID(event.delegation_id)
    await town.identity.state_event(event, aggregate=delegation_id, version=event.version)
    return delegation_id


async def end(town: Town, delegation_id: UUID, trusted: UUID, pupil: UUID, *, version: int = 2) -> None:
    """Identity tells that the delegation is over."""
    event = DelegationEnded(
        delegation_id=str(delegation_id), trusted_id=str(trusted), pupil_id=str(pupil), version=version
    )
    event.ended_at.FromDatetime(town.clock.now())
    await town.identity.state_event(event, aggregate=delegation_id, version=version)


async def is_told(town: Town, person: UUID, pupil: UUID) -> bool:
    """Whether somebody hears of a new mark."""
    before = len((await town.inbox(person)).notices)
    await town.set_mark(Mark(pupil), "5")
    await town.settled()
    return len((await town.inbox(person)).notices) > before


async def test_a_trusted_person_is_told_of_marks_until_the_delegation_ends(town: Town) -> None:
    pupil, _ = await town.family()
    granny = await town.person("Ёлкина Вера")
    await town.settled()
    assert not await is_told(town, granny, pupil)

    delegation = await trust(town, granny, pupil)
    await town.settled()
    assert await is_told(town, granny, pupil)
    assert words((await town.inbox(granny)).notices) == [("SET", "", "5")]  # nothing of before

    await end(town, delegation, granny, pupil)
    await town.settled()
    assert not await is_told(town, granny, pupil)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scopes": [SCOPE_HOMEWORK, SCOPE_ATTENDANCE]}, False),
        ({"scopes": [0, 99]}, False),
        ({"scopes": []}, False),
        ({"valid_from": "2025-10-16"}, False),
        ({"valid_until": "2025-10-14"}, False),
        ({"valid_until": "2025-10-15"}, True),
    ],
)
async def test_nobody_is_told_beyond_scopes_and_days(town: Town, changes: dict[str, Any], told: bool) -> None:
    pupil, _ = await town.family()
    granny = await town.person("Ёлкина Вера")
    await trust(town, granny, pupil, **changes)
    await town.settled()

    assert await is_told(town, granny, pupil) is told


async def test_with_the_relation_behind_it_a_delegation_tells_nothing(town: Town) -> None:
    """A30: also before anybody tells that the delegation ended; and nothing before the relation is known."""
    pupil, _ = await town.family(guardians=0)
    parent, granny, relation = await town.person("Иванова Анна"), await town.person("Ёлкина Вера"), new_id()
    await trust(town, granny, pupil, relation_id=str(relation))
    await town.settled()
    assert not await is_told(town, granny, pupil)

    await town.relation(parent, pupil, relation_id=relation)
    await town.settled()
    assert await is_told(town, granny, pupil)

    await town.end(relation, parent, pupil)
    await town.settled()
    assert not await is_told(town, granny, pupil)


async def test_an_end_that_is_told_first_counts(town: Town) -> None:
    pupil, _ = await town.family()
    granny, delegation = await town.person("Ёлкина Вера"), new_id()
    await end(town, delegation, granny, pupil)
    await trust(town, granny, pupil, delegation_id=str(delegation))
    await town.settled()

    assert not await is_told(town, granny, pupil)
