"""What follows from a staff role that is given or taken, who has which, and the first operator (R1)."""

from __future__ import annotations

import asyncio
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import staff_pb2
from school.identity.v1.events_pb2 import PersonRegistered
from services.identity.commands import grant_operator
from services.identity.people.rules import Role, UnknownPerson
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.identity.schools.storage import schools
from services.kit.ids import new_id
from services.kit.paging import page_token
from services.kit.tables import outbox
from tests.integration.identity.staff.chief import (
    PASSWORD,
    Chief,
    chief,
    held,
    roles_of,
    url_of,
)
from tests.support.identity import BORN, DEADLINE, Doors, Town, bearer, reason
from tests.support.sessions import is_in

# --- what follows ---


async def test_a_given_role_is_told_and_audited_once(here: Town, operator: Chief) -> None:
    someone, school = await here.register("Ковалёва Мария Игоревна"), uuid4()
    before = await held(here, someone.person_id)
    request_id = uuid4().hex

    for _ in range(2):
        await operator.grant(someone.person_id, WireRole.ROLE_TEACHER, school, request_id=request_id)
    member = await operator.grant(someone.person_id, WireRole.ROLE_TEACHER, school)

    assert (await held(here, someone.person_id)) - before == {(school, "TEACHER")}
    assert (member.name.surname, member.second_factor) == ("Ковалёва", False)
    rows = await here.rows(outbox, outbox.c.aggregate_id == someone.person_id)
    [told] = [PersonRegistered.FromString(row.payload) for row in rows]
    assert (told.version, set(told.roles)) == (2, {WireRole.ROLE_GUARDIAN, WireRole.ROLE_TEACHER})
    (row,) = await here.rows(people, people.c.id == someone.person_id)
    assert row.version == 2
    assert await here.audited(someone.person_id) == [("grant_staff_role", f"TEACHER {school}")]


async def test_a_new_role_is_in_the_tokens_from_the_next_refresh_on(
    here: Town, doors: Doors, operator: Chief
) -> None:
    login = f"teacher-{here.snils()}"
    someone = await here.register(login=login, password=PASSWORD)
    session = (await doors.enter_with_password(login, PASSWORD)).session
    await operator.grant(someone.person_id, WireRole.ROLE_TEACHER, uuid4())

    fresh = await doors.refresh(session.refresh_token)

    posts = await operator.stub.ListMyPosts(
        staff_pb2.ListMyPostsRequest(), timeout=DEADLINE, metadata=bearer(fresh)
    )
    assert [post.role for post in posts.posts] == [WireRole.ROLE_TEACHER]


async def test_a_taken_role_ends_the_persons_sessions(here: Town, doors: Doors, operator: Chief) -> None:
    login, school = f"teacher-{here.snils()}", uuid4()
    someone = await here.register(
        login=login, password=PASSWORD, roles={school: frozenset({Role.TEACHER, Role.GUARDIAN})}
    )
    sessions = [(await doors.enter_with_password(login, PASSWORD)).session for _ in range(2)]

    member = await operator.revoke(someone.person_id, WireRole.ROLE_TEACHER, school, " left\nthe school\x00 ")

    assert list(member.posts) == []
    assert await held(here, someone.person_id) == {(school, "GUARDIAN")}
    for session in sessions:
        assert await is_in(doors, session) == "SESSION_ENDED"
        assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert await here.audited(someone.person_id) == [
        ("revoke_staff_role", f"TEACHER {school}: left the school")
    ]
    # Taking it again is taking nothing.
    await operator.revoke(someone.person_id, WireRole.ROLE_TEACHER, school)
    assert len(await here.audited(someone.person_id)) == 1


async def test_nobody_takes_an_own_role(operator: Chief, administrator: Chief) -> None:
    own = operator.revoke(operator.person.person_id, WireRole.ROLE_OPERATOR)
    assert await reason(own) == "OWN_ROLE"
    own = administrator.revoke(administrator.person.person_id, WireRole.ROLE_REGISTRAR, administrator.school)
    assert await reason(own) == "OWN_ROLE"


