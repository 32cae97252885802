"""An account that shall let nobody in: shut and opened again by the school or the operator (A16)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import blocks_pb2, blocks_pb2_grpc, events_pb2, issuing_pb2
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.contacts import storage as contacts
from services.identity.contacts.rules import Contact, Email, Kind
from services.identity.own_data.storage import erasures
from services.identity.people.rules import Role
from services.identity.people.storage import WHOLE_REGION
from services.identity.schools.storage import schools
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import Metadata, Office
from tests.support.identity import DEADLINE, Registered, reason

PASSWORD = "a long enough one"


def proven(office: Office, person: Registered, role: WireRole.ValueType) -> Metadata:
    """The metadata of a caller who has just shown who they are."""
    clock = office.town.clock
    token, _ = office.keys.issuer(clock=clock).issue(
        person_id=person.person_id,
        account_id=person.account_id,
        session_id=new_id(),
        roles=frozenset({role}),
        authenticated_at=clock.now(),
    )
    return (("authorization", f"Bearer {token}"),)


async def block(
    office: Office,
    person: Registered,
    *,
    by: Metadata | None = None,
    why: str = "Пароль украден",
    at: UUID | None = None,
) -> None:
    request = blocks_pb2.BlockAccountRequest(
        school_id=str(at or office.school_id), person_id=str(person.person_id), reason=why
    )
    by = by or proven(office, office.registrar, WireRole.ROLE_REGISTRAR)
    await stub(office).BlockAccount(request, timeout=DEADLINE, metadata=by)


async def unblock(
    office: Office,
    person: Registered,
    *,
    by: Metadata | None = None,
    why: str = "Разобрались",
    at: UUID | None = None,
) -> None:
    request = blocks_pb2.UnblockAccountRequest(
        school_id=str(at or office.school_id), person_id=str(person.person_id), reason=why
    )
    by = by or proven(office, office.registrar, WireRole.ROLE_REGISTRAR)
    await stub(office).UnblockAccount(request, timeout=DEADLINE, metadata=by)


def stub(office: Office) -> blocks_pb2_grpc.BlocksServiceAsyncStub:
    return blocks_pb2_grpc.BlocksServiceStub(office.town.doors.channel)


async def operator_of(office: Office) -> Metadata:
    """An operator of the region calls."""
    operator = await office.town.register("Рябинина Ольга", roles={WHOLE_REGION: frozenset({Role.OPERATOR})})
    return proven(office, operator, WireRole.ROLE_OPERATOR)


async def block_shown(office: Office, person: Registered, *, by: Metadata) -> issuing_pb2.AccountBlock:
    """What the office sees of who has shut the account."""
    request = issuing_pb2.GetIssuePersonRequest(
        school_id=str(office.school_id), person_id=str(person.person_id)
    )
    return (await office.issuing.GetIssuePerson(request, timeout=DEADLINE, metadata=by)).person.block


async def parent(office: Office, **more: Any) -> tuple[Registered, str]:
    """Somebody who can enter by a password, and their login."""
    login = f"parent-{new_id()}"
    registered = await office.guardian_of(await office.pupil(), login=login, password=PASSWORD, **more)
    return registered, login


async def test_a_blocked_account_lets_nobody_in_and_ends_what_is_open(office: Office) -> None:
    """The person is told, and reads why in the history."""
    mother, login = await parent(office)
    email = f"mother-{new_id()}@example.org"
    async with office.town.database.transaction() as tx:
        known = Contact(Kind.EMAIL, Email(email), office.town.clock.now(), version=1)
        await contacts.save(tx.connection, office.town.keyring, mother.account_id, known)
    session = (await office.town.doors.enter_with_password(login, PASSWORD)).session

    await block(office, mother)

    assert await reason(office.town.doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert await reason(office.town.doors.enter_with_password(login, PASSWORD)) == "ACCOUNT_BLOCKED"
    assert await office.town.audited(mother.account_id) == [("block_account", "Пароль украден")]
    told = await office.messages(events_pb2.MessageKind.MESSAGE_KIND_ACCOUNT_BLOCKED)
    assert [email in each["opened"] for each in told] == [True]


async def test_an_account_that_is_opened_again_is_as_it_was(office: Office) -> None:
    mother, login = await parent(office)
    for _ in range(2):  # doing it twice succeeds
        await block(office, mother)
    for _ in range(2):
        await unblock(office, mother)

    assert (await office.town.doors.enter_with_password(login, PASSWORD)).session.access_token
    assert [action for action, _ in await office.town.audited(mother.account_id)] == [
        "block_account",
        "unblock_account",
    ]


async def test_of_20_at_once_one_blocks(office: Office) -> None:
    mother, _ = await parent(office)

    await asyncio.gather(*(block(office, mother) for _ in range(20)))

    assert len(await office.town.audited(mother.account_id)) == 1


async def test_blocking_asks_for_a_reason_and_for_a_fresh_proof(office: Office) -> None:
    mother, _ = await parent(office)

    assert await reason(block(office, mother, why=" \n ")) == "REASON_NEEDED"
    assert await reason(block(office, mother, by=office.by_registrar)) == "STEP_UP_NEEDED"
    assert await office.town.audited(mother.account_id) == []


async def test_a_registrar_blocks_where_they_could_issue_and_nowhere_else(office: Office) -> None:
    """A34: not themselves, nobody with rights elsewhere, nobody of another school, nobody who closed it."""
    far = new_id()
    stranger = await office.town.register("Сосна Олег", roles={far: frozenset({Role.GUARDIAN})})
    colleague = await office.town.register("Ольхин Егор", roles={far: frozenset({Role.TEACHER})})
    await office.relate(colleague, await office.pupil())
    gone, _ = await parent(office)
    async with office.town.database.transaction() as tx:
        closing = update(accounts).where(accounts.c.id == gone.account_id)
        await tx.execute(closing.values(state=AccountState.CLOSED))
    teacher = proven(office, office.teacher, WireRole.ROLE_TEACHER)

    refusals = [
        await reason(block(office, who, by=by))
        for who, by in (
            (stranger, None),
            (office.registrar, None),
            (colleague, None),
            (gone, None),
            (gone, teacher),
            (gone, proven(office, stranger, WireRole.ROLE_REGISTRAR)),
        )
    ]

    assert refusals == [
        "UNKNOWN_PERSON",
        "NOT_IN_YOUR_HANDS",
        "NOT_IN_YOUR_HANDS",
        "ACCOUNT_CLOSED",
        "ROLE_NEEDED",
        "NOT_THEIR_SCHOOL",
    ]


async def test_an_operator_blocks_an_employee(office: Office) -> None:
    """The right is looked up, not read from the token alone."""
    operator = await office.town.register("Рябинина Ольга", roles={WHOLE_REGION: frozenset({Role.OPERATOR})})
    impostor = await office.town.register("Рябинин Олег", roles={})
    by, not_by = (proven(office, who, WireRole.ROLE_OPERATOR) for who in (operator, impostor))

    assert await reason(block(office, office.registrar, by=not_by)) == "NOT_THEIR_SCHOOL"
    await block(office, office.registrar, by=by)

    assert (await office.account(office.registrar)).state == AccountState.BLOCKED


async def test_what_the_operator_has_blocked_no_school_opens(office: Office) -> None:
    """The office sees who has, and that it is not theirs to open; the operator opens it."""
    mother, login = await parent(office)
    operator = await operator_of(office)
    await block(office, mother, by=operator)

    assert await reason(unblock(office, mother)) == "BLOCKED_BY_OPERATOR"
    assert (await office.account(mother)).state == AccountState.BLOCKED
    shown = await block_shown(office, mother, by=office.by_registrar)
    assert shown == issuing_pb2.AccountBlock(by_operator=True)

    await unblock(office, mother, by=operator)

    assert (await office.town.doors.enter_with_password(login, PASSWORD)).session.access_token


async def test_what_a_school_has_blocked_the_operator_takes_over(office: Office) -> None:
    """Blocked by both it is the operator's; a school that blocks after the operator takes nothing back."""
    mother, _ = await parent(office)
    await block(office, mother)
    for _ in range(2):
        await block(office, mother, by=await operator_of(office), why="По решению суда")
    await block(office, mother)

    assert await reason(unblock(office, mother)) == "BLOCKED_BY_OPERATOR"
    assert [why for _, why in await office.town.audited(mother.account_id)] == [
        "Пароль украден",
        "По решению суда",
    ]


