"""One world for all the tests that only read it."""

from __future__ import annotations

from datetime import date

import pytest

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.world import World

# A Monday in term, after an autumn holiday and before a winter one.
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def world() -> World:
    """The region that everybody sees."""
    return build_world(DEFAULT_SEED, TODAY)
