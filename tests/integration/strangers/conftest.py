"""One identity, one diary and one notifications for the sweep, with three households in them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.strangers.village import Village, village
from tests.support.backbone import Databases


@pytest.fixture(scope="session")
async def here(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Village]:
    """Everything that has an RPC, on databases of its own. NATS is away: nothing here needs it."""
    async with village(databases, tmp_path_factory.mktemp("village")) as ready:
        yield ready
