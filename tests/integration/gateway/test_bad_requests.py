"""Every kind of bad input is refused with a typed problem, at the door, before any service is asked."""

from __future__ import annotations

import asyncio
import gzip
import socket
from uuid import uuid4

import pytest

from school.access.v1.policy_pb2 import Role
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import Outside

LESSON = "018f3b1e-5c2a-7b61-9d20-3f6a8c1e4b57"
MARKS = f"/v1/lessons/{LESSON}/marks"


@pytest.fixture
def teacher(gateway: Outside) -> dict[str, str]:
    return gateway.bearer(Role.ROLE_TEACHER)


async def test_malformed_json(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(
        MARKS, content=b'{\n"text": 5\n,,}', headers={**teacher, "Content-Type": "application/json"}
    )
    assert problem(answer, 400, "BAD_JSON")["metadata"]["line"] == "3"
    assert not gateway.stage.calls


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"text": "\xed\xa0\x80"}', b"[" * 2000, b"nan", b'{"a":1}x'])
async def test_what_is_no_json_at_all(gateway: Outside, teacher: dict[str, str], body: bytes) -> None:
    answer = await gateway.client.post(
        MARKS, content=body, headers={**teacher, "Content-Type": "application/json"}
    )
    problem(answer, 400, "BAD_JSON")


