"""A family's pages: what is asked for, what stays out of pages and addresses, what a refusal keeps."""

from __future__ import annotations

from uuid import UUID

import grpc
import httpx2
import pytest
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from school.identity.v1.esia_children_pb2 import (
    ChildOutcome,
    CompleteChildSearchResponse,
    EsiaChild,
    ListMyProposalsResponse,
    RelationProposal,
    StartChildSearchResponse,
)
from school.identity.v1.families_pb2 import (
    AddChildRequest,
    AddChildResponse,
    Child,
    ChildPlace,
    Guardian,
    ListGuardiansResponse,
    ListMyChildrenResponse,
    RelationBasis,
    RelationKind,
)
from school.identity.v1.people_pb2 import FullName
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.browser import Browser
from tests.integration.gateway.stage import PUBLIC, Outside

CHILD, OTHER = (str(UUID(int=number)) for number in (21, 22))
NAME = FullName(surname="Королёв", given_name="Пётр", patronymic="Олегович")
OLDER = FullName(surname="Королёва", given_name="Вера", patronymic="Олеговна")
FATHER = FullName(surname="Королёв", given_name="Олег", patronymic="Иванович")


class WrongCredentials(DomainError):
    status = grpc.StatusCode.UNAUTHENTICATED
    reason = "WRONG_CREDENTIALS"
    title = "Wrong"


class ChildCodeNeeded(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "CHILD_CODE_NEEDED"
    title = "The child's account has a second factor"


class WrongCode(DomainError):
    status = grpc.StatusCode.INVALID_ARGUMENT
    reason = "WRONG_CODE"
    title = "The code is wrong"


class LabelTaken(DomainError):
    status = grpc.StatusCode.ALREADY_EXISTS
    reason = "LABEL_TAKEN"
    title = "Taken"


class TooYoung(DomainError):
    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "TOO_YOUNG_TO_SEE"
    title = "Too young"


class Family(Browser):
    """The browser of somebody with children."""

    def __init__(self, gateway: Outside, *roles: Role.ValueType) -> None:
        super().__init__(gateway)
        self.roles = frozenset(roles)

    async def get(self, path: str) -> httpx2.Response:
        return await self.gateway.client.get(path, headers=self._headers())

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        form = {FORM_FIELD: self.form_token(), **fields}
        return await self.gateway.client.post(path, data=form, headers={**self._headers(), "Origin": PUBLIC})

    def _headers(self) -> dict[str, str]:
        return {**self.cookies(self.session(roles=self.roles)), "Accept": "text/html"}


@pytest.fixture
def parent(gateway: Outside) -> Family:
    """A mother of a son in 7Б; the court forbids her nothing."""
    child = Child(
        person_id=CHILD,
        name=NAME,
        kind=RelationKind.RELATION_KIND_PARENT,
        label="Petya",
        places=[ChildPlace(school_title="Гимназия № 4", class_title="7Б")],
    )
    grown = Child(person_id=OTHER, name=OLDER, valid_until="2026-02-28")
    guardian = Guardian(
        person_id=OTHER,
        name=FATHER,
        kind=RelationKind.RELATION_KIND_PARENT,
        basis=RelationBasis.RELATION_BASIS_CREDENTIALS,
        valid_from="2026-09-01",
        valid_until="2031-09-19",
    )
    stage = gateway.stage
    stage.on("ListMyChildren", lambda _: ListMyChildrenResponse(children=[child], of_age=[grown]))
    stage.on("ListGuardians", lambda _: ListGuardiansResponse(guardians=[guardian], may_share=True))
    stage.on("ListMyProposals", lambda _: ListMyProposalsResponse())
    return Family(gateway, Role.ROLE_GUARDIAN)


async def test_the_family_shows_who_sees_the_diary_and_by_whose_word(parent: Family) -> None:
    page = (await parent.get("/family")).text

    for told in ("Petya", "7Б, Гимназия № 4", "Королёв Олег Иванович", "по логину и паролю", "19.09.2031"):
        assert told in page
    assert f'href="/pupils/{CHILD}/trusted"' in page
    assert "28.02.2026" in page, "until when the daughter's diary was open"
    assert "Найти детей через Госуслуги" not in page, "the region does not ask"


async def test_whom_a_court_forbids_contacts_is_told_so_and_offered_nothing(parent: Family) -> None:
    parent.gateway.stage.on("ListGuardians", lambda _: ListGuardiansResponse(may_share=False))

    page = (await parent.get("/family")).text

    assert "По решению суда" in page
    assert f"/pupils/{CHILD}/trusted" not in page


async def test_a_child_is_added_with_the_capacity_chosen(parent: Family) -> None:
    parent.gateway.stage.on("AddChild", lambda _: AddChildResponse())

    answer = await parent.post(
        "/family/add", login="korolev.p", password="slip", label="Petya", kind="representative"
    )

    assert answer.headers["location"] == "/family?done=added"
    [call] = parent.gateway.stage.called("AddChild")
    wish: AddChildRequest = call.request
    assert (wish.login, wish.password, wish.label) == ("korolev.p", "slip", "Petya")
    assert wish.kind == RelationKind.RELATION_KIND_REPRESENTATIVE


async def test_a_refused_form_keeps_the_login_never_the_password_and_nobody_is_signed_out(
    parent: Family,
) -> None:
    """The child's password is wrong: that is no reason to end the parent's own session."""

    def refuse(_: object) -> Message:
        raise WrongCredentials

    parent.gateway.stage.on("AddChild", refuse)

    answer = await parent.post("/family/add", login="korolev.p", password="s3cret-slip", label="Petya")

    assert answer.status_code == 401
    assert 'value="korolev.p"' in answer.text
    assert "s3cret-slip" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("typed", "error"), [("", ChildCodeNeeded), ("123456", WrongCode)])
