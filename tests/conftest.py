"""What tests of every kind share: real servers, started once per run and only when a test asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

import pytest

from deploy.local.backbone import Backbone
from tests.support.backbone import Databases, OwnNats, Prepare, own_nats, running_backbone


class DatabaseUrl(Protocol):
    """``await database_url("identity")`` gives the URL of a fresh database; see `Databases.fresh`."""

    def __call__(self, name: str, prepare: Prepare | None = None) -> Awaitable[str]: ...


@pytest.fixture(scope="session")
async def backbone() -> AsyncIterator[Backbone]:
    """One PostgreSQL and one NATS for the whole run."""
    async with running_backbone() as running:
        yield running


@pytest.fixture(scope="session")
def databases(backbone: Backbone) -> Databases:
    """The maker of fresh databases."""
    return Databases(backbone.postgres)


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
