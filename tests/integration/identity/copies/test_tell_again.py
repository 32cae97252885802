"""What others copy is told once more on command: a lost copy is filled by it, a wrong one put right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.identity.copies.jetstream import OwnStream
from services.identity.copies.rules import Matter, NoRoom, NothingToTell, NotTaken, Wish, require_room
from services.identity.copies.usecases import Broker, Pace, TellingAgain
from services.identity.delegations.storage import delegations
from services.identity.families.storage import relations
from services.identity.people.storage import people
from services.kit.ids import new_id
from services.kit.messaging.streams import Filling, Stream
from services.kit.tables import outbox
from tests.conftest import DatabaseUrl
from tests.integration.identity.copies.readers import MOSCOW, Region, reading
from tests.integration.identity.delegations.family import Somebody, family, somebody, token_for
from tests.integration.identity.families.conftest import open_school
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.esia import Bench
from tests.support.identity import Town, town
from tests.support.keys import make_keys
from tests.support.waiting import eventually


@pytest.fixture
async def region(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats: OwnNats, clock: MovableClock
) -> AsyncIterator[Region]:
    """A region in which nothing was lost: rights that hold, were changed, are over, were not accepted."""
    async with (
        town(
            tmp_path,
            stand,
            make_keys(tmp_path),
            database_url=await database_url("identity"),
            nats_url=nats.url("identity"),
            clock=clock,
        ) as here,
        reading(here, nats, database_url, clock) as running,
    ):
        school = await open_school(here, here.doors)
        pupil = await school.pupil()
        mother, father, uncle = [await school.parent() for _ in range(3)]
        kept = await school.relate(mother[0], pupil)
        await school.change(kept.relation_id, until=(school.today + timedelta(days=2 * 365)).isoformat())
        await school.end((await school.relate(father[0], pupil)).relation_id)
        await school.relate(uncle[0], pupil)
        await school.limit(uncle[0], pupil)

        trusting = Somebody(here, mother[0], "", mother[1])
        granny, aunt = await somebody(here), await somebody(here)
        await trusting.invite(pupil.person_id)
        await granny.accept(token=await token_for(here, trusting.id))
        over = await trusting.invite(pupil.person_id)
        await aunt.accept(token=await token_for(here, trusting.id))
        await trusting.withdraw(pupil.person_id, over.delegation_id)
        await trusting.invite(pupil.person_id)

        # Persons are registered here straight in the tables: they are told for the first time.
        await running.tell("people")
        yield running


async def _copies(region: Region, *, sources: bool = False) -> list[dict[str, set[tuple[object, ...]]]]:
    return [await reader.copy(sources=sources) for reader in region.readers]


async def test_copies_that_were_emptied_are_as_if_nothing_had_been_lost(region: Region) -> None:
    whole = await _copies(region)
    assert [len(whole[0][table]) for table in ("relations", "delegations")] == [3, 2]
    for reader in region.readers:
        await reader.spoil("TRUNCATE relations, delegations, persons")

    told = await region.tell()

    assert await _copies(region) == whole
    assert told == sum(len(rows) for rows in whole[0].values())


async def test_told_again_and_again_nothing_changes(region: Region) -> None:
    """Not even by which event a copy knows it."""
    before = await _copies(region, sources=True)
    await region.tell()
    await region.tell()
    assert await _copies(region, sources=True) == before


async def test_a_copy_that_missed_the_end_of_a_right_ends_it(region: Region) -> None:
    """A30: also when the event was lost for good."""
    whole = await _copies(region)
    for reader in region.readers:
        await reader.spoil(
            "UPDATE relations SET ended_at = NULL, version = version - 1 WHERE ended_at IS NOT NULL",
            "UPDATE delegations SET ended_at = NULL, version = version - 1 WHERE ended_at IS NOT NULL",
        )
    await region.tell("relations")
    await region.tell("delegations")
    assert await _copies(region) == whole


async def test_days_that_were_changed_without_being_told_are_told(region: Region) -> None:
    """As a migration did that gave relations their last day: the version stayed what it was."""
    whole = await _copies(region)
    for reader in region.readers:
        await reader.spoil(
            "UPDATE relations SET valid_until = NULL",
            "UPDATE persons SET display_name = '?'",
            "UPDATE delegations SET valid_until = '2099-01-01'",
        )
    assert await _copies(region) != whole
    await region.tell()
    assert await _copies(region) == whole


async def test_a_newer_fact_gives_way_to_nothing_that_is_told_again(region: Region) -> None:
    for reader in region.readers:
        await reader.spoil(
            "UPDATE relations SET version = version + 5, ended_at = now()",
            "UPDATE persons SET version = version + 5, display_name = 'newer'",
        )
    newer = await _copies(region)
    await region.tell()
    assert await _copies(region) == newer


async def _told(here: Town) -> list[UUID]:
    async with here.database.read() as connection:
        return list(await connection.scalars(select(outbox.c.aggregate_id).order_by(outbox.c.id)))


async def _ids(here: Town, wish: Matter) -> list[UUID]:
    table = {Matter.RELATIONS: relations, Matter.DELEGATIONS: delegations, Matter.PEOPLE: people}[wish]
    async with here.database.read() as connection:
        return list(await connection.scalars(select(table.c.id).order_by(table.c.id)))


_EMPTY = Filling(0, -1)


@dataclass(frozen=True, slots=True)
class Said:
    """A broker that says what a test wants."""

    behind_by: int | None = 0
    full: Filling | None = _EMPTY

    async def behind(self) -> int | None:
        return self.behind_by

    async def filling(self) -> Filling | None:
        return self.full


def _telling(here: Town, said: list[str], pace: Pace, *, broker: Broker = Said()) -> TellingAgain:
    return TellingAgain(here.database, MOSCOW, broker=broker, say=said.append, pace=pace)


async def test_it_goes_on_after_the_last_fact_that_was_said(here: Town) -> None:
    home = await family(here)
    said: list[str] = []
    before, ids = await _told(here), await _ids(here, Matter.RELATIONS)
    wish = Wish.read(f"relations {home.relations[home.mother.id]}")

    told = await _telling(here, said, Pace()).tell(wish)

    assert (await _told(here))[len(before) :] == ids[-1:] == [home.relations[home.father.id]]
    assert told == 1
    assert said[-1] == f"relations: 1 told, the last {ids[-1]}"


async def test_it_stops_where_nothing_is_published_and_says_where(here: Town) -> None:
    """NATS is away: no more than a batch waits behind what happens meanwhile."""
    await family(here)
    said: list[str] = []
    before, ids = await _told(here), await _ids(here, Matter.PEOPLE)

    with pytest.raises(NotTaken):
        await _telling(here, said, Pace(batch=2, patience_s=0.05)).tell(Wish.read("people"))

    assert (await _told(here))[len(before) :] == ids[:2]
    assert said[-1] == f"people: told up to {ids[1]}"


@pytest.mark.parametrize("behind", [2, None])
async def test_it_waits_for_the_slowest_reader(region: Region, behind: int | None) -> None:
    """I12: else the next end of a right would stand behind all that is told."""
    here = region.here
    before, ids = await _told(here), await _ids(here, Matter.PEOPLE)
    telling = _telling(here, [], Pace(batch=2, patience_s=0.05), broker=Said(behind))
    with pytest.raises(NotTaken):
        await telling.tell(Wish.read("people"))
    assert (await _told(here))[len(before) :] == ids[:2]


async def test_how_the_stream_and_its_readers_are_is_asked_with_identitys_own_rights(region: Region) -> None:
    stream = OwnStream(region.bus)
    assert await stream.behind() == 0
    filling = await stream.filling()
    assert filling is not None
    assert 0 < filling.held < filling.most == Stream.of("identity").max_bytes
    async with region.readers[0].database.session() as other, other.begin():
        await other.execute(text("LOCK TABLE relations"))
        await _telling(region.here, [], Pace()).tell(Wish.read("relations"))

        async def three_wait() -> bool:
            return await stream.behind() == 3

        await eventually(three_wait)


async def test_a_stream_without_room_is_told_nothing(here: Town) -> None:
    """Full, it would keep the ends of sessions and rights back for days."""
    await family(here)
    before = await _told(here)
    with pytest.raises(NoRoom):
        await _telling(here, [], Pace(), broker=Said(full=Filling(90, 2_000))).tell(Wish.read("everything"))
    with pytest.raises(NotTaken):
        await _telling(here, [], Pace(patience_s=0), broker=Said(full=None)).tell(Wish.read("everything"))
    assert await _told(here) == before


@pytest.mark.parametrize(
    ("facts", "held", "most", "fits"),
    [(15, 0, 10_000, True), (15, 1, 10_000, False), (16, 0, 10_000, False), (10**9, 10**9, -1, True)],
)
def test_a_tenth_of_the_stream_stays_free(facts: int, held: int, most: int, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(NoRoom):
        require_room(facts, held=held, most=most)


@pytest.mark.parametrize(
    "typed", ["", "marks", "everything 1", "people x", f"everything {UUID(int=1)}", "a b c"]
)
def test_wrong_words_are_told_the_right_ones(typed: str) -> None:
    with pytest.raises(NothingToTell) as refused:
        Wish.read(typed)
    assert all(matter in refused.value.title for matter in ("everything", *Matter))


async def test_an_id_that_nobody_has_ends_at_once(here: Town) -> None:
    assert await _telling(here, [], Pace()).tell(Wish.read(f"people {new_id()}")) == 0
