"""An operator, and the administrator of a school."""

from __future__ import annotations

import pytest

from services.identity.people.rules import Role
from tests.integration.identity.staff.chief import (
    Chief,
    chief,
)
from tests.support.identity import Doors, Town


@pytest.fixture
async def operator(here: Town, doors: Doors) -> Chief:
    return await chief(here, doors, Role.OPERATOR)


@pytest.fixture
async def administrator(here: Town, doors: Doors) -> Chief:
    return await chief(here, doors, Role.SCHOOL_ADMINISTRATOR)
