"""Two services in miniature on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import DatabaseUrl
from tests.support.backbone import OwnNats
from tests.support.miniature import Listener, Publisher, listener, prepare, publisher


@pytest.fixture
async def kit_url(database_url: DatabaseUrl) -> str:
    """A fresh database with the kit's tables."""
    return await database_url("kit", prepare)


@pytest.fixture
async def diary(database_url: DatabaseUrl, nats: OwnNats) -> AsyncIterator[Publisher]:
    """A service that publishes, with a NATS server of the test's own."""
    async with publisher(await database_url("kit", prepare), nats.url("diary")) as service:
        yield service


@pytest.fixture
async def notifications(database_url: DatabaseUrl, nats: OwnNats) -> AsyncIterator[Listener]:
    """A service that listens, with the same NATS server and a database of its own."""
    async with listener(await database_url("kit", prepare), nats.url("notifications")) as service:
        yield service
