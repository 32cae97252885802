"""A registrar registers somebody: what is asked first, what a refusal keeps, and what is told afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import grpc
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.issuing_pb2 import FindPeopleResponse, GetIssuePersonResponse
from school.identity.v1.people_pb2 import FullName, Person, RegisterPersonRequest, RegisterPersonResponse
from school.identity.v1.register_pb2 import SearchSchoolPeopleResponse
from school.identity.v1.staff_pb2 import ListMyPostsResponse, Post
from services.kit.errors import DomainError
from tests.integration.gateway.office import PERSON, ROOM, SCHOOL, Office, person, refuse

NEW = f"{ROOM}/new-person"
SNILS = "112-233-445 95"
TYPED: Final[Mapping[str, str | list[str]]] = {
    "surname": "Римская-Летова",
    "given_name": "Ёлка",
    "patronymic": "Вагиф кызы",
    "birth_date": "17.04.1986",
    "role": ["ROLE_GUARDIAN", "ROLE_TEACHER"],
    "request_id": "once",
}


class Wrong(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    title = "Wrong"

    def __init__(self, reason: str, **metadata: str) -> None:
        self.reason = reason  # type: ignore[misc]
        super().__init__(**metadata)


@pytest.fixture
def desk(registrar: Office) -> Office:
    """The registrar of a school where nobody has that name yet."""
    stage = registrar.gateway.stage
    stage.on("FindPeople", lambda _: FindPeopleResponse())
    stage.on("RegisterPerson", lambda _: RegisterPersonResponse(person=Person(person_id=PERSON)))
    return registrar


def wrong_fields(page: str) -> list[str]:
    return re.findall(r'<p class="wrong" id="(\w+)_wrong">', page)


async def test_a_person_is_registered_by_documents(desk: Office) -> None:
    answer = await desk.post(f"{NEW}/register", snils=SNILS, **TYPED)

    assert answer.headers["location"] == f"{ROOM}/people/{PERSON}?done=registered"
    [call] = desk.gateway.stage.called("RegisterPerson")
    assert call.request == RegisterPersonRequest(
        school_id=SCHOOL,
        request_id="once",
        name=FullName(surname="Римская-Летова", given_name="Ёлка", patronymic="Вагиф кызы"),
        birth_date="1986-04-17",
        snils=SNILS,
        roles=[Role.ROLE_GUARDIAN, Role.ROLE_TEACHER],
    )


async def test_only_what_a_school_gives_can_be_ticked(desk: Office) -> None:
    page = (await desk.get(NEW)).text

    await desk.post(f"{NEW}/register", **{**TYPED, "role": ["ROLE_PUPIL", "ROLE_OPERATOR"]})

    assert re.findall(r'name="role" value="(\w+)"', page) == ["ROLE_PUPIL", "ROLE_GUARDIAN", "ROLE_TEACHER"]
    [call] = desk.gateway.stage.called("RegisterPerson")
    assert list(call.request.roles) == [Role.ROLE_PUPIL]


async def test_what_is_missing_is_said_beside_each_field_and_the_rest_is_kept(desk: Office) -> None:
    typed = {**TYPED, "given_name": "  ", "birth_date": "31.02.1986", "role": []}
    answer = await desk.post(f"{NEW}/register", snils=SNILS, **typed)

    assert answer.status_code == 400
    assert wrong_fields(answer.text) == ["given_name", "birth_date", "role"]
    assert 'value="Римская-Летова"' in answer.text
    assert 'value="31.02.1986"' in answer.text
    assert SNILS not in answer.text, "a number is never shown again"
    assert not desk.gateway.stage.called("RegisterPerson")


@pytest.mark.parametrize(
    ("refusal", "fields"),
    [
        (Wrong("BAD_NAME", part="patronymic"), ["patronymic"]),
        (Wrong("BAD_NAME", part="alphabet"), ["surname", "given_name", "patronymic"]),
        (Wrong("BAD_BIRTH_DATE"), ["birth_date"]),
        (Wrong("BAD_SNILS"), ["snils"]),
        (Wrong("BAD_ROLES"), ["role"]),
    ],
    ids=["name", "alphabets", "date", "snils", "roles"],
)
async def test_what_the_register_refuses_is_said_beside_its_field(
    desk: Office, refusal: Wrong, fields: list[str]
) -> None:
    desk.gateway.stage.on("RegisterPerson", refuse(refusal))

    answer = await desk.post(f"{NEW}/register", snils=SNILS, **TYPED)

    assert answer.status_code == 400
    assert wrong_fields(answer.text) == fields
    assert 'value="ROLE_TEACHER" checked' in answer.text
    assert 'name="request_id" value="once"' in answer.text, "sent again, it is the same deed"


async def test_a_namesake_is_shown_first_and_registered_beside_only_after_a_word(desk: Office) -> None:
    desk.gateway.stage.on("FindPeople", lambda _: FindPeopleResponse(people=[person()]))

    asked = await desk.post(f"{NEW}/register", **TYPED)
    registered_unasked = desk.gateway.stage.called("RegisterPerson")
    done = await desk.post(f"{NEW}/register", another="yes", **TYPED)

    assert f'href="{ROOM}/people/{PERSON}"' in asked.text
    assert 'name="another"' in asked.text
    assert 'value="Римская-Летова"' in asked.text
    assert not registered_unasked
    assert done.headers["location"] == f"{ROOM}/people/{PERSON}?done=registered"


async def test_a_number_of_somebody_else_takes_a_document(desk: Office) -> None:
    """A32: what follows is said before, and nothing is disputed by a number that nobody typed again."""
    desk.gateway.stage.on("RegisterPerson", refuse(Wrong("SNILS_TAKEN")))
    taken = await desk.post(f"{NEW}/register", snils=SNILS, **TYPED)
    disputed = RegisterPersonResponse(person=Person(person_id=PERSON), snils_disputed=True)
    desk.gateway.stage.on("RegisterPerson", lambda _: disputed)
    desk.gateway.stage.calls.clear()

    without = await desk.post(f"{NEW}/register", documents_seen="yes", **TYPED)
    before = desk.gateway.stage.called("RegisterPerson")
    done = await desk.post(f"{NEW}/register", documents_seen="yes", snils=SNILS, **TYPED)

    assert 'name="documents_seen"' in taken.text
    assert "С этим СНИЛС записан другой человек" in taken.text
    assert SNILS not in taken.text
    assert wrong_fields(without.text) == ["snils"]
    assert not before
    [call] = desk.gateway.stage.called("RegisterPerson")
    assert call.request.documents_seen
    assert done.headers["location"].endswith("?done=disputed")


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("registered", "Человек записан. Теперь можно выдать"),
        ("returned", "снова в нём, с прежней учётной записью"),
        ("disputed", f'СНИЛС спорный.*href="{ROOM}/cases"'),
    ],
)
async def test_the_persons_page_says_what_became_of_it(desk: Office, done: str, said: str) -> None:
    desk.gateway.stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=person()))

    assert re.search(said, (await desk.get(f"{ROOM}/people/{PERSON}?done={done}")).text)


async def test_who_is_back_is_told_as_such(desk: Office) -> None:
    back = RegisterPersonResponse(person=Person(person_id=PERSON), returned=True)
    desk.gateway.stage.on("RegisterPerson", lambda _: back)

    answer = await desk.post(f"{NEW}/register", snils=SNILS, **TYPED)

    assert answer.headers["location"].endswith("?done=returned")


async def test_the_way_there_is_where_one_looks_for_it(desk: Office) -> None:
    """The office's first page, and both searches that found nobody."""
    desk.gateway.stage.on("SearchSchoolPeople", lambda _: SearchSchoolPeopleResponse())

    pages = [
        await desk.get("/school"),
        await desk.post(f"{ROOM}/find/people", **TYPED),
        await desk.post(f"{ROOM}/register/find", words="Римская"),
    ]

    assert [f'href="{NEW}"' in page.text for page in pages] == [True] * 3


async def test_a_teacher_registers_nobody(desk: Office) -> None:
    post = Post(school_id=SCHOOL, role=Role.ROLE_TEACHER)
    desk.gateway.stage.on("ListMyPosts", lambda _: ListMyPostsResponse(posts=[post]))
    desk.roles = frozenset({Role.ROLE_TEACHER})

    answers = [await desk.get(NEW), await desk.post(f"{NEW}/register", **TYPED)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not desk.gateway.stage.called("RegisterPerson")
    assert NEW not in (await desk.get(f"{ROOM}/find")).text
