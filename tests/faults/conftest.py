from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from deploy.local.region import Region
from tests.support.region import running_region


@pytest.fixture(scope="session")
async def region() -> AsyncIterator[Region]:
    """A region as operators run it, for being broken: what it acknowledges is on the disk."""
    async with running_region(durable=True) as running:
        yield running
