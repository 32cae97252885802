"""A school of each test's own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.identity.people.rules import Role
from tests.integration.identity.families.family import PASSWORD, School
from tests.support.identity import Doors, Town


async def open_school(here: Town, doors: Doors) -> School:
    """A school with a registrar who has signed in."""
    school, login = uuid4(), f"registrar-{here.snils()}"
    await here.register(roles={school: frozenset({Role.REGISTRAR})}, login=login, password=PASSWORD)
    session = (await doors.enter_with_password(login, PASSWORD)).session
    return School(here, doors, school, session, login)


@pytest.fixture
async def school(here: Town, doors: Doors) -> School:
    """A school."""
    return await open_school(here, doors)


@pytest.fixture
async def other_school(here: Town, doors: Doors) -> School:
    """Another one."""
    return await open_school(here, doors)
