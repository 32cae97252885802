"""Staff roles: who gives and takes which, where, and what follows (R1)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import delete

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import sessions_pb2
from services.identity.people.rules import Role
from services.identity.people.storage import person_roles
from tests.integration.identity.staff.chief import (
    AT_SCHOOLS,
    BY_ADMINISTRATOR,
    EVERY_ROLE,
    IN_REGION,
    Chief,
    chief,
    roles_of,
)
from tests.support.clock import MovableClock
from tests.support.identity import BORN, DEADLINE, Doors, Town, bearer, reason

# --- who may give what, where ---


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize("where", ["school", "region"])
async def test_an_operator_gives_the_roles_of_every_school_and_of_the_region(
    here: Town, operator: Chief, role: WireRole.ValueType, where: str
) -> None:
    someone = await here.register()
    school = uuid4() if where == "school" else None

    if role in (AT_SCHOOLS if school else IN_REGION):
        assert roles_of(await operator.grant(someone.person_id, role, school)) == {role}
    else:
        assert await reason(operator.grant(someone.person_id, role, school)) == "BAD_ROLES"


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize("where", ["own", "other", "region"])
async def test_an_administrator_gives_registrars_and_teachers_of_the_own_school(
    here: Town, administrator: Chief, role: WireRole.ValueType, where: str
) -> None:
    someone = await here.register()
    school = {"own": administrator.school, "other": uuid4(), "region": None}[where]

    if where != "own":
        for call in (administrator.grant, administrator.revoke):
            assert await reason(call(someone.person_id, role, school)) == "NOT_THEIR_SCHOOL"
    elif role in BY_ADMINISTRATOR:
        assert roles_of(await administrator.grant(someone.person_id, role, school)) == {role}
    else:
        assert await reason(administrator.grant(someone.person_id, role, school)) == "BAD_ROLES"
        assert await reason(administrator.revoke(someone.person_id, role, school)) == "BAD_ROLES"


@pytest.mark.parametrize("role", [Role.PUPIL, Role.GUARDIAN, Role.TEACHER, Role.REGISTRAR, Role.AUTHORITY])
async def test_nobody_else_reaches_staff_at_all(here: Town, doors: Doors, role: Role) -> None:
    stranger = await chief(here, doors, role)
    person = stranger.person.person_id

    for call in (
        stranger.staff(stranger.school),
        stranger.member(person, stranger.school),
        stranger.find(stranger.school, "Королёва", "Алёна", birth_date=BORN.isoformat()),
        stranger.grant(person, WireRole.ROLE_TEACHER, stranger.school),
        stranger.revoke(person, WireRole.ROLE_TEACHER, stranger.school),
    ):
        assert await reason(call) == "ROLE_NEEDED"


async def test_an_administrator_looks_at_the_own_school_alone(administrator: Chief) -> None:
    for school in (uuid4(), None):
        assert await reason(administrator.staff(school)) == "NOT_THEIR_SCHOOL"
        found = administrator.find(school, "Королёва", "Алёна", birth_date=BORN.isoformat())
        assert await reason(found) == "NOT_THEIR_SCHOOL"
        member = administrator.member(administrator.person.person_id, school)
        assert await reason(member) == "NOT_THEIR_SCHOOL"


async def test_a_right_that_was_taken_is_gone_although_the_token_still_says_it(
    here: Town, administrator: Chief
) -> None:
    async with here.database.transaction() as tx:
        await tx.execute(
            delete(person_roles).where(person_roles.c.person_id == administrator.person.person_id)
        )

    assert await reason(administrator.staff(administrator.school)) == "NOT_THEIR_SCHOOL"


async def test_who_acts_as_a_schools_administrator_is_no_operator_meanwhile(
    here: Town, doors: Doors, operator: Chief
) -> None:
    school = uuid4()
    async with here.database.transaction() as tx:
        await tx.execute(
            person_roles.insert().values(
                person_id=operator.person.person_id,
                school_id=school,
                role=Role.SCHOOL_ADMINISTRATOR,
                granted_at=here.clock.now(),
            )
        )
    call = sessions_pb2.SwitchRoleRequest(role=WireRole.ROLE_SCHOOL_ADMINISTRATOR)
    reply = await doors.sessions.SwitchRole(call, timeout=DEADLINE, metadata=bearer(operator.session))
    operator.session = reply.session

    assert len((await operator.staff(school)).members) == 1
    assert await reason(operator.staff(None)) == "NOT_THEIR_SCHOOL"
    someone = await here.register()
    given = operator.grant(someone.person_id, WireRole.ROLE_SCHOOL_ADMINISTRATOR, school)
    assert await reason(given) == "BAD_ROLES"


async def test_giving_and_taking_ask_for_a_fresh_proof(
    here: Town, operator: Chief, clock: MovableClock
) -> None:
    someone = await here.register()
    clock.move(minutes=5, seconds=1)
    # The access token has expired by now: a refreshed one still tells when its person was asked.
    fresh = await here.doors.refresh(operator.session.refresh_token)
    operator.session = fresh

    assert await reason(operator.grant(someone.person_id, WireRole.ROLE_AUTHORITY)) == "STEP_UP_NEEDED"
    assert await reason(operator.revoke(someone.person_id, WireRole.ROLE_AUTHORITY)) == "STEP_UP_NEEDED"
