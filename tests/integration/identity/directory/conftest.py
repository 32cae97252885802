"""A service that asks, and a family."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert

from school.identity.v1 import directory_pb2_grpc
from services.identity.families.storage import relations
from services.identity.people.rules import Role
from services.kit.ids import new_id
from tests.integration.identity.directory.desk import Desk, Family
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Town
from tests.support.other_services import Service


@pytest.fixture
def desk(doors: Doors, canteen: Service, clock: MovableClock) -> Desk:
    return Desk(directory_pb2_grpc.DirectoryServiceStub(doors.channel), canteen, clock)


@pytest.fixture
async def family(here: Town) -> Family:
    school = new_id()
    pupil = await here.register("Королёв Пётр Олегович", roles={school: frozenset({Role.PUPIL})})
    parent = await here.register()
    relation_id = new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(relations).values(
                id=relation_id,
                guardian_id=parent.person_id,
                pupil_id=pupil.person_id,
                school_id=school,
                kind="PARENT",
                valid_from=date(2020, 1, 1),
                registered_at=here.clock.now(),
            )
        )
    return Family(here, pupil, parent, relation_id)
