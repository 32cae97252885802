"""A guardian adds a child by the child's own login and password (R33)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import date, timedelta
from uuid import UUID

import grpc
import pytest
from sqlalchemy import update

from school.identity.v1 import families_pb2, sessions_pb2
from services.identity.accounts.storage import accounts
from services.identity.families.storage import relations
from services.identity.people.rules import PersonStatus, Role
from services.identity.schools.storage import classes, memberships
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from tests.integration.identity.families.family import (
    NO_ACCESS,
    NO_CONTACTS,
    PARENT,
    PASSWORD,
    School,
    born_years_ago,
    children,
    guardians,
    my_children,
)
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason

SLIP = "temporary slip"


async def add(
    doors: Doors,
    session: sessions_pb2.Session,
    login: str,
    password: str = SLIP,
    *,
    label: str = "Petya",
    kind: families_pb2.RelationKind.ValueType = PARENT,
) -> families_pb2.Child:
    """Add a child."""
    request = families_pb2.AddChildRequest(login=login, password=password, label=label, kind=kind)
    reply = await doors.families.AddChild(request, timeout=DEADLINE, metadata=bearer(session))
    return reply.child


async def rename(
    doors: Doors, session: sessions_pb2.Session, pupil: Registered, label: str
) -> families_pb2.Child:
    """Call a child otherwise."""
    request = families_pb2.RenameChildRequest(pupil_id=str(pupil.person_id), label=label)
    reply = await doors.families.RenameChild(request, timeout=DEADLINE, metadata=bearer(session))
    return reply.child


async def with_slip(here: Town, school: School, **changes: object) -> tuple[Registered, str]:
    """A pupil with a temporary password, and the login."""
    login = f"pupil-{here.snils()}"
    pupil = await school.pupil(**{"login": login, "password": SLIP, **changes})  # type: ignore[arg-type]
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == pupil.account_id)
            .values(
                temporary_until=here.clock.now() + timedelta(days=30),
                activated_at=None,
                password_set_at=None,
                issued_count=1,
            )
        )
    return pupil, login


async def test_the_childs_credentials_open_the_diary_to_the_guardian_and_stay_as_they_are(
    here: Town, doors: Doors, school: School
) -> None:
    pupil, login = await with_slip(here, school)
    before = await here.rows(accounts, accounts.c.id == pupil.account_id)
    parent, session = await school.parent()

    child = await add(doors, session, login)

    assert (child.person_id, child.label) == (str(pupil.person_id), "Petya")
    assert await children(doors, session) == ["Пётр"]
    assert await here.rows(accounts, accounts.c.id == pupil.account_id) == before
    assert await here.rows(sessions, sessions.c.account_id == pupil.account_id) == []
    [relation] = await here.rows(relations, relations.c.guardian_id == parent.person_id)
    assert (relation.basis, relation.school_id) == ("CREDENTIALS", school.id)
    assert await here.told(relation.id) == ["RelationRegistered"]
    assert await here.audited(relation.id) == [("register_relation", "credentials")]


async def test_a_password_of_the_childs_own_proves_the_link_as_well(
    here: Town, doors: Doors, school: School
) -> None:
    login = f"pupil-{here.snils()}"
    await school.pupil(login=login, password=PASSWORD)
    _, session = await school.parent()

    await add(doors, session, login, PASSWORD)

    assert await children(doors, session) == ["Пётр"]


async def test_guesses_count_as_at_the_childs_own_door(here: Town, doors: Doors, school: School) -> None:
    """A21: and the right password waits with the wrong ones."""
    _, login = await with_slip(here, school)
    _, session = await school.parent()

    reasons = [await reason(add(doors, session, login, "wrong")) for _ in range(5)]

    assert set(reasons) == {"WRONG_CREDENTIALS"}
    assert await reason(add(doors, session, login)) == "TOO_MANY_ATTEMPTS"


async def test_a_temporary_password_past_its_days_proves_nothing(
    here: Town, doors: Doors, school: School, clock: MovableClock
) -> None:
    _, login = await with_slip(here, school)
    clock.move(days=31)
    _, session = await school.parent()

    assert await reason(add(doors, session, login)) == "WRONG_CREDENTIALS"


async def test_what_is_no_childs_login_adds_nobody(here: Town, doors: Doors, school: School) -> None:
    teacher = f"teacher-{here.snils()}"
    await here.register(roles={school.id: frozenset({Role.TEACHER})}, login=teacher, password=SLIP)
    _, left = await with_slip(here, school, status=PersonStatus.LEFT)
    _, grown = await with_slip(here, school, birth_date=born_years_ago(18, school.today))
    _, session = await school.parent()

    assert await reason(add(doors, session, teacher)) == "NOT_A_PUPIL"
    assert await reason(add(doors, session, left)) == "PERSON_LEFT"
    assert await reason(add(doors, session, grown)) == "PUPIL_OF_AGE"
    nothing = families_pb2.RELATION_KIND_UNSPECIFIED
    assert await reason(add(doors, session, grown, kind=nothing)) == "BAD_RELATION"
    assert await children(doors, session) == []


async def test_only_an_adult_adds_a_child(here: Town, doors: Doors, school: School) -> None:
    """A classmate who knows the password becomes nobody's guardian, nor does a pupil their own."""
    _, login = await with_slip(here, school)
    mine = f"pupil-{here.snils()}"
    await school.pupil("Котов Илья", birth_date=born_years_ago(16, school.today), login=mine, password=SLIP)
    classmate = (await doors.enter_with_password(mine, SLIP)).session

    assert await reason(add(doors, classmate, login)) == "ADULTS_ONLY"
    assert await reason(add(doors, classmate, mine)) == "BAD_RELATION"


