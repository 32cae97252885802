"""What tests of every kind share: real servers, started once per process and only when a test asks."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from deploy.local.backbone import Backbone
from tests.support import canary, chromium
from tests.support.backbone import Databases, OwnNats, Prepare, own_nats, running_backbone
from tests.support.region import running_region

if TYPE_CHECKING:
    from playwright.async_api import Browser
    from xdist.remote import Producer

    from deploy.local.region import Region

# Nothing is judged by its time: what is slow on a busy machine is not wrong. And who has changed nothing sees
# the same examples tried as the day before.
settings.register_profile(
    "mesh", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mesh")

_MOST_PROCESSES = 4  # each has a PostgreSQL and a NATS server of its own
_MUST_HAVE_BROWSER = os.environ.get("CI", "").lower() in ("true", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: a third of its time a test waits, for a disk or a browser."""
    return min((os.cpu_count() or 1) + 1, _MOST_PROCESSES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWhatItStandsOn:
    """How the tests are shared out to the processes of the run."""
    return ByWhatItStandsOn(config, log)


class ByWhatItStandsOn(LoadScopeScheduling):  # type: ignore[misc] # the library has no types
    """One process takes a file, or all that stands on the whole region, which is slow to start."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "region" if file.startswith(("tests/e2e/", "tests/faults/")) else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser when there is none; on a build machine that is a failure instead."""
    needy = [item for item in items if item.get_closest_marker("browser")]
    if not needy or chromium.find():
        return
    if _MUST_HAVE_BROWSER:
        raise pytest.UsageError(f"{len(needy)} tests need a browser: {chromium.HOW_TO_GET_IT}")
    for item in needy:
        item.add_marker(pytest.mark.skip(reason=f"no browser: {chromium.HOW_TO_GET_IT}"))


def pytest_configure(config: pytest.Config) -> None:
    """Have the run watched for canaries; and children hear SIGINT, which a shell may have had ignored."""
    config.pluginmanager.register(canary, "canary")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class DatabaseUrl(Protocol):
    """``await database_url("identity")`` gives the URL of a fresh database; see `Databases.fresh`."""

    def __call__(self, name: str, prepare: Prepare | None = None) -> Awaitable[str]: ...


@pytest.fixture(scope="session")
async def backbone() -> AsyncIterator[Backbone]:
    """One PostgreSQL and one NATS for the whole run."""
    async with running_backbone() as running:
        yield running
        await canary.look_at_subjects(running.nats.url())


@pytest.fixture(scope="session")
async def databases(backbone: Backbone) -> AsyncIterator[Databases]:
    """The maker of fresh databases."""
    maker = Databases(backbone.postgres)
    yield maker
    await maker.look_at_the_rest()


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[DatabaseUrl]:
    """Makes fresh databases for one test, as many as it wants; they are dropped after it."""
    made: list[str] = []

    async def fresh(name: str, prepare: Prepare | None = None) -> str:
        made.append(await databases.fresh(name, prepare))
        return made[-1]

    yield fresh
    for url in made:
        await databases.drop(url)


@pytest.fixture
def nats_url(backbone: Backbone) -> str:
    """The run's shared NATS, with all rights. A test that stops or wipes it wants `nats` instead."""
    return backbone.nats.url()


@pytest.fixture
async def nats() -> AsyncIterator[OwnNats]:
    """A NATS server of the test's own."""
    async with own_nats() as own:
        yield own


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One real Chromium for the whole run; each test opens contexts of its own in it."""
    async with chromium.running() as running:
        yield running


@pytest.fixture(scope="session")
async def region() -> AsyncIterator[Region]:
    """The whole region with the demo in it, for the run; a test that breaks something mends it again."""
    async with running_region() as running:
        yield running
