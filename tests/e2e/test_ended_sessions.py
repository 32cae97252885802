"""The end of a session counts everywhere within five seconds (I12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import httpx2
import pytest

from deploy.local.region import Region
from school.diary.v1 import week_pb2, week_pb2_grpc
from school.identity.v1 import people_pb2, people_pb2_grpc
from school.notifications.v1 import inbox_pb2, inbox_pb2_grpc
from services.kit.rpc.channel import channel
from services.kit.rpc.status import refusal
from tests.e2e.window import credentials
from tests.support.waiting import eventually

_WITHIN_S = 5.0


@dataclass
class Entered:
    """A session of a program that uses the public door."""

    http: httpx2.AsyncClient
    access: str
    refresh: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    async def sessions(self) -> list[dict[str, object]]:
        answer = await self.http.get("/v1/me/sessions", headers=self.headers)
        assert answer.status_code == 200, answer.text
        listed: list[dict[str, object]] = answer.json()["sessions"]
        return listed


@pytest.fixture
async def http(region: Region) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=region.url, trust_env=False, timeout=20) as client:
        yield client


async def enter(region: Region, http: httpx2.AsyncClient) -> Entered:
    issued = credentials(region, "parent_b_without_snils")
    answer = await http.post("/v1/sign-in/password", json=dict(issued))
    assert answer.status_code == 200, answer.text
    session = answer.json()["signed_in"]["session"]
    return Entered(http, session["access_token"], session["refresh_token"])


Ask = Callable[[], Awaitable[str]]


async def doors(region: Region, stack: AsyncExitStack, session: Entered) -> dict[str, Ask]:
    """How each program answers a token of the session: why it is refused; empty when it is not."""
    metadata = (("authorization", f"Bearer {session.access}"),)
    to = {
        name: await stack.enter_async_context(channel(region.address(name)))
        for name in ("identity", "diary", "notifications")
    }

    def by_grpc(call: Callable[[], Awaitable[object]]) -> Ask:
        async def ask() -> str:
            try:
                await call()
            except grpc.aio.AioRpcError as error:
                return refusal(error).reason
            return ""

        return ask

    async def at_gateway() -> str:
        answer = await session.http.get("/v1/me", headers=session.headers)
        return "" if answer.status_code == 200 else str(answer.json()["reason"])

    people = people_pb2_grpc.PeopleServiceStub(to["identity"])
    weeks = week_pb2_grpc.WeekServiceStub(to["diary"])
    inbox = inbox_pb2_grpc.InboxServiceStub(to["notifications"])
    return {
        "gateway": at_gateway,
        "identity": by_grpc(lambda: people.GetMe(people_pb2.GetMeRequest(), timeout=20, metadata=metadata)),
        # An id that is none: the token is looked at first.
        "diary": by_grpc(
            lambda: weeks.GetWeek(week_pb2.GetWeekRequest(pupil_id="x"), timeout=20, metadata=metadata)
        ),
        "notifications": by_grpc(
            lambda: inbox.ListNotices(inbox_pb2.ListNoticesRequest(), timeout=20, metadata=metadata)
        ),
    }


async def test_a_session_that_its_person_ended_is_refused_by_every_program_within_five_seconds(
    region: Region, http: httpx2.AsyncClient
) -> None:
    """Over the real broker, by its access token, which would have been good for minutes."""
    here, there = await enter(region, http), await enter(region, http)
    [current, *_] = await there.sessions()
    assert current["current"] is True
    async with AsyncExitStack() as stack:
        asked = await doors(region, stack, there)
        before = {name: await ask() for name, ask in asked.items()}
        assert "SESSION_ENDED" not in before.values()

        answer = await http.post(
            f"/v1/me/sessions/{current['session_id']}:end", json={}, headers=here.headers
        )
        assert answer.status_code == 200, answer.text
        began = time.monotonic()

        async def every_program_refuses_it() -> bool:
            return {await ask() for ask in asked.values()} == {"SESSION_ENDED"}

        await eventually(every_program_refuses_it, within=_WITHIN_S)
        assert time.monotonic() - began < _WITHIN_S
    refreshed = await http.post("/v1/sessions:refresh", json={"refresh_token": there.refresh})
    assert (refreshed.status_code, refreshed.json()["reason"]) == (401, "SESSION_ENDED")
    assert (await http.get("/v1/me", headers=here.headers)).status_code == 200


async def test_a_program_that_was_restarted_still_refuses_what_ended_before(
    region: Region, http: httpx2.AsyncClient
) -> None:
    here, there = await enter(region, http), await enter(region, http)
    answer = await http.post("/v1/me/sessions:end-others", json={}, headers=here.headers)
    assert answer.json()["ended_count"] >= 1

    await asyncio.gather(*(region.restart(name) for name in ("diary", "notifications", "gateway")))

    async with AsyncExitStack() as stack:
        asked = await doors(region, stack, there)
        assert {name: await ask() for name, ask in asked.items()} == dict.fromkeys(asked, "SESSION_ENDED")