async def test_a_court_forbids_adding_the_child_too(here: Town, doors: Doors, school: School) -> None:
    """A30."""
    pupil, login = await with_slip(here, school)
    father, session = await school.parent("Королёв Олег Иванович")
    await school.limit(father, pupil)

    assert await reason(add(doors, session, login)) == "COURT_FORBIDS"
    assert await children(doors, session) == []


async def test_where_the_school_has_ended_it_the_school_decides(
    here: Town, doors: Doors, school: School
) -> None:
    """A30: neither an end nor a term is undone by the child's password."""
    for until in ("", school.today.isoformat()):
        pupil, login = await with_slip(here, school)
        father, _ = await school.parent("Королёв Олег Иванович")
        relation = await school.relate(father, pupil, until=until)
        if until:
            here.clock.move(days=1)  # type: ignore[attr-defined]
        else:
            await school.end(relation.relation_id)
        entered = await doors.enter_with_password(await _login_of(here, father), PASSWORD)

        assert await reason(add(doors, entered.session, login)) == "SCHOOL_DECIDES"


async def test_whom_a_court_forbids_contacts_is_not_told_who_joins(
    here: Town, doors: Doors, school: School
) -> None:
    """And a child whom one stands for already gets a label, and no second relation."""
    pupil, login = await with_slip(here, school)
    father, his = await school.parent("Королёв Олег Иванович")
    await school.relate(father, pupil)
    await school.limit(father, pupil, NO_CONTACTS)
    _, hers = await school.parent()

    await add(doors, hers, login)
    named = await add(doors, his, login, label="Petr")

    assert named.label == "Petr"
    assert len(await here.rows(relations, relations.c.pupil_id == pupil.person_id)) == 2
    assert len((await guardians(doors, his, pupil)).guardians) == 1


async def test_of_twenty_at_once_the_child_is_added_once(here: Town, doors: Doors, school: School) -> None:
    """Beyond the free guesses they wait, as at any door; nobody fails otherwise."""
    pupil, login = await with_slip(here, school)
    _, session = await school.parent()

    outcomes = await asyncio.gather(*(_outcome(add(doors, session, login)) for _ in range(20)))

    assert set(outcomes) <= {"added", "TOO_MANY_ATTEMPTS"}
    assert "added" in outcomes
    [relation] = await here.rows(relations, relations.c.pupil_id == pupil.person_id)
    assert await here.told(relation.id) == ["RelationRegistered"]


async def test_two_parents_at_once_both_come_in(here: Town, doors: Doors, school: School) -> None:
    pupil, login = await with_slip(here, school)
    parents = [(await school.parent())[1] for _ in range(4)]

    await asyncio.gather(*(add(doors, each, login) for each in parents))

    assert len(await here.rows(relations, relations.c.pupil_id == pupil.person_id)) == 4


async def test_a_limit_entered_while_the_child_is_added_leaves_no_access(
    here: Town, doors: Doors, school: School
) -> None:
    """A30: whichever comes first."""
    for _ in range(5):
        pupil, login = await with_slip(here, school)
        father, session = await school.parent("Королёв Олег Иванович")

        await asyncio.gather(
            add(doors, session, login), school.limit(father, pupil, NO_ACCESS), return_exceptions=True
        )

        assert await children(doors, session) == []