async def test_the_operator_opens_what_a_school_has_blocked(office: Office) -> None:
    mother, _ = await parent(office)
    await block(office, mother)

    await unblock(office, mother, by=await operator_of(office))

    assert (await office.account(mother)).state == AccountState.OPEN


async def test_what_one_school_has_blocked_no_other_opens(office: Office) -> None:
    """A mother of two schools whom neither has issued anything: the first one decides for both."""
    far = new_id()
    await office.write(schools, school_id=far, title="Дальняя", zone="UTC", version=1, source_event=new_id())
    hers = {school: frozenset({Role.GUARDIAN}) for school in (office.school_id, far)}
    mother = await office.town.register("Ёлкина Мария", roles=hers)
    far_registrar = await office.town.register("Дальний Олег", roles={far: frozenset({Role.REGISTRAR})})
    by_far = proven(office, far_registrar, WireRole.ROLE_REGISTRAR)
    await block(office, mother, by=by_far, at=far)

    assert await reason(unblock(office, mother)) == "BLOCKED_ELSEWHERE"
    shown = await block_shown(office, mother, by=office.by_registrar)
    assert shown == issuing_pb2.AccountBlock(school_title="Дальняя")

    await unblock(office, mother, by=by_far, at=far)

    assert (await office.account(mother)).state == AccountState.OPEN


async def test_the_office_opens_its_own_block_and_the_homeroom_teacher_does_not(office: Office) -> None:
    mother, _ = await parent(office)
    await block(office, mother)

    shown = [
        (await block_shown(office, mother, by=by)).may_open for by in (office.by_registrar, office.by_teacher)
    ]

    assert shown == [True, False]


async def test_what_nobody_consents_to_any_more_is_not_opened(office: Office) -> None:
    """The consent was withdrawn while the account was blocked: it stays closed until its erasure."""
    mother, _ = await parent(office)
    await block(office, mother)
    now = office.town.clock.now()
    async with office.town.database.transaction() as tx:
        await tx.execute(
            insert(erasures).values(
                id=new_id(),
                person_id=mother.person_id,
                account_id=mother.account_id,
                cause="CONSENT",
                requested_at=now,
                erases_at=now + timedelta(days=3),
            )
        )

    await unblock(office, mother)

    assert (await office.account(mother)).state == AccountState.CLOSED