async def test_a_code_is_asked_for_where_the_child_has_a_second_factor(
    parent: Family, typed: str, error: type[DomainError]
) -> None:
    """By nobody before it is needed; what was typed of it is not shown again."""
    before = await parent.get("/family/add")

    def refuse(_: object) -> Message:
        raise error

    parent.gateway.stage.on("AddChild", refuse)

    answer = await parent.post("/family/add", login="korolev.p", password="slip", label="Petya", code=typed)

    [call] = parent.gateway.stage.called("AddChild")
    assert call.request.code == typed
    assert 'name="code"' not in before.text
    assert 'name="code"' in answer.text
    assert "123456" not in answer.text


async def test_a_name_that_is_taken_is_told_beside_the_child(parent: Family) -> None:
    def refuse(_: object) -> Message:
        raise LabelTaken

    parent.gateway.stage.on("RenameChild", refuse)

    answer = await parent.post(f"/family/{CHILD}/rename", label="Masha")

    assert answer.status_code == 409
    assert 'value="Masha"' in answer.text
    assert "<details" in answer.text
    assert "open" in answer.text.split("<details", 1)[1].split(">", 1)[0]
    assert (await parent.get(f"/family/{CHILD}/rename")).headers["location"] == "/family"


async def test_a_pupil_below_14_is_told_when_the_list_opens(parent: Family) -> None:
    def refuse(_: object) -> Message:
        raise TooYoung

    parent.gateway.stage.on("ListMyChildren", lambda _: ListMyChildrenResponse())
    parent.gateway.stage.on("ListGuardians", refuse)
    pupil = Family(parent.gateway, Role.ROLE_PUPIL)

    page = (await pupil.get("/family")).text

    assert "С 14 лет здесь будет видно" in page


async def test_gosuslugi_is_asked_on_a_press_and_the_answer_names_nobody(parent: Family) -> None:
    stage = parent.gateway.stage
    waiting = RelationProposal(proposal_id=OTHER, pupil_id=CHILD, pupil_name=NAME)
    stage.on("ListMyProposals", lambda _: ListMyProposalsResponse(proposals=[waiting], can_search=True))
    stage.on(
        "StartChildSearch", lambda _: StartChildSearchResponse(authorization_url="https://esia.test/ac?x=1")
    )
    found = [
        EsiaChild(given_name="Пётр", outcome=ChildOutcome.CHILD_OUTCOME_PROPOSED),
        EsiaChild(given_name="Вера", outcome=ChildOutcome.CHILD_OUTCOME_ADDED),
    ]
    stage.on("CompleteChildSearch", lambda _: CompleteChildSearchResponse(children=found))

    assert "Найти детей через Госуслуги" in (await parent.get("/family")).text
    assert (await parent.post("/family/esia/start")).headers["location"] == "https://esia.test/ac?x=1"
    back = await parent.get("/family/esia?state=one&code=secret-code")

    assert back.headers["location"] == "/family?esia=1.3"
    assert back.headers["referrer-policy"] == "no-referrer"
    page = (await parent.get("/family?esia=1.3")).text
    assert "найден и добавлен" in page
    assert "Школа посмотрит" in page
    assert "Ждёт решения школы" in page


@pytest.mark.parametrize("said", ["0", "9", "x.y", "1" * 200])
async def test_an_address_that_says_nothing_known_shows_the_one_sentence(parent: Family, said: str) -> None:
    answer = await parent.get(f"/family?esia={said}")

    assert answer.status_code == 200
    assert "детей нет" in answer.text
