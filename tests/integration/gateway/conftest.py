"""One played set of services and one gateway for all tests here; each test begins with a clean stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.office import Office, in_charge
from tests.integration.gateway.stage import Outside, Stage, outside, stage


@pytest.fixture(scope="session")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The services, played by the tests."""
    async with stage(tmp_path_factory.mktemp("stage")) as services:
        yield services


@pytest.fixture(scope="session")
async def shared_gateway(played: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outside]:
    """The gateway before them."""
    async with outside(played, tmp_path_factory.mktemp("gateway")) as present:
        yield present


@pytest.fixture
def gateway(shared_gateway: Outside) -> Outside:
    """The gateway, with services that have heard and been told nothing, and a browser without cookies."""
    shared_gateway.stage.reset()
    shared_gateway.client.cookies.clear()
    return shared_gateway


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a gateway of the test's own."""
    return tmp_path


@pytest.fixture
def registrar(gateway: Outside) -> Office:
    """Somebody who is registrar of a school in Kamchatka."""
    return in_charge(gateway)
