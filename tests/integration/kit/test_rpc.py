"""The gates before every RPC, over real gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from school.access.v1.policy_pb2 import Role
from school.diary.v1 import marks_pb2, marks_pb2_grpc, week_pb2, week_pb2_grpc
from school.notifications.v1 import live_pb2, live_pb2_grpc
from services.kit.caller import caller
from services.kit.errors import DomainError
from services.kit.rpc.around import StreamRefused
from services.kit.rpc.channel import channel
from services.kit.rpc.server import serving
from services.kit.rpc.status import Refusal, refusal
from tests.support.keys import Keys, make_keys


class Closed(DomainError):
    status = grpc.StatusCode.FAILED_PRECONDITION
    reason = "CLOSED"
    title = "It is closed"


class Week(week_pb2_grpc.WeekServiceServicer):
    """Answers with the caller, or breaks in the way the test asks for by the date."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.both_entered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def GetWeek(self, request: week_pb2.GetWeekRequest, _context: Any) -> week_pb2.GetWeekResponse:
        match request.date:
            case "refuse":
                raise Closed(until="tomorrow")
            case "break":
                raise RuntimeError("the password is hunter2")
            case "wait":
                (self.both_entered if self.entered.is_set() else self.entered).set()
                await self.go_on.wait()
        return week_pb2.GetWeekResponse(pupil=week_pb2.PupilInWeek(pupil_id=str(caller().person_id)))


class Marks(marks_pb2_grpc.MarksServiceServicer):
    """Never reached by anybody but a teacher."""

    async def SetMark(self, _request: marks_pb2.SetMarkRequest, _context: Any) -> marks_pb2.SetMarkResponse:
        return marks_pb2.SetMarkResponse()

    async def RemoveMark(
        self, _request: marks_pb2.RemoveMarkRequest, _context: Any
    ) -> marks_pb2.RemoveMarkResponse:
        return marks_pb2.RemoveMarkResponse()


class Setup:
    def __init__(self, keys: Keys, week: Week, opened: grpc.aio.Channel) -> None:
        self.keys = keys
        self.week = week
        self.channel = opened
        self.stub: week_pb2_grpc.WeekServiceAsyncStub = week_pb2_grpc.WeekServiceStub(opened)

    async def get(
        self, date: str = "", *, token: str | None = None, within: float | None = 5
    ) -> week_pb2.GetWeekResponse:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        request = week_pb2.GetWeekRequest(date=date)
        reply: week_pb2.GetWeekResponse = await self.stub.GetWeek(request, timeout=within, metadata=metadata)
        return reply

    async def refused(self, date: str = "", *, token: str | None = None, within: float | None = 5) -> Refusal:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await self.get(date, token=token, within=within)
        return refusal(failed.value)


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    keys, week = make_keys(tmp_path), Week()

    def register(server: Any) -> None:
        week_pb2_grpc.add_WeekServiceServicer_to_server(week, server)
        marks_pb2_grpc.add_MarksServiceServicer_to_server(Marks(), server)

    async with (
        serving(
            listen="127.0.0.1:0",
            domain="diary.school",
            verifier=keys.verifier(),
            register=register,
            most_calls=2,
        ) as server,
        channel(server.address) as opened,
    ):
        yield Setup(keys, week, opened)


async def test_the_servicer_learns_who_calls_from_the_token(setup: Setup) -> None:
    person = uuid4()
    reply = await setup.get(token=setup.keys.token(person_id=person))
    assert reply.pupil.pupil_id == str(person)


async def test_nobody_passes_without_a_token(setup: Setup) -> None:
    assert (await setup.refused()).reason == "SIGN_IN_NEEDED"


async def test_a_forged_token_is_refused(setup: Setup) -> None:
    assert (await setup.refused(token=setup.keys.token()[:-4] + "AAAA")).reason == "TOKEN_REFUSED"


