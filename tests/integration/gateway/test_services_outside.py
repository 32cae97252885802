"""A29: what only the region's services may ask cannot be asked from outside, whoever asks."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from school.access.v1.policy_pb2 import Role
from tests.integration.gateway.stage import Outside
from tests.support.other_services import ALL, new_service


@pytest.mark.parametrize("path", [*ALL, "/v1/school.identity.v1.DirectoryService/ResolvePerson"])
async def test_an_internal_rpc_has_no_address(gateway: Outside, path: str) -> None:
    """Not for an operator either; nothing reaches the service."""
    headers = gateway.bearer(Role.ROLE_OPERATOR)
    for method in ("GET", "POST"):
        answer = await gateway.client.request(method, path, headers=headers)
        assert answer.status_code in {httpx2.codes.NOT_FOUND, httpx2.codes.METHOD_NOT_ALLOWED}
    assert gateway.stage.calls == []


async def test_a_services_token_opens_no_door(gateway: Outside, tmp_path: Path) -> None:
    """It is stopped at the gateway, and goes no further."""
    token = new_service(tmp_path, "canteen").token()
    answer = await gateway.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["reason"]) == (httpx2.codes.UNAUTHORIZED, "TOKEN_REFUSED")
    assert gateway.stage.calls == []


async def test_no_header_from_outside_is_passed_on(gateway: Outside) -> None:
    """A call's metadata is made from scratch."""
    said = {"X-Service": "canteen", "Grpc-Metadata-Authorization": "Bearer x", "X-Client-Address": "10.0.0.1"}
    await gateway.client.get("/v1/me", headers=gateway.bearer(Role.ROLE_GUARDIAN) | said)
    [call] = gateway.stage.called("GetMe")
    assert "x-service" not in call.metadata
    assert call.metadata.get("x-client-address") != "10.0.0.1"
    assert "Bearer x" not in call.metadata.values()
