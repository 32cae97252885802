"""R7, R29 to R32: the school gives a person login and temporary password, on documents, once."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from sqlalchemy import update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import events_pb2, issuing_pb2
from services.identity.accounts.storage import accounts, login_reservations
from services.identity.consents.storage import consents
from services.identity.contacts import storage as contacts
from services.identity.contacts.rules import Contact, Email, Kind
from services.identity.issuing.rules.people import Capacity
from services.identity.issuing.storage.issues import credential_issues
from services.identity.people.rules import PersonStatus, Role
from services.identity.schools.storage import classes
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from tests.integration.identity.issuing.jobs import ended, start
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.clock import MovableClock
from tests.support.identity import reason, refused
from tests.support.keys import Keys

CHANNELS = issuing_pb2.ApplicationChannel
STATES = issuing_pb2.CredentialsState


async def test_a_parent_goes_home_with_a_slip_that_opens_activation(office: Office) -> None:
    """R7, R8, R30: what was verified is recorded, and the slip lets its person in."""
    parent = await office.guardian_of(await office.pupil())

    slip = await office.issue(parent, Capacity.PARENT)

    assert slip.login.startswith("elkina.")
    assert slip.address
    assert slip.expires_at.ToDatetime() - office.town.clock.now().replace(tzinfo=None) == timedelta(days=30)
    entered = await office.town.doors.enter_with_password(slip.login, slip.temporary_password)
    assert entered.person.person_id == str(parent.person_id)
    row = await office.account(parent)
    assert (row.issued_count, row.activated_at, row.password_set_at) == (1, None, None)
    [issue] = await office.town.rows(credential_issues, credential_issues.c.account_id == parent.account_id)
    assert issue.issued_by == office.registrar.person_id
    assert issue.documents == ["APPLICATION", "BIRTH_CERTIFICATE", "CONSENT", "PASSPORT"]
    assert (issue.capacity, issue.channel, issue.reissue_reason) == ("PARENT", "PAPER", None)
    assert await office.town.audited(parent.account_id) == [("issue_credentials", None)]
    [reserved] = await office.town.rows(
        login_reservations, login_reservations.c.account_id == parent.account_id
    )
    assert reserved.login == slip.login


@pytest.mark.parametrize(("age", "capacity"), [(13, Capacity.YOUNG_PUPIL), (15, Capacity.PUPIL)])
async def test_pupils_have_accounts_of_their_own(office: Office, age: int, capacity: Capacity) -> None:
    """R32, R33."""
    slip = await office.issue(await office.pupil(age=age), capacity, by=office.by_teacher)

    assert slip.class_title == "7Б"


async def test_an_employee_is_issued_credentials_by_the_registrar_alone(office: Office) -> None:
    colleague = await office.employee(Role.TEACHER)

    assert await reason(office.issue(colleague, Capacity.EMPLOYEE, by=office.by_teacher)) == "NOT_THEIR_CLASS"
    assert (await office.issue(colleague, Capacity.EMPLOYEE)).login.startswith("orlova.")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"documents": []}, "DOCUMENTS_MISSING"),
        ({"channel": CHANNELS.APPLICATION_CHANNEL_UNSPECIFIED}, "CHANNEL_NEEDED"),
        ({"capacity": issuing_pb2.IssueCapacity.ISSUE_CAPACITY_UNSPECIFIED}, "WRONG_CAPACITY"),
        ({"capacity": issuing_pb2.IssueCapacity.ISSUE_CAPACITY_REPRESENTATIVE}, "WRONG_CAPACITY"),
        ({"person_id": str(uuid4())}, "UNKNOWN_PERSON"),
        ({"person_id": "nobody"}, "BAD_ID"),
        ({"school_id": str(uuid4())}, "NOT_THEIR_SCHOOL"),
        ({"request_id": ""}, "BAD_REQUEST_ID"),
        (
            {"channel": CHANNELS.APPLICATION_CHANNEL_ELECTRONIC, "account_request_id": str(uuid4())},
            "UNKNOWN_REQUEST",
        ),
    ],
)
async def test_what_does_not_do_is_refused_and_changes_nothing(
    office: Office, changes: dict[str, Any], why: str
) -> None:
    parent = await office.guardian_of(await office.pupil())

    assert await reason(office.issue(parent, Capacity.PARENT, **changes)) == why

    row = await office.account(parent)
    assert (row.login, row.password_hash, row.issued_count) == (None, None, 0)


async def test_missing_documents_are_named(office: Office) -> None:
    parent = await office.guardian_of(await office.pupil())
    seen = [issuing_pb2.Document.DOCUMENT_PASSPORT, issuing_pb2.Document.DOCUMENT_CONSENT]

    said = await refused(office.issue(parent, Capacity.PARENT, documents=seen))

    assert said.metadata["documents"] == "APPLICATION,BIRTH_CERTIFICATE"


async def test_a_pupil_under_14_has_no_papers_of_their_own(office: Office) -> None:
    """R30."""
    assert await reason(office.issue(await office.pupil(age=13), Capacity.PUPIL)) == "TOO_YOUNG"


@pytest.mark.parametrize("status", [PersonStatus.BLOCKED, PersonStatus.LEFT])
async def test_who_is_blocked_or_has_left_gets_nothing(office: Office, status: PersonStatus) -> None:
    """A16."""
    pupil = await office.pupil(age=15, status=status)

    assert await reason(office.issue(pupil, Capacity.PUPIL)) == "ACCOUNT_BLOCKED"


async def test_a_homeroom_teacher_issues_for_the_own_class_alone(office: Office) -> None:
    """R29, A34: not for another class, its parents, or a pupil who does not exist."""
    other_class = await office.add_class("8А", await office.employee(Role.TEACHER))
    foreign = await office.pupil(age=15, class_id=other_class)
    own, both = await office.pupil(), await office.guardian_of(foreign)

    for person, capacity in ((foreign, Capacity.PUPIL), (both, Capacity.PARENT)):
        assert await reason(office.issue(person, capacity, by=office.by_teacher)) == "NOT_THEIR_CLASS"
    nobody = office.issue(own, Capacity.YOUNG_PUPIL, by=office.by_teacher, person_id=str(uuid4()))
    assert await reason(nobody) == "NOT_THEIR_CLASS"
    assert (await office.issue(own, Capacity.YOUNG_PUPIL, by=office.by_teacher)).login


async def test_the_right_ends_with_the_class(office: Office) -> None:
    """A30: a former homeroom teacher issues no more."""
    pupil = await office.pupil()
    async with office.town.database.transaction() as tx:
        await tx.execute(
            update(classes).where(classes.c.class_id == office.class_id).values(homeroom_teacher_id=None)
        )

    assert await reason(office.issue(pupil, Capacity.YOUNG_PUPIL, by=office.by_teacher)) == "NOT_THEIR_CLASS"


async def test_a_registrar_issues_at_the_own_school_alone(office: Office, office_keys: Keys) -> None:
    """A34: who is elsewhere is nobody here."""
    elsewhere = await open_office(office.town, office_keys)
    stranger = await elsewhere.pupil(age=15)

    assert await reason(office.issue(stranger, Capacity.PUPIL)) == "UNKNOWN_PERSON"
    there = office.issue(stranger, Capacity.PUPIL, school_id=str(elsewhere.school_id))
    assert await reason(there) == "NOT_THEIR_SCHOOL"


async def test_who_acts_as_a_teacher_has_no_registrars_rights(office: Office) -> None:
    """Several roles in one account: only the one that is chosen counts."""
    both = await office.employee(Role.REGISTRAR, Role.TEACHER)
    pupil = await office.pupil(age=15)

    acting = office.by(both, WireRole.ROLE_TEACHER)
    assert await reason(office.issue(pupil, Capacity.PUPIL, by=acting)) == "NOT_THEIR_CLASS"
    assert (await office.issue(pupil, Capacity.PUPIL, by=office.by(both, WireRole.ROLE_REGISTRAR))).login


async def test_no_slip_leads_to_rights_that_the_issuer_does_not_have(office: Office) -> None:
    """The director's child is in the class: the homeroom teacher gets no hold of the director's account."""
    pupil = await office.pupil()
    director = await office.guardian_of(pupil, roles=(Role.GUARDIAN, Role.SCHOOL_ADMINISTRATOR))
    regional = await office.guardian_of(pupil, roles=(Role.GUARDIAN, Role.OPERATOR))

    assert await reason(office.issue(director, Capacity.PARENT, by=office.by_teacher)) == "EMPLOYEE_ACCOUNT"
    assert await reason(office.issue(regional, Capacity.PARENT)) == "EMPLOYEE_ACCOUNT"
    assert await reason(office.issue(office.registrar, Capacity.EMPLOYEE)) == "OWN_CREDENTIALS"
    assert (await office.issue(director, Capacity.PARENT)).login


async def test_a_school_takes_nobodys_account_over_by_making_them_one_of_its_own(
    office: Office, office_keys: Keys
) -> None:
    """A34: a relation or a post is entered by the school itself; it gives no hold of an account elsewhere."""
    theirs = await open_office(office.town, office_keys)
    parent = await theirs.guardian_of(await theirs.pupil())
    teacher = await theirs.employee(Role.TEACHER)
    await theirs.issue(parent, Capacity.PARENT)
    await theirs.issue(teacher, Capacity.EMPLOYEE)
    pupil = await office.pupil()
    for each in (parent, teacher):
        await office.relate(each, pupil)
    await office.employ(teacher, Role.TEACHER)

    again: dict[str, Any] = {"reissue_reason": "забыла пароль"}
    assert await reason(office.issue(parent, Capacity.PARENT, **again)) == "ISSUED_ELSEWHERE"
    assert await reason(office.issue(teacher, Capacity.EMPLOYEE, **again)) == "ISSUED_ELSEWHERE"
    assert await reason(office.issue(parent, Capacity.PARENT)) == "ISSUED_BEFORE"
    assert (await theirs.issue(parent, Capacity.PARENT, **again)).temporary_password


async def test_of_two_schools_of_one_family_each_that_has_issued_may_issue_again(
    office: Office, office_keys: Keys
) -> None:
    parent = await office.guardian_of(await office.pupil())
    await office.issue(parent, Capacity.PARENT)
    second = await open_office(office.town, office_keys)
    await second.relate(parent, await second.pupil("Ёлкина Анна Ильинична"))

    assert (await office.issue(parent, Capacity.PARENT, reissue_reason="потеряла листок")).login
    newcomer = await office.guardian_of(await office.pupil())
    await second.relate(newcomer, await second.pupil("Ёлкина Ольга Ильинична"))
    assert (await second.issue(newcomer, Capacity.PARENT)).login
    assert (await second.issue(newcomer, Capacity.PARENT, reissue_reason="потеряла листок")).login


async def test_issuing_again_needs_a_reason_and_kills_the_former(office: Office) -> None:
    """The login stays; password, sessions and begun changes of contacts do not; the person is told."""
    parent = await office.guardian_of(await office.pupil())
    first = await office.issue(parent, Capacity.PARENT)
    doors, database = office.town.doors, office.town.database
    await doors.enter_with_password(first.login, first.temporary_password)
    now = office.town.clock.now()
    confirmed = Contact(Kind.EMAIL, value=Email("maria@example.org"), confirmed_at=now).changed_to(
        Email("somebody.else@example.org"), until=now + timedelta(hours=24)
    )
    async with database.transaction() as tx:
        await contacts.save(tx.connection, office.town.keyring, parent.account_id, confirmed)

    assert await reason(office.issue(parent, Capacity.PARENT)) == "ISSUED_BEFORE"
    second = await office.issue(parent, Capacity.PARENT, reissue_reason="потеряла листок")

    assert second.login == first.login
    assert second.temporary_password != first.temporary_password
    former = doors.enter_with_password(first.login, first.temporary_password)
    assert await reason(former) == "WRONG_CREDENTIALS"
    rows = await office.town.rows(sessions, sessions.c.account_id == parent.account_id)
    assert [row.end_reason for row in rows] == ["credentials_issued"]
    assert (await office.account(parent)).issued_count == 2
    async with database.read() as connection:
        kept = await contacts.of_account(connection, office.town.keyring, parent.account_id)
    assert kept[Kind.EMAIL].change is None
    assert await office.town.audited(parent.account_id) == [
        ("issue_credentials", None),
        ("reissue_credentials", "потеряла листок"),
    ]
    [message] = await office.messages(events_pb2.MessageKind.MESSAGE_KIND_CREDENTIALS_REISSUED)
    assert json.loads(message["opened"])["to"] == "maria@example.org"


async def test_an_active_account_issued_again_is_to_be_activated_anew(office: Office) -> None:
    parent = await office.guardian_of(await office.pupil())
    await office.issue(parent, Capacity.PARENT)
    async with office.town.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == parent.account_id)
            .values(activated_at=office.town.clock.now(), temporary_until=None)
        )

    await office.issue(parent, Capacity.PARENT, reissue_reason="забыла пароль")

    row = await office.account(parent)
    assert row.activated_at is None
    assert row.temporary_until is not None


async def test_a_consent_shown_on_paper_is_in_the_registry(office: Office) -> None:
    """R35: with the employee who saw it; for a child under 14 somebody else consents, in the diary."""
    child = await office.pupil()
    parent = await office.guardian_of(child)

    await office.issue(parent, Capacity.PARENT)
    await office.issue(child, Capacity.YOUNG_PUPIL)

    [given] = await office.town.rows(consents, consents.c.subject_id == parent.person_id)
    assert (given.giver_id, given.recorded_by) == (parent.person_id, office.registrar.person_id)
    assert not await office.town.rows(consents, consents.c.subject_id == child.person_id)


async def test_a_closed_account_is_opened_by_who_comes_again(office: Office) -> None:
    """Who left and comes back needs no reason; a class issue opens nobody's account in passing."""
    pupil = await office.pupil(age=15)
    await office.issue(pupil, Capacity.PUPIL)
    async with office.town.database.transaction() as tx:
        await tx.execute(update(accounts).where(accounts.c.id == pupil.account_id).values(state="closed"))

    job = await ended(office, (await start(office)).job_id)
    assert [each.reason for each in job.skipped] == ["ACCOUNT_BLOCKED"]
    slip = await office.issue(pupil, Capacity.PUPIL)

    assert (await office.account(pupil)).state == "open"
    await office.town.doors.enter_with_password(slip.login, slip.temporary_password)


