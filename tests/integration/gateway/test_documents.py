"""`/openapi.json` and `/docs` say what the contracts say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.contracts import Rpc, read_rpcs
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import PUBLIC, Outside


@pytest.fixture
async def document(gateway: Outside) -> dict[str, Any]:
    answer = await gateway.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    described: dict[str, Any] = answer.json()
    return described


async def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


async def test_it_names_the_public_address(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": PUBLIC}]


@pytest.mark.parametrize("rpc", read_rpcs(), ids=lambda rpc: rpc.descriptor.name)
async def test_every_rpc_is_described(document: dict[str, Any], rpc: Rpc) -> None:
    operation = document["paths"][rpc.template][rpc.http_method.lower()]
    assert operation["summary"]
    assert operation["x-roles"]
    assert (operation["security"] == []) == (operation["x-roles"] == ["anyone"])
    named = {parameter["name"] for parameter in operation["parameters"]}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = {field.name for field in rpc.descriptor.input_type.fields}
    assert fields <= named | set(body.get("properties", {}))
    in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
    assert not set(body.get("properties", {})) & in_path


async def test_reasons_come_from_the_comments(document: dict[str, Any]) -> None:
    reasons = document["paths"]["/v1/lessons/{lesson_id}/marks"]["post"]["x-reasons"]
    assert "STALE_MARK" in reasons
    assert "NOT_THEIR_LESSON" in reasons


async def test_a_summary_is_one_line(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            assert "\n" not in operation["summary"]


async def test_nothing_points_at_papers_its_readers_do_not_have(gateway: Outside) -> None:
    """Numbers of attacks and requirements belong into code, not into what the contracts say."""
    assert not re.search(r"\([AR]\d+[,)]", (await gateway.client.get("/openapi.json")).text)


async def test_requests_are_closed_and_answers_may_grow(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/lessons/{lesson_id}/marks"]["post"]["requestBody"]["content"]
    assert body["application/json"]["schema"]["additionalProperties"] is False
    for name, schema in document["components"]["schemas"].items():
        assert "additionalProperties" not in schema, name


async def test_every_type_and_field_has_words(document: dict[str, Any]) -> None:
    """AIP-192: everything in the contracts is commented, so everything is described."""
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"


async def test_sixty_four_bits_are_text_and_instants_are_date_times(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["MarkOnLesson"]["properties"]["version"]["type"] == "string"
    assert schemas["Notice"]["properties"]["posted_at"]["format"] == "date-time"


async def test_the_page_loads_nothing_foreign_and_nothing_inline(gateway: Outside) -> None:
    answer = await gateway.client.get("/docs")
    page = _Page()
    page.feed(answer.text)
    assert page.loaded == ["/docs/style.css"]
    assert not page.inline
    assert page.links <= page.anchors | {"/openapi.json"}
    for rpc in read_rpcs():
        assert rpc.template in answer.text


async def test_the_pages_style_is_there(gateway: Outside) -> None:
    answer = await gateway.client.get("/docs/style.css")
    assert answer.headers["content-type"].startswith("text/css")


async def test_what_has_not_changed_is_not_sent_again(gateway: Outside) -> None:
    first = await gateway.client.get("/openapi.json")
    again = await gateway.client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs", "/.well-known/jwks.json"])
async def test_what_the_machine_says_of_itself_is_only_read(gateway: Outside, path: str) -> None:
    problem(await gateway.client.post(path), 405, "WRONG_METHOD")
    assert (await gateway.client.head(path)).status_code == 200


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "style"} or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(tag)
        if tag == "link":
            self.loaded.append(str(given["href"]))
        elif given.get("href"):
            self.links.add(str(given["href"]))
        if given.get("id"):
            self.anchors.add(f"#{given['id']}")
