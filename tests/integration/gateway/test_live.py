"""The live stream: what is posted arrives, what was missed is told, what ends ends (R26)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from school.notifications.v1.events_pb2 import NoticePosted
from school.notifications.v1.inbox_pb2 import ListNoticesRequest, ListNoticesResponse, Notice
from services.gateway.live import stream as live_stream
from services.kit.ids import new_id
from services.kit.messaging import envelope
from services.kit.messaging.bus import Bus
from services.kit.messaging.envelope import EventMeta
from tests.integration.gateway.problem import problem
from tests.integration.gateway.stage import Outside, Stage, outside
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.keys import REGION
from tests.support.waiting import eventually

WATCH = "/v1/me/notices:watch"
PERSON = UUID(int=7)


class Inbox:
    """The inbox of `PERSON` as notifications keeps it, and the bus that notices pass by on."""

    def __init__(self, stage: Stage, bus: Bus) -> None:
        self.notices: list[Notice] = []
        self._bus = bus
        stage.on("ListNotices", self._list)

    def put(self, mark: str = "5") -> Notice:
        """A notice that is in the inbox and on no bus."""
        notice = Notice(notice_id=str(new_id()), mark=mark, subject_title="Алгебра")
        self.notices.append(notice)
        return notice

    async def post(self, mark: str = "5", *, recipient: UUID = PERSON) -> Notice:
        """A notice as notifications posts it."""
        notice = self.put(mark)
        await self.publish(notice, recipient=recipient)
        return notice

    async def publish(self, notice: Notice, *, recipient: UUID = PERSON) -> None:
        """The event of a notice."""
        event = NoticePosted(recipient_id=str(recipient), notice=notice)
        kind = NoticePosted.DESCRIPTOR.full_name
        meta = EventMeta(
            new_id(), kind, envelope.source(REGION, "notifications"), datetime.now(UTC), notice.notice_id, 1
        )
        await self._bus.client.publish(kind, event.SerializeToString(), headers=envelope.write(meta))
        await self._bus.client.flush()

    def _list(self, request: ListNoticesRequest) -> ListNoticesResponse:
        """Newest first, in pages of two, so that a gap takes several."""
        newer = [n for n in self.notices if n.notice_id > request.after_notice_id]
        newest_first = sorted(newer, key=lambda n: n.notice_id, reverse=True)
        begin = int(request.page_token or 0)
        size = min(request.page_size, 2)
        more = begin + size < len(newest_first)
        return ListNoticesResponse(
            notices=newest_first[begin : begin + size], next_page_token=str(begin + size) if more else ""
        )


class Reader:
    """An `EventSource`: reads events and remembers the last id."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """The next event's data. Raises `StopAsyncIteration` when the stream has ended."""
        async with asyncio.timeout(10):
            while True:
                line = await anext(self._lines)
                if line.startswith("id: "):
                    self.last_id = line[4:]
                if line.startswith("data: "):
                    data: dict[str, Any] = json.loads(line[6:])
                    return data

    async def until_baseline(self) -> str:
        """Wait for the id with which a stream of a person with notices begins."""
        async with asyncio.timeout(10):
            while not self.last_id:
                line = await anext(self._lines)
                if line.startswith("id: "):
                    self.last_id = line[4:]
        return self.last_id

    async def marks(self, count: int) -> list[str]:
        """The marks of the next ``count`` notices."""
        return [(await self.next())["notice"]["mark"] for _ in range(count)]


@pytest.fixture
async def live(played: Stage, folder: Path, nats: OwnNats) -> AsyncIterator[Outside]:
    """A gateway on a bus of its own."""
    played.reset()
    async with outside(played, folder, nats_url=nats.url()) as present:
        async with asyncio.timeout(10):
            await present.running.bus.wait_connected()
        yield present


@pytest.fixture
async def inbox(live: Outside, nats: OwnNats) -> AsyncIterator[Inbox]:
    async with Bus(nats.url(), region=REGION, service="notifications") as bus:
        async with asyncio.timeout(10):
            await bus.wait_connected()
        yield Inbox(live.stage, bus)


