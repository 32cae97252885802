"""What a service behind the gateway receives, and how its answer, or its refusal, comes out."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import grpc
import httpx2
import pytest
from google.protobuf.message import Message

from school.access.v1.policy_pb2 import Role
from school.diary.v1.marks_pb2 import MarkOnLesson, SetMarkResponse
from school.identity.v1.binding_pb2 import BindingRoad, GetMyBindingResponse
from services.gateway.problems import HTTP_STATUS
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, LANGUAGE_KEY, TIME_ZONE_KEY
from services.kit.errors import DomainError
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import Outside, Stage, free_port, outside

OF_CLIENTS = (ADDRESS_KEY, DEVICE_KEY, TIME_ZONE_KEY, LANGUAGE_KEY)


def _refusal(code: grpc.StatusCode, **metadata: str) -> DomainError:
    class Refusal(DomainError):
        status = code
        reason = "SOME_REASON"
        title = "Some sentence"

    return Refusal(**metadata)


CODES = [code for code in HTTP_STATUS if code is not grpc.StatusCode.OK]


def _raise(error: Exception) -> Message:
    raise error


async def test_path_body_and_key_become_one_request(gateway: Outside) -> None:
    lesson, pupil = str(uuid4()), str(uuid4())
    gateway.stage.on(
        "SetMark", lambda r: SetMarkResponse(mark=MarkOnLesson(lesson_id=r.lesson_id, text=r.text, version=1))
    )
    answer = await gateway.client.post(
        f"/v1/lessons/{lesson}/marks",
        json={"pupil_id": pupil, "text": "4+", "based_on_version": 0},
        headers={**gateway.bearer(Role.ROLE_TEACHER), "Idempotency-Key": '"key-1"'},
    )
    assert answer.json() == {"mark": {"lesson_id": lesson, "pupil_id": "", "text": "4+", "version": "1"}}
    request = gateway.stage.called("SetMark")[0].request
    assert (request.lesson_id, request.pupil_id, request.request_id) == (lesson, pupil, "key-1")


async def test_query_values_become_fields(gateway: Outside) -> None:
    pupil = str(uuid4())
    await gateway.client.get(f"/v1/pupils/{pupil}/week?date=2026-11-23", headers=gateway.bearer())
    request = gateway.stage.called("GetWeek")[0].request
    assert (request.pupil_id, request.date) == (pupil, "2026-11-23")


async def test_a_path_value_is_decoded_once(gateway: Outside) -> None:
    await gateway.client.get("/v1/pupils/a%2Fb%2520c/week", headers=gateway.bearer())
    assert gateway.stage.called("GetWeek")[0].request.pupil_id == "a/b%20c"


async def test_a_custom_verb_is_another_path(gateway: Outside) -> None:
    headers = gateway.bearer(Role.ROLE_TEACHER)
    await gateway.client.post(f"/v1/lessons/{uuid4()}/marks:remove", json={}, headers=headers)
    assert [call.method for call in gateway.stage.calls] == ["RemoveMark"]


async def test_enums_are_names_and_instants_are_rfc_3339(gateway: Outside) -> None:
    reply = GetMyBindingResponse(road=BindingRoad.BINDING_ROAD_SNILS)
    reply.bound_at.FromJsonString("2026-11-23T15:00:00.5Z")
    gateway.stage.on("GetMyBinding", lambda _: reply)
    answer = await gateway.client.get("/v1/me/binding", headers=gateway.bearer())
    assert answer.json() == {"road": "BINDING_ROAD_SNILS", "bound_at": "2026-11-23T15:00:00.500Z"}


async def test_a_head_is_a_get_without_its_body(gateway: Outside) -> None:
    answer = await gateway.client.head("/v1/me", headers=gateway.bearer())
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_a_sane_request_id_travels_and_comes_back(gateway: Outside) -> None:
    answer = await gateway.client.get("/v1/me", headers={**gateway.bearer(), "X-Request-Id": "trace-0001"})
    assert answer.headers["x-request-id"] == "trace-0001"
    assert gateway.stage.calls[0].metadata["x-request-id"] == "trace-0001"


@pytest.mark.parametrize("wish", ["short", "x" * 65, "with space", "пример-пример", "a\tb\tc\td\te"])
async def test_a_strange_request_id_is_replaced(gateway: Outside, wish: str) -> None:
    """It goes into logs, so it may carry nothing else."""
    headers = httpx2.Headers(gateway.bearer())
    headers["X-Request-Id"] = wish.encode().decode("latin-1")
    answer = await gateway.client.get("/v1/me", headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_identity_headers_from_outside_are_stripped(gateway: Outside) -> None:
    """A29: a call's metadata is made here, nothing is passed through."""
    forged = {
        "X-Caller": "1",
        "X-Person-Id": "2",
        "Grpc-Metadata-Authorization": "Bearer x",
        "X-Region": "3",
        "X-Client-Address": "192.0.2.1",
        "X-Forwarded-For": "192.0.2.2",
    }
    await gateway.client.get("/v1/me", headers={**gateway.bearer(), **forged})
    told = gateway.stage.calls[0].metadata
    ours = {key for key in told if not key.startswith(("grpc-", "user-agent"))}
    assert ours == {"authorization", "x-request-id", *OF_CLIENTS}
    assert told[ADDRESS_KEY] == "127.0.0.1"


