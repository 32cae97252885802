"""A school's staff, requests from home, and accounts that are shut and opened."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import grpc
import pytest

from school.access.v1.policy_pb2 import Role
from school.identity.v1.account_requests_pb2 import (
    AccountRequest,
    AccountRequestState,
    SubmitAccountRequestResponse,
    TrackAccountRequestResponse,
)
from school.identity.v1.blocks_pb2 import (
    BlockAccountRequest,
    BlockAccountResponse,
    UnblockAccountRequest,
    UnblockAccountResponse,
)
from school.identity.v1.issuing_pb2 import (
    AccountBlock,
    CredentialsState,
    GetIssuePersonResponse,
    IssueCapacity,
)
from school.identity.v1.staff_pb2 import (
    GetStaffMemberResponse,
    GrantStaffRoleRequest,
    GrantStaffRoleResponse,
    ListMyPostsResponse,
    Post,
    StaffMember,
)
from services.gateway.sessions import FORM_FIELD
from services.kit.errors import DomainError
from tests.integration.gateway.office import (
    NAME,
    PERSON,
    ROOM,
    SCHOOL,
    Office,
    person,
    refuse,
)
from tests.integration.gateway.stage import PUBLIC


class NotInYourHands(DomainError):
    status = grpc.StatusCode.PERMISSION_DENIED
    reason = "NOT_IN_YOUR_HANDS"
    title = "This account is not in your hands"


# --- staff ---


@pytest.fixture
def administrator(registrar: Office) -> Office:
    """The same school's administrator, who has just shown who they are."""
    post = Post(school_id=SCHOOL, role=Role.ROLE_SCHOOL_ADMINISTRATOR)
    registrar.gateway.stage.on("ListMyPosts", lambda _: ListMyPostsResponse(posts=[post]))
    member = StaffMember(person_id=PERSON, name=NAME, posts=[Post(role=Role.ROLE_TEACHER)])
    registrar.gateway.stage.on("GetStaffMember", lambda _: GetStaffMemberResponse(member=member))
    registrar.gateway.stage.on("GrantStaffRole", lambda _: GrantStaffRoleResponse(member=member))
    registrar.roles = frozenset({Role.ROLE_SCHOOL_ADMINISTRATOR})
    registrar.proven = datetime.now(UTC)
    return registrar


async def test_an_administrator_gives_what_an_administrator_may(administrator: Office) -> None:
    page = await administrator.get(f"{ROOM}/staff/{PERSON}")
    assert re.findall(r'type="radio" name="role" value="(\w+)"', page.text) == ["ROLE_REGISTRAR"]

    given = await administrator.post(f"{ROOM}/staff/{PERSON}/grant", role="ROLE_REGISTRAR", request_id="r")

    assert given.headers["location"] == f"{ROOM}/staff/{PERSON}?done=granted"
    [call] = administrator.gateway.stage.called("GrantStaffRole")
    wish: GrantStaffRoleRequest = call.request
    assert (wish.school_id, wish.person_id, wish.role) == (SCHOOL, PERSON, Role.ROLE_REGISTRAR)


async def test_roles_are_changed_after_showing_once_more_who_one_is(administrator: Office) -> None:
    """Before the form, and when the proof grew old over it (A26)."""
    member = f"{ROOM}/staff/{PERSON}"
    administrator.proven = datetime.now(UTC) - timedelta(minutes=6)

    asked = await administrator.get(member)
    late = await administrator.post(f"{member}/revoke", role="ROLE_TEACHER", reason="ушла", request_id="r")

    assert asked.headers["location"] == f"/step-up?back={quote(member, safe='')}"
    assert late.headers["location"] == f"/step-up?back={quote(member, safe='')}"
    assert not administrator.gateway.stage.called("RevokeStaffRole")


@pytest.mark.parametrize("path", ["/region", "/region/audit", "/region/deliveries"])
async def test_the_operators_pages_are_the_operators(administrator: Office, path: str) -> None:
    assert (await administrator.get(path)).status_code == 403


# --- the request from home ---


async def test_a_request_from_home_needs_no_account_and_shows_its_code_once(registrar: Office) -> None:
    client = registrar.gateway.client
    reply = SubmitAccountRequestResponse(tracking_code="AAAA-BBBB")
    registrar.gateway.stage.on("SubmitAccountRequest", lambda _: reply)
    form = await client.get(f"/account-request?school={SCHOOL}")
    token = re.findall(rf'name="{FORM_FIELD}" value="(\w+)"', form.text)[0]
    fields = {FORM_FIELD: token, "school_id": SCHOOL, "surname": "К", "birth_date": "12.04.1986"}

    answer = await client.post(
        "/account-request/send", data={**fields, "capacity": "parent"}, headers={"Origin": PUBLIC}
    )

    assert answer.status_code == 200
    assert "AAAA-BBBB" in answer.text
    [call] = registrar.gateway.stage.called("SubmitAccountRequest")
    assert call.request.capacity == IssueCapacity.ISSUE_CAPACITY_PARENT
    assert not call.request.consent, "a box that was not ticked is no consent"


