"""One identity and one ESIA for all tests of this folder; each test brings people of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from deploy.local import ports
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.esia import Bench, bench
from tests.support.identity import Doors, Town, town
from tests.support.keys import make_keys
from tests.support.other_services import ALL, Service, new_service, write_down


@pytest.fixture(scope="session")
async def stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """An ESIA. RSA keys: how requests are signed is not what is tested here, and GOST takes its time."""
    async with bench(tmp_path_factory.mktemp("esia"), kind="RSA", people=()) as ready:
        yield ready


@pytest.fixture(scope="session")
def the_clock() -> MovableClock:
    """The service's clock; tests use `clock`."""
    return MovableClock()


@pytest.fixture(autouse=True)
def clock(the_clock: MovableClock) -> MovableClock:
    """The service's clock, at the present again: ESIA's own clock runs on."""
    the_clock.move(seconds=(datetime.now(UTC) - the_clock.now()).total_seconds())
    return the_clock


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, Service]:
    """Two services of the region: `canteen` and `library`."""
    folder = tmp_path_factory.mktemp("services")
    return new_service(folder, "canteen"), new_service(folder, "library", ALL[:1])


@pytest.fixture
def canteen(services: tuple[Service, Service]) -> Service:
    """A service of the region that may ask identity everything."""
    return services[0]


@pytest.fixture
def library(services: tuple[Service, Service]) -> Service:
    """A service that may ask who somebody is, and nothing else."""
    return services[1]


@pytest.fixture(scope="session")
async def the_town(
    databases: Databases,
    stand: Bench,
    the_clock: MovableClock,
    services: tuple[Service, Service],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Town]:
    """The whole service on a database of its own. NATS is away all the time: nothing here needs it."""
    folder = tmp_path_factory.mktemp("identity")
    async with town(
        folder,
        stand,
        make_keys(folder),
        database_url=await databases.fresh("identity"),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        clock=the_clock,
        service_keys_file=write_down(folder / "services.json", *services),
    ) as running:
        yield running


@pytest.fixture
def here(the_town: Town) -> Town:
    """The town, with nobody of this test in it yet."""
    return the_town


@pytest.fixture
def doors(the_town: Town) -> Doors:
    """The town's doors."""
    return the_town.doors
