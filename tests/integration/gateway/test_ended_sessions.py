"""A session that has ended: its tokens, its browser and its streams at the gateway (I12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from school.identity.v1.events_pb2 import SessionEnded as SessionEndedEvent
from school.identity.v1.sessions_pb2 import RefreshSessionResponse
from school.notifications.v1.inbox_pb2 import ListNoticesResponse
from services.kit.errors import SessionEnded
from services.kit.ids import new_id
from services.kit.messaging import envelope
from services.kit.messaging.bus import Bus
from services.kit.messaging.envelope import EventMeta
from services.kit.messaging.streams import Stream, ensure
from tests.integration.gateway.browser import Browser, set_cookies
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import Outside, Stage, outside
from tests.support.backbone import OwnNats
from tests.support.keys import REGION
from tests.support.waiting import eventually

ME = "/v1/me"
WATCH = "/v1/me/notices:watch"
SIGNED_OUT = {"mesh-access", "mesh-refresh"}


class Identity:
    """Tells of ended sessions, as identity's relay does."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def end(self, session: UUID, *, replaced: bool = False) -> None:
        """A session ends."""
        event = SessionEndedEvent(session_id=str(session), person_id=str(uuid4()), replaced=replaced)
        event.ended_at.FromDatetime(datetime.now(UTC))
        kind = event.DESCRIPTOR.full_name
        meta = EventMeta(
            new_id(), kind, envelope.source(REGION, "identity"), datetime.now(UTC), str(session), 1
        )
        await self._bus.jetstream.publish(kind, event.SerializeToString(), headers=envelope.write(meta))


@pytest.fixture
async def identity(nats: OwnNats) -> AsyncIterator[Identity]:
    async with Bus(nats.url("identity"), region=REGION, service="identity") as bus:
        async with asyncio.timeout(10):
            await bus.wait_connected()
        await ensure(bus.jetstream, Stream.of("identity"))
        yield Identity(bus)


@pytest.fixture
async def present(played: Stage, folder: Path, nats: OwnNats, identity: Identity) -> AsyncIterator[Outside]:
    """A gateway that hears of ended sessions."""
    played.reset()
    async with outside(played, folder, nats_url=nats.url("gateway")) as running:
        yield running


async def refused(gateway: Outside, headers: dict[str, str]) -> None:
    """Wait until a call with these headers is answered 401."""

    async def the_session_is_refused() -> bool:
        return (await gateway.client.get(ME, headers=headers)).status_code == 401

    await eventually(the_session_is_refused, within=5)


async def test_a_bearer_token_is_refused_by_the_reason(present: Outside, identity: Identity) -> None:
    browser = Browser(present)
    headers = {"Authorization": f"Bearer {browser.session().access_token}"}
    assert (await present.client.get(ME, headers=headers)).status_code == 200

    await identity.end(browser.session_id)

    await refused(present, headers)
    problem(await present.client.get(ME, headers=headers), 401, "SESSION_ENDED")


async def test_a_browser_forgets_an_ended_session_and_asks_for_no_renewal(
    present: Outside, identity: Identity
) -> None:
    browser = Browser(present)
    headers = browser.cookies(browser.session())
    await identity.end(browser.session_id)
    await refused(present, headers)

    answer = await present.client.get(ME, headers=headers)

    problem(answer, 401, "SESSION_ENDED")
    gone = {name for name, morsel in set_cookies(answer).items() if morsel["max-age"] == "0"}
    assert gone == SIGNED_OUT
    assert not present.stage.called("RefreshSession")
    page = await present.client.get("/cabinet", headers=headers)
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_a_replaced_session_takes_nothing_from_the_browser(
    present: Outside, identity: Identity
) -> None:
    """Another tab was given the successor; a late answer to the old tokens must not take it away."""
    browser = Browser(present)
    headers = browser.cookies(browser.session())
    await identity.end(browser.session_id, replaced=True)
    await refused(present, headers)

    answer = await present.client.get(ME, headers=headers)

    problem(answer, 401, "SESSION_ENDED")
    assert not set_cookies(answer)


async def test_a_renewal_that_meets_a_replaced_session_takes_nothing_either(gateway: Outside) -> None:
    browser = Browser(gateway)

    def late(_: object) -> RefreshSessionResponse:
        raise SessionEnded(replaced="true")

    gateway.stage.on("RefreshSession", late)

    answer = await gateway.client.get(ME, headers=browser.cookies(browser.session(minutes=-1)))

    assert answer.status_code == 401
    assert not set_cookies(answer)


async def test_open_streams_of_an_ended_session_end_and_others_go_on(
    present: Outside, identity: Identity
) -> None:
    present.stage.on("ListNotices", lambda _: ListNoticesResponse())
    mine, other = Browser(present), Browser(present)
    streams = [
        present.client.stream(
            "GET", WATCH, headers={"Authorization": f"Bearer {one.session().access_token}"}, timeout=30
        )
        for one in (mine, other)
    ]
    async with streams[0] as first, streams[1] as second:
        assert (first.status_code, second.status_code) == (200, 200)
        assert present.running.hub.open == 2

        await identity.end(mine.session_id)

        async with asyncio.timeout(5):
            async for _ in first.aiter_raw():
                continue  # until it ends
        assert present.running.hub.open == 1


async def test_a_stream_of_a_session_that_ended_on_the_way_does_not_begin(
    present: Outside, identity: Identity
) -> None:
    browser = Browser(present)
    headers = {"Authorization": f"Bearer {browser.session().access_token}"}
    await identity.end(browser.session_id)
    await refused(present, headers)

    problem(await present.client.get(WATCH, headers=headers), 401, "SESSION_ENDED")
