"""One stand for the tests that leave it as it was; `bench` makes another for those that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.esia import Bench, bench


@pytest.fixture(scope="session")
async def esia(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A stand and a client with GOST keys; tokens signed RS256."""
    async with bench(tmp_path_factory.mktemp("esia")) as ready:
        yield ready
