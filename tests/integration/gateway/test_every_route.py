"""A generated sweep: every path of the contracts meets everyone who may not call it (A34). Never a 500."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from school.access.v1.policy_pb2 import Pending, Role
from services.gateway.contracts import Rpc, read_rpcs
from services.kit.clock import SystemClock
from services.kit.tokens import TokenIssuer
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import Outside
from tests.support.clock import MovableClock
from tests.support.keys import ISSUER, make_keys

ALL = read_rpcs()
GUARDED = [rpc for rpc in ALL if rpc.policy.WhichOneof("admits") != "anyone"]
BY_ROLE = [rpc for rpc in ALL if rpc.policy.WhichOneof("admits") == "any_of"]
STEPPED_UP = [rpc for rpc in ALL if rpc.policy.step_up]
OPEN = [rpc for rpc in ALL if rpc.policy.WhichOneof("admits") == "anyone"]
DANGEROUS = {
    "BlockAccount",
    "ChangeContact",
    "ChangePassword",
    "EndRoles",
    "ExportAudit",
    "GiveRolesBack",
    "ExportMyData",
    "GrantStaffRole",
    "InviteTrustedPerson",
    "NewRecoveryCodes",
    "RemoveSecondFactor",
    "RenameLogin",
    "RequestErasure",
    "RevokeStaffRole",
    "UnblockAccount",
    "UnbindMyProfile",
    "UnbindPerson",
    "WithdrawConsent",
}
"""What a stolen session shall not do. Listed here as well: no contract loses its gate unseen (A26)."""


def _name(rpc: Rpc) -> str:
    return rpc.descriptor.name


def _path(rpc: Rpc) -> str:
    path = rpc.template
    for field in rpc.descriptor.input_type.fields:
        path = path.replace(f"{{{field.name}}}", str(uuid4()))
    return path


def test_the_sweep_covers_the_contracts() -> None:
    """The lists are not empty by accident."""
    assert len(ALL) > 15
    assert len(GUARDED) > 10
    assert len(BY_ROLE) > 5
    assert OPEN
    assert {_name(rpc) for rpc in STEPPED_UP} >= DANGEROUS


@pytest.mark.parametrize("rpc", GUARDED, ids=_name)
async def test_without_a_token(gateway: Outside, rpc: Rpc) -> None:
    answer = await gateway.client.request(rpc.http_method, _path(rpc))
    problem(answer, 401, "SIGN_IN_NEEDED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not gateway.stage.calls


@pytest.mark.parametrize("rpc", GUARDED, ids=_name)
async def test_with_an_expired_token(gateway: Outside, rpc: Rpc) -> None:
    past = MovableClock()
    past.move(minutes=-10)
    token, _ = gateway.stage.keys.issuer(clock=past).issue(
        person_id=uuid4(), account_id=uuid4(), session_id=uuid4(), roles=frozenset(Role.values())
    )
    answer = await gateway.client.request(
        rpc.http_method, _path(rpc), headers={"Authorization": f"Bearer {token}"}
    )
    problem(answer, 401, "TOKEN_EXPIRED")
    assert not gateway.stage.calls


@pytest.mark.parametrize("rpc", GUARDED, ids=_name)
async def test_with_a_token_of_another_region(gateway: Outside, rpc: Rpc) -> None:
    """A31: same keys, same person, another region."""
    issuer = gateway.stage.keys.issuer(region="50", issuer=ISSUER)
    token, _ = issuer.issue(
        person_id=uuid4(), account_id=uuid4(), session_id=uuid4(), roles=frozenset(Role.values())
    )
    answer = await gateway.client.request(
        rpc.http_method, _path(rpc), headers={"Authorization": f"Bearer {token}"}
    )
    problem(answer, 401, "TOKEN_REFUSED")
    assert not gateway.stage.calls


@pytest.mark.parametrize("rpc", GUARDED, ids=_name)
@pytest.mark.parametrize(
    "authorization", ["Basic dTpw", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer \xff", "x"]
)
async def test_with_what_is_no_token(gateway: Outside, rpc: Rpc, authorization: str) -> None:
    answer = await gateway.client.request(
        rpc.http_method, _path(rpc), headers={b"Authorization": authorization.encode("latin-1")}
    )
    problem(answer, 401, "TOKEN_REFUSED")


@pytest.mark.parametrize("rpc", BY_ROLE, ids=_name)
async def test_with_every_other_role(gateway: Outside, rpc: Rpc) -> None:
    """Somebody who holds all roles but those that are admitted."""
    others = set(Role.values()) - {Role.ROLE_UNSPECIFIED} - set(rpc.policy.any_of.roles)
    answer = await gateway.client.request(rpc.http_method, _path(rpc), headers=gateway.bearer(*others))
    problem(answer, 403, "ROLE_NEEDED")
    assert not gateway.stage.calls


@pytest.mark.parametrize("rpc", BY_ROLE, ids=_name)
async def test_with_the_right_role(gateway: Outside, rpc: Rpc) -> None:
    headers = gateway.bearer(rpc.policy.any_of.roles[0])
    answer = await gateway.client.request(rpc.http_method, _path(rpc), headers=headers)
    assert answer.status_code == 200
    assert [call.method for call in gateway.stage.calls] == [rpc.descriptor.name]


@pytest.mark.parametrize("rpc", STEPPED_UP, ids=_name)
async def test_a_dangerous_change_asks_who_it_is(gateway: Outside, rpc: Rpc) -> None:
    """Somebody who may, but whose last proof is older than five minutes (A8, A26)."""
    token = gateway.stage.keys.token(*Role.values()[1:], shown=timedelta(minutes=5, seconds=30))
    answer = await gateway.client.request(
        rpc.http_method, _path(rpc), headers={"Authorization": f"Bearer {token}"}
    )
    problem(answer, 403, "STEP_UP_NEEDED")
    assert not gateway.stage.calls


@pytest.mark.parametrize("owed", [Pending.PENDING_ACTIVATION, Pending.PENDING_SECOND_FACTOR])
@pytest.mark.parametrize("rpc", GUARDED, ids=_name)
async def test_a_session_that_owes_a_step_opens_that_step_alone(
    gateway: Outside, rpc: Rpc, owed: Pending.ValueType
) -> None:
    """A17: everything but the RPCs that name the step is refused, whatever roles the person holds."""
    token = gateway.stage.keys.token(*Role.values()[1:], pending=owed)
    answer = await gateway.client.request(
        rpc.http_method, _path(rpc), headers={"Authorization": f"Bearer {token}"}
    )
    if owed in rpc.policy.pending:
        assert answer.status_code == 200
        return
    reason = {
        Pending.PENDING_ACTIVATION: "ACTIVATION_NEEDED",
        Pending.PENDING_SECOND_FACTOR: "SECOND_FACTOR_NEEDED",
    }
    problem(answer, 403, reason[owed])
    assert not gateway.stage.calls


@pytest.mark.parametrize("rpc", OPEN, ids=_name)
async def test_an_open_door_needs_no_token_and_minds_no_bad_one(gateway: Outside, rpc: Rpc) -> None:
    """A session that has run out must not keep anybody from signing in again."""
    for headers in ({}, {"Authorization": "Bearer x"}):
        answer = await gateway.client.request(rpc.http_method, _path(rpc), headers=headers)
        assert answer.status_code == 200


async def test_a_token_of_a_foreign_key_is_refused(
    gateway: Outside, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A4: right claims, right key id, another key."""
    foreign = make_keys(tmp_path_factory.mktemp("foreign"))
    issuer = TokenIssuer(
        foreign.private, issuer=ISSUER, region="77", lifetime=timedelta(minutes=5), clock=SystemClock()
    )
    token, _ = issuer.issue(
        person_id=uuid4(), account_id=uuid4(), session_id=uuid4(), roles=frozenset(Role.values())
    )
    answer = await gateway.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    problem(answer, 401, "TOKEN_REFUSED")
