"""From a teacher's mark to the guardian's live stream, at a steady rate."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import TypeAlias
from uuid import UUID, uuid4

import httpx2

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from tests.bench.load import percentiles_ms
from tests.bench.table import Table
from tests.support.people import Cell, People

PER_SECOND = 50
SECONDS = 20
# The last marks of a run may take this long to arrive before they count as lost.
PATIENCE_S = 10.0

Began: TypeAlias = "dict[tuple[UUID, UUID], list[float]]"
"""By guardian and pupil, when the marks that have not arrived yet were asked for; they arrive in order."""


async def measure(region: Region, table: Table) -> None:
    """Set marks at a steady rate and time each from the request to the arrival of its notice."""
    people = People(region)
    cells = await people.empty_cells(PER_SECOND * SECONDS)
    arrived = await _arrivals(region, people, cells)
    delays = [arrival for arrival in arrived if arrival is not None]
    p50, p99 = percentiles_ms(delays)
    table.add("mark set → guardian's live stream, p50", f"{p50:.0f} ms", wanted="≤ 100 ms")
    table.add(
        "mark set → guardian's live stream, p99",
        f"{p99:.0f} ms",
        wanted="≤ 500 ms",
        beside=f"{len(cells)} marks at {PER_SECOND}/s, {len(cells) - len(delays)} did not arrive",
    )


async def _arrivals(region: Region, people: People, cells: list[Cell]) -> list[float | None]:
    """Seconds from each mark's request to its arrival; None where it did not arrive."""
    guardians = {cell.guardian_id for cell in cells}
    began: Began = {}
    delays: list[float] = []
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=region.url, limits=limits, timeout=30)
        )
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        open_streams = asyncio.Semaphore(0)

        async def follow(guardian: UUID) -> None:
            token = people.token(guardian, Role.ROLE_GUARDIAN)
            headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
            async with client.stream("GET", "/v1/me/notices:watch", headers=headers) as stream:
                stream.raise_for_status()
                open_streams.release()
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        notice = json.loads(line[5:])["notice"]
                        if waiting := began.get((guardian, UUID(notice["pupil_id"]))):
                            delays.append(time.perf_counter() - waiting.pop(0))

        following = [tasks.create_task(follow(guardian)) for guardian in guardians]
        for _ in guardians:
            await open_streams.acquire()
        await _set_marks(client, cells, began)
        await _all_or_patience(delays, len(cells))
        for task in following:
            task.cancel()
    return [*delays, *([None] * (len(cells) - len(delays)))]


async def _set_marks(client: httpx2.AsyncClient, cells: list[Cell], began: Began) -> None:
    start = time.perf_counter()

    async def set_mark(turn: int, cell: Cell) -> None:
        await asyncio.sleep(max(0.0, start + turn / PER_SECOND - time.perf_counter()))
        began.setdefault((cell.guardian_id, cell.pupil_id), []).append(time.perf_counter())
        answer = await client.post(
            f"/v1/lessons/{cell.lesson_id}/marks",
            headers={"Authorization": f"Bearer {cell.teacher_token}", "Idempotency-Key": uuid4().hex},
            json={"pupil_id": str(cell.pupil_id), "text": "5"},
        )
        answer.raise_for_status()

    async with asyncio.TaskGroup() as tasks:
        for turn, cell in enumerate(cells):
            tasks.create_task(set_mark(turn, cell))


async def _all_or_patience(delays: list[float], wanted: int) -> None:
    ends = time.perf_counter() + PATIENCE_S
    while len(delays) < wanted and time.perf_counter() < ends:
        await asyncio.sleep(0.05)
