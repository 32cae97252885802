"""One diary for all tests of this folder, and a school of each test's own.

Nothing a test reads or writes is another's: every school has fresh ids, and no query crosses schools.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local import ports
from services.diary.app import Diary, run
from services.diary.config import DiarySettings
from services.kit.rpc.channel import channel
from tests.integration.diary.calls import Calls
from tests.integration.diary.school import School
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.keys import REGION, Keys, make_keys

# A Wednesday; noon in Moscow.
NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)

Founding = Callable[..., Awaitable[School]]


@pytest.fixture(scope="session")
def diary_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys that sign the callers' tokens."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def the_clock() -> MovableClock:
    """The diary's clock; tests use `clock`."""
    return MovableClock(NOW)


@pytest.fixture
def clock(the_clock: MovableClock) -> MovableClock:
    """The diary's clock, at `NOW` again."""
    the_clock.move(seconds=(NOW - the_clock.now()).total_seconds())
    return the_clock


def settings(database_url: str, nats_url: str, keys: Keys) -> DiarySettings:
    """The settings of a diary that takes any free port."""
    return DiarySettings(region=REGION, database_url=database_url, nats_url=nats_url, jwks_file=keys.public)


@pytest.fixture(scope="session")
async def diary(databases: Databases, diary_keys: Keys, the_clock: MovableClock) -> AsyncIterator[Diary]:
    """The whole service on a database of its own. NATS is away all the time: nothing here needs it."""
    url = await complete_for_ever(await databases.fresh("diary"))
    nowhere = f"nats://127.0.0.1:{ports.any_free()}"
    async with run(settings(url, nowhere, diary_keys), clock=the_clock) as running:
        yield running
    await databases.drop(url)


@pytest.fixture
async def calls(diary: Diary, diary_keys: Keys, clock: MovableClock) -> AsyncIterator[Calls]:
    """Makes callers of the diary."""
    async with channel(diary.address) as open_channel:
        yield Calls(open_channel, diary_keys, clock)


@pytest.fixture
def found_school(diary: Diary) -> Founding:
    """Makes schools; facts such as the zone are keyword arguments."""

    async def found(**facts: Any) -> School:
        school = School(diary.database, **facts)
        await school.found()
        return school

    return found


@pytest.fixture
async def school(found_school: Founding) -> School:
    """A school in Moscow's zone with the class 7Б."""
    return await found_school()