async def test_two_operators_cannot_take_the_role_from_each_other_at_once(here: Town, doors: Doors) -> None:
    """Somebody is left to run the region, whoever is first."""
    one, other = [await chief(here, doors, Role.OPERATOR) for _ in range(2)]

    told = await asyncio.gather(
        one.revoke(other.person.person_id, WireRole.ROLE_OPERATOR),
        other.revoke(one.person.person_id, WireRole.ROLE_OPERATOR),
        return_exceptions=True,
    )

    assert sum(isinstance(each, staff_pb2.StaffMember) for each in told) == 1
    left = [await held(here, each.person.person_id) for each in (one, other)]
    assert sorted(map(len, left)) == [0, 1]


async def test_the_last_operator_who_can_be_in_stays(here: Town, doors: Doors, operator: Chief) -> None:
    """The caller does not count once they are blocked, although their token still says operator."""
    last = await chief(here, doors, Role.OPERATOR)
    async with here.database.transaction() as tx:
        others = person_roles.c.person_id.not_in([last.person.person_id, operator.person.person_id])
        await tx.execute(delete(person_roles).where(person_roles.c.role == Role.OPERATOR, others))
        await tx.execute(
            people.update().where(people.c.id == operator.person.person_id).values(status="blocked")
        )

    told = await reason(operator.revoke(last.person.person_id, WireRole.ROLE_OPERATOR))

    assert told == "LAST_OPERATOR"
    assert (WHOLE_REGION, "OPERATOR") in await held(here, last.person.person_id)


async def test_twenty_grants_at_once_make_one_role(here: Town, operator: Chief) -> None:
    someone, school = await here.register(), uuid4()

    members = await asyncio.gather(
        *(operator.grant(someone.person_id, WireRole.ROLE_REGISTRAR, school) for _ in range(20))
    )

    assert all(roles_of(member) == {WireRole.ROLE_REGISTRAR} for member in members)
    assert await here.told(someone.person_id) == ["PersonRegistered"]


async def test_what_names_nobody_is_refused(operator: Chief) -> None:
    for call in (operator.grant, operator.revoke):
        assert await reason(call(uuid4(), WireRole.ROLE_AUTHORITY)) == "UNKNOWN_PERSON"
    assert await reason(operator.member(uuid4(), None)) == "UNKNOWN_PERSON"
    assert await reason(operator.grant(uuid4(), cast("WireRole.ValueType", 99))) == "BAD_ROLES"


# --- who is there ---


async def test_the_staff_of_a_school_is_listed_by_name_page_by_page(here: Town, administrator: Chief) -> None:
    school = administrator.school
    names = ["Яковлева Ия", "Абрамов Олег", "Абрамов Олег", "Белова Анна", "Абрамов Игорь"]
    for name in names:
        await here.register(name, roles={school: frozenset({Role.TEACHER, Role.GUARDIAN})})
    await here.register("Родитель Иван", roles={school: frozenset({Role.GUARDIAN})})
    seen: list[str] = []
    token = ""
    while True:
        page = await administrator.staff(school, size=2, token=token)
        seen += [f"{member.name.surname} {member.name.given_name}" for member in page.members]
        assert len(page.members) <= 2
        token = page.next_page_token
        if not token:
            break

    assert seen == sorted([*names, "Королёва Алёна"])
    assert await reason(administrator.staff(school, token="x")) == "BAD_PAGE_TOKEN"


@pytest.mark.parametrize("stranger", ["Ааа Ия", "Яяя Ия"])
async def test_the_list_begins_after_nobody_whom_it_does_not_show(
    here: Town, administrator: Chief, stranger: str
) -> None:
    """A34: else where it began would tell how the name of a person of another school compares."""
    parent = await here.register("Родитель Иван", roles={administrator.school: frozenset({Role.GUARDIAN})})
    foreign = await here.register(stranger, roles={new_id(): frozenset({Role.TEACHER})})

    for other in (foreign.person_id, parent.person_id, new_id()):
        token = page_token(other)
        assert await reason(administrator.staff(administrator.school, token=token)) == "BAD_PAGE_TOKEN"