async def test_a_request_is_tracked_without_its_code_in_an_address(registrar: Office) -> None:
    client = registrar.gateway.client
    refused = AccountRequestState.ACCOUNT_REQUEST_STATE_REFUSED
    reply = TrackAccountRequestResponse(
        account_request=AccountRequest(school_id=SCHOOL, state=refused, reason="Нет такого ученика")
    )
    registrar.gateway.stage.on("TrackAccountRequest", lambda _: reply)
    form = await client.get("/account-request/track")
    token = re.findall(rf'name="{FORM_FIELD}" value="(\w+)"', form.text)[0]

    answer = await client.post(
        "/account-request/track/state",
        data={FORM_FIELD: token, "tracking_code": "AAAA-BBBB"},
        headers={"Origin": PUBLIC},
    )

    assert answer.status_code == 200
    assert "Нет такого ученика" in answer.text
    assert not [link for link in re.findall(r'(?:href|action)="([^"]*)"', answer.text) if "AAAA" in link]


# --- shutting an account ---


async def test_an_account_is_shut_and_opened_with_a_reason(registrar: Office) -> None:
    registrar.proven = datetime.now(UTC)
    shut, opened = BlockAccountRequest, UnblockAccountRequest
    registrar.gateway.stage.on("BlockAccount", lambda _: BlockAccountResponse())
    registrar.gateway.stage.on("UnblockAccount", lambda _: UnblockAccountResponse())

    answers = [
        await registrar.post(f"{ROOM}/people/{PERSON}/{deed}", reason="Пароль украден")
        for deed in ("block", "unblock")
    ]

    assert [answer.headers["location"].rpartition("=")[2] for answer in answers] == ["blocked", "unblocked"]
    stage = registrar.gateway.stage
    calls = [call.request for name in ("BlockAccount", "UnblockAccount") for call in stage.called(name)]
    assert calls == [
        kind(school_id=SCHOOL, person_id=PERSON, reason="Пароль украден") for kind in (shut, opened)
    ]


async def test_what_is_not_in_ones_hands_is_said_beside_the_person(registrar: Office) -> None:
    registrar.proven = datetime.now(UTC)
    registrar.gateway.stage.on("BlockAccount", refuse(NotInYourHands()))

    answer = await registrar.post(f"{ROOM}/people/{PERSON}/block", reason="x")

    assert answer.status_code == 403
    assert "Эта учётная запись не в вашем ведении" in answer.text


BY_US = AccountBlock(school_title="Школа № 1", may_open=True)


@pytest.mark.parametrize(
    ("state", "form", "block"),
    [
        ("NONE", None, None),
        ("ACTIVE", "block", None),
        ("BLOCKED", None, None),
        ("BLOCKED", "unblock", BY_US),
        ("BLOCKED", None, AccountBlock(school_title="Школа № 2")),
        ("BLOCKED", None, AccountBlock(by_operator=True)),
    ],
    ids=["nothing issued", "active", "the person is blocked", "by us", "by others", "by the operator"],
)
async def test_a_person_is_shut_out_who_could_come_in(
    registrar: Office, state: str, form: str | None, block: AccountBlock | None
) -> None:
    """An account is opened where the school itself has blocked it; nowhere else is a button shown."""
    shown = person()
    if block is not None:
        shown.block.CopyFrom(block)
    shown.state = CredentialsState.Value(f"CREDENTIALS_STATE_{state}")
    registrar.gateway.stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=shown))

    page = (await registrar.get(f"{ROOM}/people/{PERSON}")).text

    assert re.findall(r'action="[^"]*/(block|unblock)"', page) == ([form] if form else [])


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (BY_US, "Вход заблокировала эта школа."),
        (AccountBlock(school_title="Школа № 2"), "Вход заблокировала школа «Школа № 2»."),
        (AccountBlock(), "Вход заблокировала другая школа."),
        (AccountBlock(by_operator=True), "Вход заблокировал оператор дневника"),
    ],
    ids=["by us", "by others", "by a school without a title", "by the operator"],
)
async def test_the_page_says_who_has_blocked(registrar: Office, block: AccountBlock, words: str) -> None:
    shown = person()
    shown.state = CredentialsState.CREDENTIALS_STATE_BLOCKED
    shown.block.CopyFrom(block)
    registrar.gateway.stage.on("GetIssuePerson", lambda _: GetIssuePersonResponse(person=shown))

    assert words in (await registrar.get(f"{ROOM}/people/{PERSON}")).text