@pytest.mark.parametrize(
    "label", ["", "P", "7b", "Пётр", "Petya Korolev", "-petya", "p" * 32, "petya!", "Petya\n\nX", "Petуa"]
)
async def test_a_label_is_latin_and_short(here: Town, doors: Doors, school: School, label: str) -> None:
    """R33."""
    _, login = await with_slip(here, school)
    _, session = await school.parent()

    assert await reason(add(doors, session, login, label=label)) == "BAD_LABEL"
    assert await children(doors, session) == []


async def test_two_children_of_one_guardian_are_called_differently(
    here: Town, doors: Doors, school: School
) -> None:
    """R33: whatever the case; another guardian may call a child the same."""
    older, login = await with_slip(here, school)
    younger, other_login = await with_slip(here, school)
    _, session = await school.parent()
    _, others = await school.parent()
    await add(doors, session, login, label="Masha")

    assert await reason(add(doors, session, other_login, label="mASHA")) == "LABEL_TAKEN"
    assert len(await children(doors, session)) == 1
    await add(doors, session, other_login, label="Petya")
    assert await reason(rename(doors, session, younger, "masha")) == "LABEL_TAKEN"
    assert (await rename(doors, session, older, "masha")).label == "masha"
    assert (await rename(doors, session, younger, "Petya_2")).label == "Petya_2"
    assert (await add(doors, others, login, label="Masha")).label == "Masha"


async def test_a_label_of_who_is_no_child_any_more_makes_room(
    here: Town, doors: Doors, school: School
) -> None:
    _, login = await with_slip(here, school)
    _, other_login = await with_slip(here, school)
    parent, session = await school.parent()
    await add(doors, session, login, label="Masha")
    [relation] = await here.rows(relations, relations.c.guardian_id == parent.person_id)
    await school.end(str(relation.id))

    assert (await add(doors, session, other_login, label="masha")).label == "masha"


async def test_of_two_children_called_the_same_at_once_one_is(
    here: Town, doors: Doors, school: School
) -> None:
    one, login = await with_slip(here, school)
    other, other_login = await with_slip(here, school)
    _, session = await school.parent()
    await add(doors, session, login, label="One")
    await add(doors, session, other_login, label="Other")

    outcomes = await asyncio.gather(
        *(rename(doors, session, child, "Masha") for child in (one, other) * 4), return_exceptions=True
    )

    labels = sorted(child.label for child in (await my_children(doors, session)).children)
    assert labels in (["Masha", "One"], ["Masha", "Other"])
    assert sum(isinstance(outcome, families_pb2.Child) for outcome in outcomes) == 4


async def test_only_a_child_of_ones_own_is_renamed(here: Town, doors: Doors, school: School) -> None:
    """A34."""
    pupil, _ = await with_slip(here, school)
    _, session = await school.parent()

    assert await reason(rename(doors, session, pupil, "Masha")) == "NOT_THEIR_FAMILY"


async def test_children_are_listed_with_their_schools_and_classes(
    here: Town, doors: Doors, school: School, other_school: School
) -> None:
    """Several children in several schools; one may study at two."""
    await school.lies_in("Europe/Moscow")
    await other_school.lies_in("Europe/Samara")
    older, younger = await school.pupil("Королёв Антон"), await school.pupil("Королёв Борис")
    parent, session = await school.parent()
    await school.relate(parent, older)
    await school.relate(parent, younger)
    await _study(here, older, school.id, "7Б", since=school.today - timedelta(days=9))
    await _study(here, older, other_school.id, "Хор", since=school.today)
    await _study(here, older, school.id, "8Б", since=school.today + timedelta(days=90))

    first, second = (await my_children(doors, session)).children

    assert sorted((place.school_id, place.class_title) for place in first.places) == sorted(
        [(str(school.id), "7Б"), (str(other_school.id), "Хор")]
    )
    assert list(second.places) == []


async def _study(here: Town, pupil: Registered, school_id: UUID, title: str, *, since: date) -> None:
    class_id = new_id()
    told = {"version": 1, "source_event": new_id()}
    async with here.database.transaction() as tx:
        await tx.execute(
            classes.insert().values(class_id=class_id, school_id=school_id, title=title, grade=7, **told)
        )
        await tx.execute(
            memberships.insert().values(
                membership_id=new_id(),
                class_id=class_id,
                school_id=school_id,
                pupil_id=pupil.person_id,
                valid_from=since,
                **told,
            )
        )


async def _outcome(call: Awaitable[families_pb2.Child]) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal(error).reason
    return "added"


async def _login_of(here: Town, person: Registered) -> str:
    [account] = await here.rows(accounts, accounts.c.id == person.account_id)
    return str(account.login)
