"""A registrar ends what somebody is at the school; what was typed on the way to a proof is there again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.binding_pb2 import UnbindMyProfileResponse
from school.identity.v1.issuing_pb2 import CredentialsState, GetIssuePersonResponse
from school.identity.v1.leaving_pb2 import (
    EndRolesRequest,
    EndRolesResponse,
    FormerRole,
    GetRolesAtSchoolResponse,
    GiveRolesBackRequest,
    GiveRolesBackResponse,
    ListFormerPeopleResponse,
    RolesAtSchool,
)
from school.identity.v1.people_pb2 import FullName
from school.identity.v1.sign_in_pb2 import SignedIn, SignInWithPasswordResponse
from services.gateway.pages.answers import DRAFT_COOKIE
from services.kit.errors import DomainError
from tests.integration.gateway.browser import set_cookies
from tests.integration.gateway.office import (
    PERSON,
    ROOM,
    SCHOOL,
    SOMEBODY,
    Office,
    ReasonNeeded,
    person,
    refuse,
)


class TooLate(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "TOO_LATE_TO_GIVE_BACK"
    title = "It ended too long ago to be given back"


class Elsewhere(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "ELSEWHERE_SINCE"
    title = "Another school has had the person since"


ROLES = f"{ROOM}/people/{PERSON}/roles"
WHY = "Переехали в другой город"


def somebody(*, left: bool = False) -> RolesAtSchool:
    """A teacher who was a parent here."""
    was = FormerRole(role=Role.ROLE_GUARDIAN, reason="Дочь окончила школу", may_give_back=True)
    was.ended_at.FromDatetime(datetime(2026, 6, 30, 20, 0, tzinfo=UTC))
    return RolesAtSchool(
        person_id=PERSON,
        name=FullName(surname="Орлов", given_name="Олег"),
        roles=[] if left else [Role.ROLE_TEACHER, Role.ROLE_REGISTRAR],
        former=[was],
        left_region=left,
    )


@pytest.fixture
def desk(registrar: Office) -> Office:
    """The registrar, with somebody to look at."""
    stage = registrar.gateway.stage
    stage.on("GetRolesAtSchool", lambda _: GetRolesAtSchoolResponse(person=somebody()))
    stage.on("EndRoles", lambda _: EndRolesResponse())
    stage.on("GiveRolesBack", lambda _: GiveRolesBackResponse())
    return registrar


async def test_what_a_registrar_gives_a_registrar_ends(desk: Office) -> None:
    """Rights of staff are shown, and left to the administrator."""
    page = (await desk.get(ROLES)).text

    assert [f'value="{role}"' in page for role in ("ROLE_TEACHER", "ROLE_REGISTRAR", "ROLE_GUARDIAN")] == [
        True,
        False,
        True,
    ]
    assert "Дочь окончила школу" in page
    assert "1 июля" in page, "the day in the school's zone"


async def test_roles_are_ended_and_given_back(desk: Office) -> None:
    desk.proven = datetime.now(UTC)

    answers = [
        await desk.post(f"{ROLES}/end", role="ROLE_TEACHER", reason=WHY),
        await desk.post(f"{ROLES}/back", role=["ROLE_GUARDIAN", "ROLE_OPERATOR"], reason=WHY),
    ]

    assert [answer.headers["location"] for answer in answers] == [f"{ROLES}?done=ended", f"{ROLES}?done=back"]
    stage = desk.gateway.stage
    calls = [call.request for name in ("EndRoles", "GiveRolesBack") for call in stage.called(name)]
    whose = {"school_id": SCHOOL, "person_id": PERSON, "reason": WHY}
    assert calls == [
        EndRolesRequest(roles=[Role.ROLE_TEACHER], **whose),
        GiveRolesBackRequest(roles=[Role.ROLE_GUARDIAN], **whose),
    ]


async def test_a_refusal_keeps_what_was_ticked(desk: Office) -> None:
    desk.proven = datetime.now(UTC)
    desk.gateway.stage.on("GiveRolesBack", refuse(ReasonNeeded()))

    answer = await desk.post(f"{ROLES}/back", role="ROLE_GUARDIAN", reason="")

    assert answer.status_code == 400
    assert 'value="ROLE_GUARDIAN" checked' in answer.text
    assert "Нужна причина" in answer.text


async def test_whom_nothing_connects_is_shown_as_such(desk: Office) -> None:
    desk.gateway.stage.on("GetRolesAtSchool", lambda _: GetRolesAtSchoolResponse(person=somebody(left=True)))

    page = (await desk.get(ROLES)).text

    assert "выбыл из всех школ" in page
    assert f'action="{ROLES}/end"' not in page


async def test_what_cannot_be_given_back_any_more_is_shown_with_the_way_that_is_left(desk: Office) -> None:
    gone = somebody(left=True)
    gone.former[0].may_give_back = False
    desk.gateway.stage.on("GetRolesAtSchool", lambda _: GetRolesAtSchoolResponse(person=gone))

    page = (await desk.get(ROLES)).text

    assert "Дочь окончила школу" in page
    assert f'action="{ROLES}/back"' not in page
    assert f'href="{ROOM}/new-person"' in page


@pytest.mark.parametrize("refused", [TooLate, Elsewhere])
async def test_why_it_cannot_is_said_beside_the_form(desk: Office, refused: type[DomainError]) -> None:
    """The month was over, or another school had the person, since the page was read."""
    desk.proven = datetime.now(UTC)
    desk.gateway.stage.on("GiveRolesBack", refuse(refused()))

    answer = await desk.post(f"{ROLES}/back", role="ROLE_GUARDIAN", reason=WHY)

    assert answer.status_code == 400
    assert WHY in answer.text
    assert "Запишите ученика по документам" in answer.text


@pytest.mark.parametrize("role", ["PUPIL", "GUARDIAN"])
async def test_from_a_pupil_who_is_nowhere_a_link_leads_to_the_family(desk: Office, role: str) -> None:
    """The last school looks after it until another one has the pupil."""
    gone = somebody(left=True)
    gone.former[0].role = Role.Value(f"ROLE_{role}")
    desk.gateway.stage.on("GetRolesAtSchool", lambda _: GetRolesAtSchoolResponse(person=gone))

    page = (await desk.get(ROLES)).text

    assert (f'href="{ROOM}/families/{PERSON}"' in page) == (role == "PUPIL")


@pytest.mark.parametrize(("count", "said"), [(0, "Никто не выбыл"), (1, f"{ROLES}")])
async def test_who_has_left_is_listed(desk: Office, count: int, said: str) -> None:
    gone = ListFormerPeopleResponse(people=[somebody(left=True)] * count)
    desk.gateway.stage.on("ListFormerPeople", lambda _: gone)

    assert said in (await desk.get(f"{ROOM}/left")).text


# --- what was typed, on the way to a proof ---


@pytest.mark.parametrize(
    ("form", "page"),
    [(f"{ROLES}/end", ROLES), (f"{ROOM}/people/{PERSON}/block", f"{ROOM}/people/{PERSON}")],
    ids=["ending", "blocking"],
)
async def test_who_comes_back_from_a_proof_finds_what_was_typed(desk: Office, form: str, page: str) -> None:
    """In that form alone, once, and in no address."""
    shown = person(CredentialsState.CREDENTIALS_STATE_ACTIVE)
    desk.gateway.stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=shown))

    away = await desk.post(form, reason=WHY, role="ROLE_TEACHER", password="not to be kept")
    desk.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]
    elsewhere = await desk.get(f"{ROOM}/people/{SOMEBODY}/roles")
    back = await desk.get(page)

    assert away.headers["location"].startswith("/step-up?back=")
    assert WHY not in away.headers["location"]
    assert WHY not in elsewhere.text
    assert f'value="{WHY}"' in back.text
    assert f'{DRAFT_COOKIE}=""' in back.headers["set-cookie"], "it stands in the form: the browser forgets it"


@pytest.mark.parametrize("way_out", ["/sign-out", "/account/binding/unbind"])
async def test_what_was_typed_is_gone_with_its_session(desk: Office, way_out: str) -> None:
    desk.proven = datetime.now(UTC) - timedelta(hours=1)
    away = await desk.post(f"{ROLES}/end", reason=WHY, role="ROLE_TEACHER")
    desk.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]
    desk.proven = datetime.now(UTC)
    unbound = UnbindMyProfileResponse(signed_out=True)
    desk.gateway.stage.on("UnbindMyProfile", lambda _: unbound)

    out = await desk.post(way_out)

    assert out.headers["location"].startswith("/sign-in?")
    assert set_cookies(out)[DRAFT_COOKIE]["max-age"] == "0"


async def test_who_signs_in_with_a_password_begins_without_a_draft(desk: Office) -> None:
    entered = SignInWithPasswordResponse(signed_in=SignedIn(session=desk.session()))
    desk.gateway.stage.on("SignInWithPassword", lambda _: entered)

    answer = await desk.post("/sign-in/password", login="a", password="b")

    assert set_cookies(answer)[DRAFT_COOKIE]["max-age"] == "0"


async def test_what_somebody_typed_is_shown_to_nobody_else_at_the_same_browser(desk: Office) -> None:
    """Their session may have run out, and then nobody signed out."""
    away = await desk.post(f"{ROLES}/end", reason=WHY, role="ROLE_TEACHER")
    colleague = Office(desk.gateway, Role.ROLE_REGISTRAR)
    for browser in (desk, colleague):
        browser.kept[DRAFT_COOKIE] = away.cookies[DRAFT_COOKIE]

    assert [WHY in (await browser.get(ROLES)).text for browser in (desk, colleague)] == [True, False]


async def test_a_cookie_that_is_no_draft_is_none(desk: Office) -> None:
    for cookie in ("?", "bm9uZQ==", "W10=", "WzEsMl0=", "WzEsMiwzXQ=="):
        desk.kept[DRAFT_COOKIE] = cookie
        assert (await desk.get(ROLES)).status_code == 200
