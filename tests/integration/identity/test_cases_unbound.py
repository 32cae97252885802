"""A case may end by unbinding: the wrong Gosuslugi, or a lost one; and by whom it ends no more."""

from __future__ import annotations

import asyncio

import grpc

from school.identity.v1 import cases_pb2
from services.identity.binding.storage import bindings
from services.identity.cases.storage.tables import cases
from services.identity.leaving.storage import end_roles
from services.identity.people.rules import Role
from services.kit.ids import new_id
from services.kit.rpc.policy import RECENT
from services.kit.rpc.status import refusal
from services.kit.tables import audit
from tests.support.case_office import GUARDIAN, CaseDesk, Resolution, case_desk, refused_by_name
from tests.support.clock import MovableClock
from tests.support.identity import Registered, Town, reason

UNBIND = Resolution.CASE_RESOLUTION_UNBIND
KEEP = Resolution.CASE_RESOLUTION_KEEP_REGISTER


async def second_profile(here: Town, desk: CaseDesk) -> tuple[Registered, str, cases_pb2.Case]:
    """Somebody who is bound comes with another Gosuslugi account; the SNILS is the same."""
    snils = here.snils()
    person = await here.register(snils=snils, roles={desk.school_id: GUARDIAN})
    await here.doors.enter(here.citizen(snils=snils))
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "BOUND_TO_ANOTHER_PROFILE"
    (case,) = (await desk.waiting()).cases
    return person, snils, case


async def bound(here: Town, person: Registered) -> int:
    rows = await here.rows(
        bindings, bindings.c.account_id == person.account_id, bindings.c.ended_at.is_(None)
    )
    return len(rows)


async def test_the_former_profile_is_unbound_and_the_new_one_binds(here: Town) -> None:
    desk = await case_desk(here)
    person, snils, case = await second_profile(here, desk)
    assert list(case.resolutions) == [KEEP, UNBIND]

    settled = await desk.settle(case.case_id, UNBIND)

    assert settled.resolution == UNBIND
    assert await bound(here, person) == 0
    (entry,) = await here.rows(
        audit, audit.c.action == "unbind_profile", audit.c.object_id == str(person.person_id)
    )
    assert (entry.actor, entry.why) == (str(desk.registered.person_id), "PROFILE_LOST")
    entered = await here.doors.enter(here.citizen(snils=snils))
    assert entered.person.person_id == str(person.person_id)
    assert entered.bound_now


async def test_to_unbind_one_shows_who_one_is_as_at_the_other_door_to_it(
    here: Town, clock: MovableClock
) -> None:
    """A8: a desk that was left open settles the queue, and ends nobody's binding."""
    desk = await case_desk(here)
    person, _, case = await second_profile(here, desk)
    clock.move(seconds=RECENT.total_seconds() + 1)
    desk.session = await here.doors.refresh(desk.session.refresh_token)

    assert await reason(desk.settle(case.case_id, UNBIND)) == "STEP_UP_NEEDED"
    assert await bound(here, person) == 1
    kept = await desk.settle(case.case_id, KEEP, why="В паспорте другая фамилия")
    assert kept.resolution == KEEP


async def test_the_sessions_of_the_former_profile_end(here: Town) -> None:
    desk, snils = await case_desk(here), here.snils()
    await here.register(snils=snils, roles={desk.school_id: GUARDIAN})
    entered = await here.doors.enter(here.citizen(snils=snils))
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "BOUND_TO_ANOTHER_PROFILE"
    (case,) = (await desk.waiting()).cases

    await desk.settle(case.case_id, UNBIND)

    assert await reason(here.doors.refresh(entered.session.refresh_token)) == "SESSION_ENDED"


async def test_an_employee_of_another_school_is_unbound_by_the_operator_alone(here: Town) -> None:
    """Else a registrar would open another school's rights to whoever comes next."""
    desk, snils = await case_desk(here), here.snils()
    person = await here.register(
        snils=snils, roles={desk.school_id: GUARDIAN, new_id(): frozenset({Role.TEACHER})}
    )
    await here.doors.enter(here.citizen(snils=snils))
    redirect = await here.doors.back_from_esia(here.citizen(snils=snils))
    assert await reason(here.doors.complete(redirect)) == "BOUND_TO_ANOTHER_PROFILE"
    (case,) = (await desk.waiting()).cases

    assert await reason(desk.settle(case.case_id, UNBIND)) == "EMPLOYEE_ACCOUNT"
    assert await bound(here, person) == 1

    operator = await case_desk(here, operator=True)
    await operator.settle(case.case_id, UNBIND)
    assert await bound(here, person) == 0


async def test_unbinding_and_entering_at_once_leave_one_story(here: Town) -> None:
    """Whatever comes first: the case is settled once, and never two profiles open one account."""
    desk = await case_desk(here)
    person, snils, case = await second_profile(here, desk)
    redirects = [await here.doors.back_from_esia(here.citizen(snils=snils)) for _ in range(8)]

    outcomes = await asyncio.gather(
        desk.settle(case.case_id, UNBIND),
        *(here.doors.complete(redirect) for redirect in redirects),
        return_exceptions=True,
    )

    reasons = {refusal(each).reason for each in outcomes if isinstance(each, grpc.aio.AioRpcError)}
    # What was proven before the unbinding binds no more (A7).
    assert reasons <= {"BOUND_TO_ANOTHER_PROFILE", "SIGN_IN_UNKNOWN"}
    assert await bound(here, person) <= 1
    open_ones = await here.rows(cases, cases.c.person_id == person.person_id, cases.c.state == "RESOLVED")
    assert len(open_ones) == 1


async def test_a_school_that_the_person_has_left_neither_reads_nor_settles_the_case(here: Town) -> None:
    """A34: the register is changed by the school where the person is something."""
    former, present = await case_desk(here), await case_desk(here)
    person, _ = await refused_by_name(here, former.school_id, present.school_id)
    (case,) = (await former.waiting()).cases
    async with here.database.transaction() as tx:
        await end_roles(
            tx.connection,
            person.person_id,
            former.school_id,
            GUARDIAN,
            by=former.registered.person_id,
            reason="Перешли в другую школу",
            at=here.clock.now(),
        )

    assert list((await former.waiting()).cases) == []
    assert await reason(former.one(case.case_id)) == "UNKNOWN_CASE"
    accepted = former.settle(case.case_id, Resolution.CASE_RESOLUTION_ACCEPT_ESIA)
    assert await reason(accepted) == "UNKNOWN_CASE"
    assert [each.case_id for each in (await present.waiting()).cases] == [case.case_id]
    await present.settle(case.case_id, Resolution.CASE_RESOLUTION_ACCEPT_ESIA)