@asynccontextmanager
async def watching(
    gateway: Outside, last_id: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Reader]:
    """An open stream of `PERSON`."""
    sent = headers or gateway.bearer(person_id=PERSON)
    if last_id:
        sent["Last-Event-ID"] = last_id
    async with gateway.client.stream("GET", WATCH, headers=sent, timeout=30) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        yield Reader(answer)


async def test_a_posted_notice_arrives_as_an_event(live: Outside, inbox: Inbox) -> None:
    inbox.put("3")
    async with watching(live) as reader:
        await reader.until_baseline()
        notice = await inbox.post("5")
        data = await reader.next()
    assert data["notice"]["mark"] == "5"
    assert data["notice"]["notice_id"] == notice.notice_id == reader.last_id


async def test_other_peoples_notices_do_not_arrive(live: Outside, inbox: Inbox) -> None:
    inbox.put()
    async with watching(live) as reader:
        await reader.until_baseline()
        event = NoticePosted(recipient_id=str(uuid4()), notice=Notice(notice_id=str(new_id()), mark="2"))
        await inbox.publish(event.notice, recipient=uuid4())
        await inbox.post("5")
        assert await reader.marks(1) == ["5"]


async def test_what_was_missed_while_away_is_told_in_order(live: Outside, inbox: Inbox) -> None:
    seen = inbox.put("1")
    for mark in ("2", "3", "4", "5", "4+"):
        inbox.put(mark)
    async with watching(live, seen.notice_id) as reader:
        assert await reader.marks(5) == ["2", "3", "4", "5", "4+"]


async def test_a_stream_begins_with_the_place_it_begins_at(live: Outside, inbox: Inbox) -> None:
    """So a connection that is lost before its first notice misses nothing either."""
    newest = inbox.put()
    async with watching(live) as reader:
        place = await reader.until_baseline()
    assert place == newest.notice_id
    inbox.put("4")
    async with watching(live, place) as reader:
        assert await reader.marks(1) == ["4"]


async def test_the_same_notice_is_told_once(live: Outside, inbox: Inbox) -> None:
    """The inbox and the bus may both have it, and the bus may have it twice."""
    seen = inbox.put("1")
    inbox.put("2")
    async with watching(live, seen.notice_id) as reader:
        assert await reader.marks(1) == ["2"]
        again = await inbox.post("3")
        await inbox.publish(again)
        await inbox.publish(inbox.notices[1])
        await inbox.post("4")
        assert await reader.marks(2) == ["3", "4"]


async def test_a_gap_of_the_bus_is_filled_from_the_inbox(live: Outside, inbox: Inbox, nats: OwnNats) -> None:
    """A notice posted while the gateway hears nothing is told as soon as it hears again."""
    inbox.put("1")
    async with watching(live) as reader:
        await reader.until_baseline()
        await nats.stop()
        await eventually(_deaf(live))
        inbox.put("5")
        await nats.start()
        assert await reader.marks(1) == ["5"]


async def test_a_gap_is_not_forgotten_while_notifications_is_away(
    live: Outside, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_stream, "_ASK_AGAIN_S", 0.05)
    answer = live.stage.answers["ListNotices"]
    asked = asyncio.Event()

    def away(_: object) -> ListNoticesResponse:
        asked.set()
        raise RuntimeError

    seen = inbox.put("1")
    inbox.put("2")
    live.stage.on("ListNotices", away)
    async with watching(live, seen.notice_id) as reader:
        await asked.wait()
        live.stage.on("ListNotices", answer)
        assert await reader.marks(1) == ["2"]


async def test_a_silent_stream_beats(live: Outside, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "_HEARTBEAT_S", 0.05)
    assert not inbox.notices
    async with watching(live) as reader, asyncio.timeout(10):
        beats = 0
        async for line in reader.answer.aiter_lines():
            beats += line == ":"
            if beats == 3:
                break


async def test_a_stream_ends_with_its_token(live: Outside, inbox: Inbox) -> None:
    """I12: a session that was ended is not renewed, so its stream does not outlive the token."""
    inbox.put()
    clock = MovableClock()
    clock.move(minutes=-5, seconds=1)
    token, _ = live.stage.keys.issuer(clock=clock).issue(
        person_id=PERSON, account_id=uuid4(), session_id=uuid4(), roles=frozenset()
    )
    async with watching(live, headers={"Authorization": f"Bearer {token}"}) as reader:
        with pytest.raises(StopAsyncIteration):
            await reader.next()


