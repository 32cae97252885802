"""One identity for all tests of issuing; each test opens an office of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from deploy.local import ports
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.esia import Bench
from tests.support.identity import Town, town
from tests.support.keys import Keys, make_keys


@pytest.fixture(scope="session")
def office_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys that sign the callers' tokens."""
    return make_keys(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
async def office_town(
    databases: Databases,
    stand: Bench,
    the_clock: MovableClock,
    office_keys: Keys,
) -> AsyncIterator[Town]:
    """The whole service on a database of its own. NATS is away all the time: nothing here needs it."""
    async with town(
        office_keys.private.parent,
        stand,
        office_keys,
        database_url=await databases.fresh("identity"),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        clock=the_clock,
    ) as running:
        yield running


@pytest.fixture
async def office(office_town: Town, office_keys: Keys) -> Office:
    """A school with a registrar, a homeroom teacher and the class 7Б."""
    return await open_office(office_town, office_keys)
