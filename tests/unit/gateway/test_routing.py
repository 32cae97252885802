"""Paths of the contracts: how templates are read, and how a path finds its route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.identity.v1 import directory_pb2
from services.gateway.contracts import ContractError, read_rpcs
from services.gateway.problems import BadValue, NoSuchPath, WrongMethod
from services.gateway.transcoding.routing import Routes, Template


def _routes(*added: tuple[str, str]) -> Routes[str]:
    routes: Routes[str] = Routes()
    for method, template in added:
        routes.add(method, Template.parse(template), f"{method} {template}")
    return routes


ROUTES = _routes(
    ("GET", "/v1/me"),
    ("GET", "/v1/me/notices"),
    ("POST", "/v1/me/notices:read"),
    ("GET", "/v1/{kind}/notices"),
    ("GET", "/v1/{kind}/list"),
    ("GET", "/v1/lessons/{lesson_id}"),
    ("POST", "/v1/lessons/{lesson_id}:end"),
    ("PUT", "/v1/lessons/{lesson_id}/homework"),
    ("POST", "/v1/lessons/{lesson_id}/marks"),
    ("POST", "/v1/lessons/{lesson_id}/marks:remove"),
)


@pytest.mark.parametrize(
    ("method", "path", "target", "values"),
    [
        ("GET", "/v1/me", "GET /v1/me", ()),
        ("HEAD", "/v1/me", "GET /v1/me", ()),
        ("GET", "/v1/me/notices", "GET /v1/me/notices", ()),
        ("GET", "/v1/you/notices", "GET /v1/{kind}/notices", ("you",)),
        # The literal branch leads nowhere, so the field is tried.
        ("GET", "/v1/me/list", "GET /v1/{kind}/list", ("me",)),
        ("POST", "/v1/me/notices:read", "POST /v1/me/notices:read", ()),
        ("GET", "/v1/lessons/7", "GET /v1/lessons/{lesson_id}", ("7",)),
        ("POST", "/v1/lessons/7:end", "POST /v1/lessons/{lesson_id}:end", ("7",)),
        # No such verb, so the colon belongs to the value.
        ("GET", "/v1/lessons/7:x", "GET /v1/lessons/{lesson_id}", ("7:x",)),
        ("GET", "/v1/lessons/a%2Fb", "GET /v1/lessons/{lesson_id}", ("a/b",)),
        ("GET", "/v1/lessons/%D1%91", "GET /v1/lessons/{lesson_id}", ("ё",)),
        ("POST", "/v1/lessons/7/marks:remove", "POST /v1/lessons/{lesson_id}/marks:remove", ("7",)),
    ],
)
def test_a_path_finds_its_route(method: str, path: str, target: str, values: tuple[str, ...]) -> None:
    found = ROUTES.find(method, path.encode())
    assert (found.target, found.values) == (target, values)


@pytest.mark.parametrize(
    "path",
    ["/", "", "/v1", "/v1/", "/v1/me/", "/v1//notices", "/v1/lessons/", "/v1/lessons/:end", "/v2/me",
     "/v1/me:read", "/v1/lessons/7/marks:", "/v1/lessons/7/marks:add", "/v1/lessons/7/marks/1", "/v1/m%65"],
)  # fmt: skip
def test_any_other_path_finds_none(path: str) -> None:
    with pytest.raises(NoSuchPath):
        ROUTES.find("GET", path.encode())


def test_a_wrong_method_learns_the_right_ones() -> None:
    with pytest.raises(WrongMethod) as refused:
        ROUTES.find("DELETE", b"/v1/lessons/7")
    assert refused.value.metadata == {"allow": "GET, HEAD"}


def test_a_value_that_is_no_text_is_named() -> None:
    with pytest.raises(BadValue) as refused:
        ROUTES.find("GET", b"/v1/lessons/%FF")
    assert refused.value.metadata["field"] == "lesson_id"


@given(st.binary(max_size=40))
def test_no_path_breaks_the_search(path: bytes) -> None:
    try:
        ROUTES.find("GET", b"/" + path)
    except (NoSuchPath, WrongMethod, BadValue):
        return


@pytest.mark.parametrize(
    "template",
    ["v1/me", "/v1/me/", "/v1//me", "/v1/{Me}", "/v1/{a.b}", "/v1/{a=x/*}", "/v1/a{b}", "/v1/me:",
     "/v1/me:Read", "/v1/*", "/v1/**", "", "/"],
)  # fmt: skip
def test_what_is_no_template_of_ours_is_refused_at_start(template: str) -> None:
    with pytest.raises(ContractError):
        Template.parse(template)


def test_two_rpcs_may_not_have_one_path() -> None:
    with pytest.raises(ContractError):
        _routes(("GET", "/v1/a/{b}"), ("GET", "/v1/a/{c}"))


def test_every_path_of_the_contracts_finds_its_own_rpc() -> None:
    routes: Routes[str] = Routes()
    rpcs = read_rpcs()
    for rpc in rpcs:
        routes.add(rpc.http_method, Template.parse(rpc.template), rpc.path)
    for rpc in rpcs:
        path = rpc.template.replace("{", "").replace("}", "")
        found = routes.find(rpc.http_method, path.encode())
        assert found.target == rpc.path
        assert found.values == Template.parse(rpc.template).fields


def test_what_only_services_may_call_has_no_path() -> None:
    """A29: nothing from outside reaches it, whatever it sends."""
    internal = {
        f"{service.full_name}.{method.name}"
        for service in directory_pb2.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert internal
    assert internal.isdisjoint(rpc.descriptor.full_name for rpc in read_rpcs())