async def test_the_regions_staff_is_listed_for_operators(here: Town, doors: Doors, operator: Chief) -> None:
    authority = await here.register("Аверин Пётр", roles={WHOLE_REGION: frozenset({Role.AUTHORITY})})

    listed = await operator.staff(None, size=200)

    known = {member.person_id: member for member in listed.members}
    assert roles_of(known[str(authority.person_id)]) == {WireRole.ROLE_AUTHORITY}
    assert known[str(operator.person.person_id)].second_factor
    assert known[str(operator.person.person_id)].posts[0].school_id == ""


async def test_posts_name_the_school_as_soon_as_it_is_known(here: Town, operator: Chief) -> None:
    someone, school = await here.register(), uuid4()
    await operator.grant(someone.person_id, WireRole.ROLE_TEACHER, school)
    before = await operator.member(someone.person_id, school)
    async with here.database.transaction() as tx:
        await tx.execute(
            schools.insert().values(
                school_id=school, title="Школа № 12", zone="Europe/Moscow", version=1, source_event=new_id()
            )
        )

    after = await operator.member(someone.person_id, school)

    assert [post.school_title for post in (*before.posts, *after.posts)] == ["", "Школа № 12"]
    assert list((await operator.member(someone.person_id, uuid4())).posts) == []


async def test_candidates_are_found_by_documents_and_not_by_browsing(here: Town, operator: Chief) -> None:
    snils = here.snils()
    found = await here.register("Семёнов Пётр Олегович", snils=snils)
    await here.register("Семёнова Анна Олеговна")
    born = BORN.isoformat()

    by_date = await operator.find(None, "СЕМЕНОВ", "петр", "Олегович", birth_date=born)
    by_snils = await operator.find(None, "Семёнов", "Пётр", snils=snils)

    assert str(found.person_id) in by_date
    assert by_snils == [str(found.person_id)]
    assert await operator.find(None, "Семёнов", "Пётр", birth_date="1986-04-13") == []
    assert await operator.find(None, "Семёнова", "Пётр", snils=snils) == []
    assert len(await operator.find(None, "Королёва", "Алёна", birth_date=born)) <= 10


@pytest.mark.parametrize(
    ("name", "known", "why"),
    [
        (("", "Пётр"), {"birth_date": "1986-04-12"}, "SEARCH_TOO_WIDE"),
        (("Семёнов", " "), {"birth_date": "1986-04-12"}, "SEARCH_TOO_WIDE"),
        (("Семёнов", "Пётр"), {}, "SEARCH_TOO_WIDE"),
        (("Семёнов", "Пётр"), {"birth_date": "2999-01-01"}, "BAD_BIRTH_DATE"),
        (("Семёнов", "Пётр"), {"birth_date": "yesterday"}, "BAD_DATE"),
        (("Семёнов", "Пётр"), {"snils": "123"}, "BAD_SNILS"),
    ],
)
async def test_a_search_that_is_none_is_refused_by_its_reason(
    operator: Chief, name: tuple[str, str], known: dict[str, str], why: str
) -> None:
    assert await reason(operator.find(None, *name, **known)) == why


# --- the first operator ---


async def test_the_first_operator_is_made_by_command(here: Town) -> None:
    url = url_of(here)
    login = f"first-{here.snils()}"
    someone = await here.register(login=login, password=PASSWORD)

    by_login = await grant_operator(url, f" {login.upper()} ")
    by_id = await grant_operator(url, str(someone.person_id))

    assert (WHOLE_REGION, "OPERATOR") in await held(here, someone.person_id)
    assert by_login == f"{someone.person_id} is an operator now"
    assert by_id == f"{someone.person_id} was an operator already"
    assert await here.audited(someone.person_id) == [("grant_staff_role", "OPERATOR region")]
    assert await here.told(someone.person_id) == ["PersonRegistered"]


@pytest.mark.parametrize("who", ["nobody", str(UUID(int=1)), "\x00"])
async def test_a_command_for_nobody_changes_nothing(here: Town, who: str) -> None:
    with pytest.raises(UnknownPerson):
        await grant_operator(url_of(here), who)
