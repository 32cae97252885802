"""Who may ask the directory, and who may not (A29, A31)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from school.identity.v1 import directory_pb2, directory_pb2_grpc, families_pb2
from services.identity.people.rules import Role
from tests.integration.identity.directory.desk import Desk, Family
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason
from tests.support.other_services import Service


async def test_a_person_may_not_ask_whoever_they_are(here: Town, doors: Doors, desk: Desk) -> None:
    """A29: an operator's access token opens nothing that only services may ask."""
    login = f"operator-{here.snils()}"
    await here.register(
        login=login, password="a long enough one", roles={UUID(int=0): frozenset({Role.OPERATOR})}
    )
    session = (await doors.enter_with_password(login, "a long enough one")).session
    request = directory_pb2.ListAccessChangesRequest()
    asked = desk.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=bearer(session))
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_a_service_may_not_ask_what_only_people_may(doors: Doors, desk: Desk) -> None:
    """A29: its token opens nothing else."""
    asked = doors.families.ListMyChildren(
        families_pb2.ListMyChildrenRequest(), timeout=DEADLINE, metadata=desk.metadata()
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_without_a_token_nothing_is_told(desk: Desk) -> None:
    asked = desk.stub.ListAccessChanges(directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE)
    assert await reason(asked) == "SIGN_IN_NEEDED"


async def test_a_service_of_another_region_is_refused(desk: Desk) -> None:
    """A31."""
    asked = desk.stub.ListAccessChanges(
        directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE, metadata=desk.metadata(region="50")
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_a_token_for_another_service_is_refused(desk: Desk) -> None:
    asked = desk.stub.ListAccessChanges(
        directory_pb2.ListAccessChangesRequest(), timeout=DEADLINE, metadata=desk.metadata(to="diary")
    )
    assert await reason(asked) == "TOKEN_REFUSED"


async def test_an_old_token_is_refused(desk: Desk) -> None:
    old = desk.metadata(life=timedelta(minutes=-2))
    request = directory_pb2.ListAccessChangesRequest()
    asked = desk.stub.ListAccessChanges(request, timeout=DEADLINE, metadata=old)
    assert await reason(asked) == "TOKEN_EXPIRED"


async def test_a_service_may_ask_what_is_named_for_it_and_nothing_else(
    doors: Doors, library: Service, clock: MovableClock, family: Family
) -> None:
    desk = Desk(directory_pb2_grpc.DirectoryServiceStub(doors.channel), library, clock)
    assert (await desk.resolve(family.pupil.person_id)).person_id == str(family.pupil.person_id)
    assert await reason(desk.viewers(family.pupil.person_id)) == "SERVICE_NOT_ADMITTED"
    assert await reason(desk.changes()) == "SERVICE_NOT_ADMITTED"
