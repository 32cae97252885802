"""Issuing for a whole class: it goes on by itself, each person once, slips for one pair of eyes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from sqlalchemy import delete, func, select, update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import issuing_pb2
from services.identity.accounts.storage import accounts
from services.identity.issuing.rules.people import Capacity
from services.identity.issuing.storage.issues import credential_issues
from services.identity.issuing.storage.jobs import issue_job_people
from services.identity.people.rules import Role
from services.identity.people.storage import person_roles
from services.identity.schools.storage import classes
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from tests.integration.identity.issuing.jobs import a_class, ended, look, start, stop, take
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, reason
from tests.support.keys import Keys

STATES = issuing_pb2.IssueJobState


async def test_a_class_gets_its_slips_in_the_order_of_its_list(office: Office) -> None:
    """R29: pupils by name, each followed by the parents; every slip opens its account."""
    everybody = await a_class(office, 3)

    job = await ended(office, (await start(office)).job_id)
    slips = await take(office, job.job_id)

    assert (job.state, job.total_count, job.issued_count, len(job.skipped)) == (
        STATES.ISSUE_JOB_STATE_DONE, 6, 6, 0,
    )  # fmt: skip
    assert [slip.person_id for slip in slips] == [str(each.person_id) for each in everybody]
    assert [slip.class_title for slip in slips] == ["7Б", ""] * 3
    for slip in slips:
        entered = await office.town.doors.enter_with_password(slip.login, slip.temporary_password)
        assert entered.person.person_id == slip.person_id
    assert (await look(office, job.job_id)).state == STATES.ISSUE_JOB_STATE_TAKEN
    issues = await office.town.rows(credential_issues, credential_issues.c.job_id == UUID(job.job_id))
    assert {issue.issued_by for issue in issues} == {office.teacher.person_id}
    assert {issue.capacity for issue in issues} == {"YOUNG_PUPIL", "PARENT"}


async def test_only_the_chosen_ones_are_issued(office: Office) -> None:
    everybody = await a_class(office, 2)

    job = await ended(office, (await start(office, guardians=False)).job_id)

    assert [slip.person_id for slip in await take(office, job.job_id)] == [
        str(each.person_id) for each in everybody[::2]
    ]


async def test_who_has_credentials_or_works_at_a_school_is_passed_over(office: Office) -> None:
    [pupil, parent] = await a_class(office, 1)
    colleague = await office.guardian_of(pupil, name="Яшина Анна", roles=(Role.GUARDIAN, Role.TEACHER))
    former = await office.issue(parent, Capacity.PARENT)

    job = await ended(office, (await start(office)).job_id)

    assert [(each.person_id, each.reason) for each in job.skipped] == [
        (str(parent.person_id), "ISSUED_BEFORE"),
        (str(colleague.person_id), "EMPLOYEE_ACCOUNT"),
    ]
    assert (job.total_count, job.issued_count) == (3, 1)
    await office.town.doors.enter_with_password(former.login, former.temporary_password)


async def test_of_20_who_take_the_slips_one_gets_them(office: Office) -> None:
    await a_class(office, 2)
    job = await ended(office, (await start(office)).job_id)

    async def outcome() -> str:
        try:
            return f"{len(await take(office, job.job_id))} slips"
        except grpc.aio.AioRpcError as error:
            return refusal(error).reason

    outcomes = await asyncio.gather(*(outcome() for _ in range(20)))

    assert sorted(outcomes) == ["4 slips"] + ["SLIP_SHOWN"] * 19
    people = await office.town.rows(issue_job_people, issue_job_people.c.job_id == UUID(job.job_id))
    assert {row.slip_box for row in people} == {None}


async def test_two_jobs_at_once_issue_to_everybody_once(office: Office) -> None:
    await a_class(office, 3)

    jobs = await asyncio.gather(start(office), start(office, by=office.by_registrar))
    done = [await ended(office, job.job_id, by=office.by_registrar) for job in jobs]

    assert sum(job.issued_count for job in done) == 6
    assert sum(len(job.skipped) for job in done) == 6


async def test_the_same_request_again_is_the_same_job(office: Office) -> None:
    await a_class(office, 1)
    same = str(new_id())

    first, second = await asyncio.gather(*(start(office, request_id=same) for _ in range(2)))

    assert first.job_id == second.job_id
    assert (await ended(office, first.job_id)).total_count == 2


async def test_a_stopped_job_issues_nothing_more(office: Office) -> None:
    """What its answer counts is what there is; what was issued is taken."""
    await a_class(office, 8)
    job = await start(office)

    stopped = await stop(office, job.job_id)

    assert stopped.state in {STATES.ISSUE_JOB_STATE_STOPPED, STATES.ISSUE_JOB_STATE_DONE}
    assert len(await take(office, job.job_id)) == stopped.issued_count
    async with office.town.database.read() as connection:
        issued = await connection.scalar(
            select(func.count()).where(credential_issues.c.job_id == UUID(job.job_id))
        )
    assert issued == stopped.issued_count
    assert (await stop(office, job.job_id)).state == STATES.ISSUE_JOB_STATE_TAKEN


async def test_slips_that_nobody_takes_are_gone_after_a_day(office: Office, clock: MovableClock) -> None:
    await a_class(office, 1)
    job = await ended(office, (await start(office)).job_id)

    clock.move(hours=24, seconds=1)

    assert (await look(office, job.job_id)).state == STATES.ISSUE_JOB_STATE_LAPSED
    assert await reason(take(office, job.job_id)) == "SLIP_SHOWN"
    await office.town.sweep()
    people = await office.town.rows(issue_job_people, issue_job_people.c.job_id == UUID(job.job_id))
    assert {row.slip_box for row in people} == {None}


async def test_a_slip_that_was_replaced_meanwhile_is_not_handed_out(office: Office) -> None:
    """Two slips of one person in two hands, and one of them dead: only the living one."""
    pupil, parent = await a_class(office, 1)
    job = await ended(office, (await start(office)).job_id)
    newer = await office.issue(parent, Capacity.PARENT, reissue_reason="пришла раньше всех")

    slips = await take(office, job.job_id)

    assert [slip.person_id for slip in slips] == [str(pupil.person_id)]
    await office.town.doors.enter_with_password(newer.login, newer.temporary_password)


async def test_rights_that_end_meanwhile_end_the_job_as_well(office: Office) -> None:
    """A30: a teacher who has left issues nothing, not even by a job begun before."""
    everybody = await a_class(office, 12)
    job = await start(office)
    async with office.town.database.transaction() as tx:
        await tx.execute(delete(person_roles).where(person_roles.c.person_id == office.teacher.person_id))

    over = await ended(office, job.job_id)

    assert over.issued_count < len(everybody)
    assert {each.reason for each in over.skipped} == {"NOT_THEIR_SCHOOL"}
    assert over.issued_count + len(over.skipped) == over.total_count


async def test_jobs_are_shown_to_who_started_them_and_to_the_registrar(
    office: Office, office_keys: Keys
) -> None:
    """A34: and the slips to who started it alone."""
    await a_class(office, 1)
    job = await ended(office, (await start(office)).job_id)
    elsewhere = await open_office(office.town, office_keys)
    colleague = await office.employee(Role.TEACHER)
    by_colleague = office.by(colleague, WireRole.ROLE_TEACHER)

    assert (await look(office, job.job_id, by=office.by_registrar)).job_id == job.job_id
    assert await reason(take(office, job.job_id, by=office.by_registrar)) == "UNKNOWN_JOB"
    assert await reason(look(office, job.job_id, by=by_colleague)) == "UNKNOWN_JOB"
    assert await reason(look(elsewhere, job.job_id, by=elsewhere.by_registrar)) == "UNKNOWN_JOB"
    assert await reason(look(office, str(uuid4()))) == "UNKNOWN_JOB"
    request = issuing_pb2.ListIssueJobsRequest(school_id=str(office.school_id))
    mine = await office.issuing.ListIssueJobs(request, timeout=DEADLINE, metadata=office.by_teacher)
    others = await office.issuing.ListIssueJobs(request, timeout=DEADLINE, metadata=office.by_registrar)
    assert [each.job_id for each in mine.jobs] == [job.job_id]
    assert not others.jobs
    await take(office, job.job_id)
    mine = await office.issuing.ListIssueJobs(request, timeout=DEADLINE, metadata=office.by_teacher)
    assert not mine.jobs


async def test_slips_are_not_taken_while_the_job_works(office: Office) -> None:
    await a_class(office, 8)
    job = await start(office)

    why = await reason(take(office, job.job_id))

    assert why == "JOB_RUNNING"
    await ended(office, job.job_id)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"documents_seen": False}, "DOCUMENTS_MISSING"),
        ({"pupils": False, "guardians": False}, "NOBODY_CHOSEN"),
        ({"class_id": str(uuid4())}, "NOT_THEIR_CLASS"),
        ({"school_id": str(uuid4())}, "NOT_THEIR_SCHOOL"),
        ({"request_id": ""}, "BAD_REQUEST_ID"),
    ],
)
async def test_what_does_not_do_starts_nothing(office: Office, changes: dict[str, Any], why: str) -> None:
    assert await reason(start(office, **changes)) == why


async def test_a_registrar_names_a_class_of_the_school(office: Office, office_keys: Keys) -> None:
    """A34."""
    elsewhere = await open_office(office.town, office_keys)
    foreign = start(office, class_id=str(elsewhere.class_id), by=office.by_registrar)

    assert await reason(foreign) == "UNKNOWN_CLASS"
    job = await start(office, by=office.by_registrar)
    assert job.total_count == 0


async def test_everybodys_account_is_changed_once(office: Office) -> None:
    """The counts of a job are those of its rows, and these are those of the accounts."""
    everybody = await a_class(office, 5)
    job = await ended(office, (await start(office)).job_id)

    ids = [each.account_id for each in everybody]
    rows = await office.town.rows(accounts, accounts.c.id.in_(ids))
    assert [row.issued_count for row in rows] == [1] * job.issued_count


async def test_who_starts_one_job_after_another_does_not_have_all_schools_wait(office: Office) -> None:
    """A35: jobs are done in the order in which they came; of one class each issuer has one at a time."""
    for number in range(6):
        await office.pupil(f"Ёлкин Пётр {number * 'И'}ильич")

    started = await asyncio.gather(*(outcome_of(start(office)) for _ in range(12)))

    jobs = [each for each in started if not isinstance(each, str)]
    assert "JOB_RUNNING" in started
    for job in jobs:
        await ended(office, job.job_id)
    again = await start(office)
    assert (await ended(office, again.job_id)).skipped


async def test_slips_are_not_for_who_has_lost_the_class_since(office: Office) -> None:
    """A30: also when somebody is a teacher elsewhere, and so may call."""
    await office.pupil()
    job = await start(office)
    await ended(office, job.job_id)
    async with office.town.database.transaction() as tx:
        await tx.execute(
            update(classes)
            .where(classes.c.class_id == office.class_id)
            .values(homeroom_teacher_id=office.registrar.person_id)
        )

    assert await reason(take(office, job.job_id)) == "NOT_THEIR_CLASS"


async def outcome_of(started: Awaitable[issuing_pb2.IssueJob]) -> issuing_pb2.IssueJob | str:
    try:
        return await started
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