async def test_a_temporary_password_admits_nobody_after_its_days(office: Office, clock: MovableClock) -> None:
    """A23."""
    parent = await office.guardian_of(await office.pupil(name="Ёлкин Фёдор"), name="Ёлкина Ирина")
    slip = await office.issue(parent, Capacity.PARENT)

    clock.move(days=30, seconds=1)

    entering = office.town.doors.enter_with_password(slip.login, slip.temporary_password)
    assert await reason(entering) == "WRONG_CREDENTIALS"
    [seen] = await office.find(name={"surname": "Ёлкина", "given_name": "Ирина"}, birth_date="1986-04-12")
    assert seen.state == STATES.CREDENTIALS_STATE_EXPIRED


async def test_of_20_at_once_one_gets_the_slip(office: Office) -> None:
    """Two windows, two registrars, one person: one slip is alive, and it is the one that was shown."""
    parent = await office.guardian_of(await office.pupil())

    outcomes = await asyncio.gather(*(outcome(office, parent) for _ in range(20)))

    slips = [each for each in outcomes if isinstance(each, issuing_pb2.Slip)]
    assert len(slips) == 1
    assert [each for each in outcomes if each not in slips] == ["ISSUED_BEFORE"] * 19
    assert (await office.account(parent)).issued_count == 1
    await office.town.doors.enter_with_password(slips[0].login, slips[0].temporary_password)


async def test_the_same_request_20_times_shows_one_slip(office: Office) -> None:
    parent = await office.guardian_of(await office.pupil())
    same = str(new_id())

    outcomes = await asyncio.gather(*(outcome(office, parent, request_id=same) for _ in range(20)))

    slips = [each for each in outcomes if isinstance(each, issuing_pb2.Slip)]
    assert len(slips) == 1
    assert [each for each in outcomes if each not in slips] == ["SLIP_SHOWN"] * 19


async def test_namesakes_at_once_get_logins_that_do_not_look_alike(office: Office) -> None:
    """A24."""
    pupils = [await office.pupil(age=15) for _ in range(20)]

    slips = await asyncio.gather(*(office.issue(pupil, Capacity.PUPIL) for pupil in pupils))

    rows = [await office.account(pupil) for pupil in pupils]
    assert len({row.login_skeleton for row in rows}) == 20
    assert {row.login for row in rows} == {slip.login for slip in slips}


async def outcome(office: Office, person: Any, **changes: Any) -> issuing_pb2.Slip | str:
    """The slip, or the reason for which there is none."""
    try:
        return await office.issue(person, Capacity.PARENT, **changes)
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