async def test_identity_is_told_of_the_device_and_nobody_else_is(gateway: Outside) -> None:
    """Guesses are counted and sessions listed there; an address is nobody else's business."""
    browser = {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
        "X-Time-Zone": "Asia/Kamchatka",
        "Accept-Language": "en",
    }
    await gateway.client.post("/v1/sign-in/password", json={"login": "a", "password": "b"}, headers=browser)
    await gateway.client.get(f"/v1/pupils/{uuid4()}/week", headers={**gateway.bearer(), **browser})
    entering, reading = (call.metadata for call in gateway.stage.calls)
    assert [entering[key] for key in OF_CLIENTS] == ["127.0.0.1", "Firefox, Linux", "Asia/Kamchatka", "en"]
    assert not {*OF_CLIENTS} & reading.keys()


async def test_nobody_is_passed_on_as_somebody(gateway: Outside) -> None:
    await gateway.client.get("/v1/regions")
    assert "authorization" not in gateway.stage.calls[0].metadata


async def test_a_call_has_five_seconds(gateway: Outside) -> None:
    await gateway.client.get("/v1/me", headers=gateway.bearer())
    assert 4 < gateway.stage.calls[0].seconds_left < 5.1


async def test_a_sender_may_be_less_patient_but_not_more(gateway: Outside) -> None:
    for wish in ("1.5", "60"):
        await gateway.client.get("/v1/me", headers={**gateway.bearer(), "X-Request-Timeout": wish})
    less, more = gateway.stage.calls
    assert less.seconds_left < 1.6
    assert more.seconds_left < 5.1


@pytest.mark.parametrize("code", CODES, ids=lambda c: c.name)
async def test_a_refusal_keeps_its_reason(gateway: Outside, code: grpc.StatusCode) -> None:
    """AIP-193: one HTTP status for each code; faults of ours are told without details."""
    gateway.stage.on("GetMe", lambda _: _raise(_refusal(code, hint="4")))
    answer = await gateway.client.get("/v1/me", headers=gateway.bearer())
    if HTTP_STATUS[code] == 500:
        assert "metadata" not in problem(answer, 500, "INTERNAL")
    else:
        assert problem(answer, HTTP_STATUS[code], "SOME_REASON")["metadata"] == {"hint": "4"}


async def test_a_fault_of_a_service_tells_nothing(gateway: Outside) -> None:
    gateway.stage.on("GetMe", lambda _: _raise(RuntimeError("SNILS 112-233-445 95")))
    answer = await gateway.client.get("/v1/me", headers=gateway.bearer())
    problem(answer, 500, "INTERNAL")
    assert "112-233" not in answer.text


async def test_too_many_attempts_say_when_to_come_back(gateway: Outside) -> None:
    gateway.stage.on(
        "GetMe", lambda _: _raise(_refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s="30"))
    )
    answer = await gateway.client.get("/v1/me", headers=gateway.bearer())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


async def test_a_slow_service_is_not_waited_for(gateway: Outside) -> None:
    async def never(_: object) -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    gateway.stage.on("GetMe", never)
    answer = await gateway.client.get("/v1/me", headers={**gateway.bearer(), "X-Request-Timeout": "0.2"})
    problem(answer, 504, "TOO_SLOW")


async def test_a_service_that_is_away(played: Stage, folder: Path) -> None:
    played.reset()
    nobody = f"127.0.0.1:{free_port()}"
    async with outside(played, folder, diary_address=nobody) as gateway:
        answer = await gateway.client.get(
            f"/v1/pupils/{uuid4()}/week", headers={**gateway.bearer(), "X-Request-Timeout": "1"}
        )
        assert answer.status_code in {503, 504}
        if answer.status_code == 503:
            problem(answer, 503, "UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
        ready = await gateway.client.get("/readyz")
        assert (ready.status_code, ready.json()["services"]["diary"]) == (503, "NOT_SERVING")
        assert (await gateway.client.get("/v1/me", headers=gateway.bearer())).status_code == 200


async def test_titles_are_in_the_readers_language(gateway: Outside) -> None:
    russian = await gateway.client.get("/v1/me", headers={"Accept-Language": "ru-RU, en;q=0.5"})
    english = await gateway.client.get("/v1/me")
    assert re.search("[а-яё]", problem(russian, 401, "SIGN_IN_NEEDED")["title"])
    assert problem(english, 401, "SIGN_IN_NEEDED")["title"] == "Sign in first"