async def test_unknown_field(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(MARKS, json={"text": "5", "weight": 2}, headers=teacher)
    assert problem(answer, 400, "UNKNOWN_FIELD")["metadata"] == {"field": "weight"}


async def test_unknown_query_parameter(gateway: Outside) -> None:
    answer = await gateway.client.get(f"/v1/pupils/{uuid4()}/week?day=1", headers=gateway.bearer())
    assert problem(answer, 400, "UNKNOWN_FIELD")["metadata"] == {"field": "day"}


async def test_a_body_field_does_not_belong_into_the_query(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(f"{MARKS}?text=5", json={}, headers=teacher)
    problem(answer, 400, "UNKNOWN_FIELD")


async def test_a_parameter_given_twice(gateway: Outside) -> None:
    answer = await gateway.client.get(
        f"/v1/pupils/{uuid4()}/week?date=2026-11-23&date=2026-11-24", headers=gateway.bearer()
    )
    assert problem(answer, 400, "BAD_VALUE")["metadata"]["field"] == "date"


@pytest.mark.parametrize("query", ["page_size=many", "page_size=1e3", f"page_size={2**31}", "page_size="])
async def test_wrong_type_in_the_query(gateway: Outside, query: str) -> None:
    answer = await gateway.client.get(f"/v1/me/notices?{query}", headers=gateway.bearer())
    assert problem(answer, 400, "BAD_VALUE")["metadata"]["field"] == "page_size"


@pytest.mark.parametrize("query", ["page_token=%ff", "page_token=%00", "&".join(["page_size=1"] * 60)])
async def test_a_query_that_is_no_text(gateway: Outside, query: str) -> None:
    answer = await gateway.client.get(f"/v1/me/notices?{query}", headers=gateway.bearer())
    problem(answer, 400, "BAD_VALUE")


async def test_wrong_type_in_the_body(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(MARKS, json={"text": 5}, headers=teacher)
    assert problem(answer, 400, "BAD_VALUE")["metadata"] == {"field": "text", "expected": "text"}


async def test_a_path_value_that_is_no_text(gateway: Outside) -> None:
    answer = await gateway.client.get("/v1/pupils/%ff/week", headers=gateway.bearer())
    problem(answer, 400, "BAD_VALUE")


async def test_a_body_that_contradicts_the_path(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(MARKS, json={"lesson_id": str(uuid4())}, headers=teacher)
    assert problem(answer, 400, "BAD_VALUE")["metadata"]["field"] == "lesson_id"


async def test_a_body_that_repeats_the_path(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(MARKS, json={"lesson_id": LESSON, "text": "5"}, headers=teacher)
    assert answer.status_code == 200
    assert gateway.stage.called("SetMark")[0].request.lesson_id == LESSON


async def test_an_announced_oversize_body(gateway: Outside, teacher: dict[str, str]) -> None:
    answer = await gateway.client.post(MARKS, json={"text": "5" * 300_000}, headers=teacher)
    assert problem(answer, 413, "BODY_TOO_LARGE")["metadata"] == {"limit_bytes": str(256 * 1024)}
    assert not gateway.stage.calls


async def test_an_oversize_body_in_chunks_is_refused_before_it_is_all_read(
    gateway: Outside, teacher: dict[str, str]
) -> None:
    """A sender who would never end gets an answer, complete, while still sending."""
    head = (
        f"POST {MARKS} HTTP/1.1\r\nHost: x\r\nAuthorization: {teacher['Authorization']}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answer = await _raw(gateway, head.encode() + chunk * 20)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"reason":"BODY_TOO_LARGE"' in answer


@pytest.mark.parametrize(("method", "allow"), [("DELETE", "POST"), ("GET", "POST"), ("PATCH", "POST")])
async def test_wrong_method(gateway: Outside, teacher: dict[str, str], method: str, allow: str) -> None:
    answer = await gateway.client.request(method, MARKS, headers=teacher)
    problem(answer, 405, "WRONG_METHOD")
    assert answer.headers["allow"] == allow


async def test_wrong_method_of_a_read_names_head_as_well(gateway: Outside) -> None:
    answer = await gateway.client.post("/v1/me", headers=gateway.bearer())
    problem(answer, 405, "WRONG_METHOD")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/",
        "/v1/mee",
        "/v1/me/",
        "/v1//me",
        "/v1/pupils//week",
        f"/v1/pupils/{LESSON}/week/",
        f"/v1/pupils/{LESSON}/week:end",
        f"/v1/lessons/{LESSON}/marks:",
        "/v1/me/notices:",
        "/v1/me%2Fnotices",
        "/v1/../v1/none",
        "/nothing-here",
    ],
)
async def test_unknown_path(gateway: Outside, path: str) -> None:
    answer = await gateway.client.get(path, headers={**gateway.bearer(), "Accept": "application/json"})
    problem(answer, 404, "NO_SUCH_PATH")
    assert not gateway.stage.calls


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=koi8-r", "", "json"],
)
async def test_wrong_media_type(gateway: Outside, teacher: dict[str, str], content_type: str) -> None:
    answer = await gateway.client.post(
        MARKS, content=b"{}", headers={**teacher, "Content-Type": content_type}
    )
    problem(answer, 415, "WRONG_MEDIA_TYPE")


async def test_a_compressed_body_is_no_json(gateway: Outside, teacher: dict[str, str]) -> None:
    headers = {**teacher, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await gateway.client.post(MARKS, content=gzip.compress(b"{}"), headers=headers)
    problem(answer, 400, "BAD_JSON")


async def test_an_empty_body_is_an_empty_request(gateway: Outside) -> None:
    answer = await gateway.client.post("/v1/sessions:end", headers=gateway.bearer())
    assert answer.status_code == 200
    (call,) = gateway.stage.called("EndSession")
    assert not call.request.ListFields()


async def test_an_address_too_long(gateway: Outside) -> None:
    answer = await gateway.client.get(f"/v1/me/notices?page_token={'x' * 5000}", headers=gateway.bearer())
    problem(answer, 414, "ADDRESS_TOO_LONG")


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", ""])
async def test_a_time_limit_that_is_none(gateway: Outside, seconds: str) -> None:
    answer = await gateway.client.get("/v1/me", headers={**gateway.bearer(), "X-Request-Timeout": seconds})
    assert problem(answer, 400, "BAD_HEADER")["metadata"] == {"header": "X-Request-Timeout"}


@pytest.mark.parametrize("key", ["", "x" * 200, "ключ"])
async def test_an_idempotency_key_that_is_none(gateway: Outside, teacher: dict[str, str], key: str) -> None:
    answer = await gateway.client.post(MARKS, json={}, headers=_latin({**teacher, "Idempotency-Key": key}))
    problem(answer, 400, "BAD_HEADER")


async def test_an_idempotency_key_that_contradicts_the_body(
    gateway: Outside, teacher: dict[str, str]
) -> None:
    answer = await gateway.client.post(
        MARKS, json={"request_id": "one"}, headers={**teacher, "Idempotency-Key": "two"}
    )
    assert problem(answer, 400, "BAD_VALUE")["metadata"]["field"] == "request_id"


async def test_headers_too_large(gateway: Outside) -> None:
    """Bounded by the server itself, before there is a request."""
    answer = await _raw(gateway, b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 60_000)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"reason":"HEADERS_TOO_LARGE"' in answer


@pytest.mark.parametrize("text", [b"\x16\x03\x01\x00\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_http(gateway: Outside, text: bytes) -> None:
    answer = await _raw(gateway, text)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"reason":"BAD_HTTP"' in answer


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Content-Length : 2\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: identity, chunked, identity\r\n",
        b"X-Folded: one\r\n two\r\n",
        b"X-Bare: one\rX-Two: two\r\n",
        b"X-Nul: \0\r\n",
    ],
)
async def test_a_request_that_two_could_read_differently_is_refused(gateway: Outside, framing: bytes) -> None:
    """Request smuggling (RFC 9112, section 11.2): no proxy in front and we may disagree on where it ends."""
    hidden = b"0\r\n\r\nGET /v1/regions HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await _raw(
        gateway, b"POST /v1/sign-in/password HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n" + hidden
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert not gateway.stage.calls


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "HEAD", "GET"])
async def test_no_header_makes_another_method_of_it(gateway: Outside, method: str) -> None:
    names = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    headers = {**gateway.bearer(), **dict.fromkeys(names, "POST")}
    answer = await gateway.client.request(method, "/v1/sessions:end?_method=POST", headers=headers)
    assert answer.status_code == 405
    assert not gateway.stage.calls


async def test_no_other_site_is_let_in(gateway: Outside) -> None:
    """Neither to ask (a preflight gets no consent) nor to read (CORS)."""
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = await gateway.client.request(method, "/v1/regions", headers=foreign)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def _latin(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


async def _raw(gateway: Outside, text: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.setblocking(False)
        await loop.sock_sendall(connection, text)
        answer = b""
        async with asyncio.timeout(10):
            while part := await loop.sock_recv(connection, 65536):
                answer += part
        return answer