async def test_a_role_that_the_policy_does_not_name_is_refused(setup: Setup) -> None:
    stub = marks_pb2_grpc.MarksServiceStub(setup.channel)
    metadata = (("authorization", f"Bearer {setup.keys.token(Role.ROLE_GUARDIAN)}"),)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stub.SetMark(marks_pb2.SetMarkRequest(), timeout=5, metadata=metadata)
    assert refusal(failed.value).reason == "ROLE_NEEDED"


async def test_a_call_without_a_deadline_is_refused(setup: Setup) -> None:
    assert (await setup.refused(token=setup.keys.token(), within=None)).reason == "DEADLINE_NEEDED"


async def test_a_domain_error_arrives_with_reason_and_metadata(setup: Setup) -> None:
    refused = await setup.refused("refuse", token=setup.keys.token())
    assert refused == Refusal(
        grpc.StatusCode.FAILED_PRECONDITION.value[0], "CLOSED", "It is closed", {"until": "tomorrow"}
    )


async def test_an_unexpected_error_tells_the_caller_nothing_of_our_insides(
    setup: Setup, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = await setup.refused("break", token=setup.keys.token())
    assert refused.reason == "INTERNAL"
    assert "hunter2" not in refused.title
    assert "hunter2" not in "".join(capsys.readouterr())


async def test_too_many_calls_are_refused_but_health_still_answers(setup: Setup) -> None:
    token = setup.keys.token()
    waiting = [asyncio.create_task(setup.get("wait", token=token)) for _ in range(2)]
    await setup.week.both_entered.wait()
    assert (await setup.refused(token=token)).reason == "OVERLOADED"
    health: Any = health_pb2_grpc.HealthStub(setup.channel)
    check = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert check.status == health_pb2.HealthCheckResponse.SERVING
    setup.week.go_on.set()
    await asyncio.gather(*waiting)


async def test_a_call_in_progress_is_finished_when_the_server_ends(tmp_path: Path) -> None:
    """SIGTERM: health turns first, then calls drain; nothing in flight is cut off."""
    keys, week = make_keys(tmp_path), Week()

    def register(server: Any) -> None:
        week_pb2_grpc.add_WeekServiceServicer_to_server(week, server)

    running = serving(
        listen="127.0.0.1:0", domain="diary.school", verifier=keys.verifier(), register=register
    )
    server = await running.__aenter__()
    async with channel(server.address) as opened:
        setup = Setup(keys, week, opened)
        call = asyncio.create_task(setup.get("wait", token=keys.token()))
        await week.entered.wait()
        ending = asyncio.create_task(running.__aexit__(None, None, None))
        week.go_on.set()
        await call
        await ending


async def test_a_streaming_rpc_is_not_served(tmp_path: Path) -> None:
    """The gates stand before unary RPCs; a stream would pass beside them."""
    keys = make_keys(tmp_path)

    class Live(live_pb2_grpc.LiveServiceServicer):
        async def WatchNotices(self, _request: Any, _context: Any) -> AsyncIterator[Any]:
            yield live_pb2.WatchNoticesResponse()

    def register(server: Any) -> None:
        live_pb2_grpc.add_LiveServiceServicer_to_server(Live(), server)

    with pytest.raises(StreamRefused, match="WatchNotices"):
        async with serving(listen="127.0.0.1:0", domain="d", verifier=keys.verifier(), register=register):
            pytest.fail("a stream is served")


async def test_a_taken_address_is_an_error_with_a_plain_text(tmp_path: Path) -> None:
    """Two servers on one port would silently share its calls."""
    keys = make_keys(tmp_path)

    def register(server: Any) -> None:
        week_pb2_grpc.add_WeekServiceServicer_to_server(Week(), server)

    common: dict[str, Any] = {"domain": "d", "verifier": keys.verifier(), "register": register}
    async with serving(listen="127.0.0.1:0", **common) as first:
        with pytest.raises(OSError, match="is the port taken"):
            async with serving(listen=first.address, **common):
                pytest.fail("a second server took the port")