async def test_a_person_has_only_so_many_streams(live: Outside, inbox: Inbox) -> None:
    inbox.put()
    tasks = [asyncio.create_task(_hold(live)) for _ in range(10)]
    await eventually(_open(live, 10))
    answer = await live.client.get(WATCH, headers=live.bearer(person_id=PERSON))
    problem(answer, 429, "TOO_MANY_STREAMS")
    other = live.bearer(person_id=uuid4())
    async with live.client.stream("GET", WATCH, headers=other) as open_stream:
        assert open_stream.status_code == 200
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_gateway_has_only_so_many_streams(played: Stage, folder: Path, nats: OwnNats) -> None:
    """Whoever they are for."""
    played.reset()
    async with outside(played, folder, nats_url=nats.url(), most_streams=1) as full:
        task = asyncio.create_task(_hold(full))
        await eventually(_open(full, 1))
        problem(await full.client.get(WATCH, headers=full.bearer(person_id=uuid4())), 429, "TOO_MANY_STREAMS")
        task.cancel()
        await asyncio.wait([task])


async def test_open_streams_are_no_requests_in_progress(played: Stage, folder: Path, nats: OwnNats) -> None:
    """A35: as many open pages as there may be requests at once shut nobody out."""
    played.reset()
    async with outside(played, folder, nats_url=nats.url(), most_requests=2) as crowded:
        tasks = [asyncio.create_task(_hold(crowded)) for _ in range(3)]
        await eventually(_open(crowded, 3))
        answer = await crowded.client.get("/v1/me", headers=crowded.bearer(person_id=PERSON))
        assert answer.status_code == 200, answer.text
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_a_reader_who_goes_is_forgotten(live: Outside, inbox: Inbox) -> None:
    """I8: nothing of a closed stream stays."""
    inbox.put()
    async with watching(live) as reader:
        await reader.until_baseline()
        assert live.running.hub.open == 1
    await eventually(_open(live, 0))


async def test_a_reader_who_goes_is_forgotten_whatever_they_asked_next(live: Outside, inbox: Inbox) -> None:
    """I8: a request that waits behind the stream on the same connection does not hide that it is lost."""
    inbox.put()
    _, writer = await asyncio.open_connection("127.0.0.1", live.port)
    token = live.bearer(person_id=PERSON)["Authorization"]
    for path in (WATCH, "/v1/me"):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    await eventually(_open(live, 1))
    writer.transport.abort()
    await eventually(_open(live, 0))


async def test_a_reader_who_stops_reading_is_cut_off(live: Outside, inbox: Inbox) -> None:
    """A35: what waits for one reader is bounded."""
    inbox.put()
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
    token = live.bearer(person_id=PERSON)["Authorization"]
    writer.write(f"GET {WATCH} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    await eventually(_open(live, 1))
    big = "x" * 60_000
    async with asyncio.timeout(30):
        while live.running.hub.open:
            await inbox.publish(Notice(notice_id=str(new_id()), mark=big))
    writer.close()
    assert reader is not None


async def test_open_streams_do_not_hold_up_the_end(played: Stage, folder: Path, nats: OwnNats) -> None:
    played.reset()
    async with asyncio.timeout(8):
        async with outside(played, folder, nats_url=nats.url()) as present:
            task = asyncio.create_task(_hold(present))
            await eventually(_open(present, 1))
        await asyncio.wait([task])


async def test_a_stream_is_for_signed_in_persons(live: Outside) -> None:
    problem(await live.client.get(WATCH), 401, "SIGN_IN_NEEDED")


def _open(gateway: Outside, count: int) -> Callable[[], Awaitable[bool]]:
    async def so_many_streams_are_open() -> bool:
        return gateway.running.hub.open == count

    return so_many_streams_are_open


def _deaf(gateway: Outside) -> Callable[[], Awaitable[bool]]:
    async def the_bus_is_away() -> bool:
        return not gateway.running.bus.connected

    return the_bus_is_away


async def _hold(gateway: Outside) -> None:
    async with gateway.client.stream(
        "GET", WATCH, headers=gateway.bearer(person_id=PERSON), timeout=30
    ) as answer:
        async for _ in answer.aiter_lines():
            continue
