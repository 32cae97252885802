"""The family's week through gateway and diary, against the floor: one process with the same SQL and JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from statistics import median

from deploy.local.ports import Ports
from deploy.local.region import Region
from tests.bench.load import Figures, Get, get, load
from tests.bench.machine import cpu_seconds
from tests.bench.table import Table
from tests.support.people import People

CONNECTIONS = 32
ROUNDS = 5
SECONDS = 4.0
FAMILIES = 200
WEEKS = 4


async def measure(region: Region, table: Table) -> None:
    """Rounds in turn, floor and mesh, so that a drift of the machine meets both."""
    today = region.demo.made_on if region.demo else date.today()  # noqa: DTZ011 - any week will do
    days = [today - timedelta(weeks=back) for back in range(WEEKS)]
    mesh, floor = await _gets(region, days, families=FAMILIES)
    async with _floor(region, floor[0]) as (base, floor_pid):
        floor = [Get(base + wish.url) for wish in floor]
        await _same_answers(mesh[:: FAMILIES // 5], floor[:: FAMILIES // 5])
        for gets in (floor, mesh):
            await load(gets, connections=CONNECTIONS, seconds=SECONDS)
        pairs = [
            (
                await load(floor, connections=CONNECTIONS, seconds=SECONDS),
                await load(mesh, connections=CONNECTIONS, seconds=SECONDS),
            )
            for _ in range(ROUNDS)
        ]
        # While the floor is up: PostgreSQL is charged for its connections when they end.
        await _add_cost(table, "week", _programs(region, "gateway", "diary", "postgres"), mesh)
        await _add_cost(table, "week, floor", {"floor": floor_pid} | _programs(region, "postgres"), floor)
    ratios = sorted(ours.per_second / theirs.per_second for theirs, ours in pairs)
    table.add(
        f"week through the gateway ÷ floor, requests/s at {CONNECTIONS} connections",
        f"{median(ratios):.2f}",
        wanted="≥ 0.50",
        beside=f"{ROUNDS} pairs, {ratios[0]:.2f}-{ratios[-1]:.2f}",
    )
    _add(table, "week, mesh", [ours for _, ours in pairs])
    _add(table, "week, floor", [theirs for theirs, _ in pairs])


async def compare(region: Region, day: date) -> None:
    """Ask both for some weeks with ``day`` in them. Raises `AssertionError` unless they say the same."""
    await People(region).all_arrived()
    mesh, floor = await _gets(region, [day], families=5)
    async with _floor(region, floor[0]) as (base, _):
        await _same_answers(mesh, [Get(base + wish.url) for wish in floor])


def _programs(region: Region, *names: str) -> dict[str, int]:
    return {name: region.pid(name) for name in names}


async def _add_cost(table: Table, what: str, programs: dict[str, int], gets: list[Get]) -> None:
    """Processor time of each process for one week: steadier than a rate while a machine is shared."""

    def spent() -> dict[str, float]:
        return {name: cpu_seconds([pid]) for name, pid in programs.items()}

    before = spent()
    answered = (await load(gets, connections=CONNECTIONS, seconds=SECONDS)).answered
    each = {name: (after - before[name]) / answered * 1000 for name, after in spent().items()}
    table.add(
        f"processor time of one {what}",
        f"{sum(each.values()):.2f} ms",
        beside=", ".join(f"{name} {ms:.2f} ms" for name, ms in each.items()),
    )


def _add(table: Table, what: str, rounds: list[Figures]) -> None:
    p50, p99 = median(one.p50_ms for one in rounds), median(one.p99_ms for one in rounds)
    table.add(
        what,
        f"{median(one.per_second for one in rounds):.0f} requests/s",
        beside=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {sum(one.refused for one in rounds)} refused",
    )


async def _gets(region: Region, days: list[date], *, families: int) -> tuple[list[Get], list[Get]]:
    """The same weeks of the same families, asked of the mesh and of the floor (still without its address)."""
    chosen = await People(region).families(families)
    wishes = [(family, day) for day in days for family in chosen]
    mesh = [
        Get(f"{region.url}/v1/pupils/{family.pupil_id}/week?date={day}", family.token)
        for family, day in wishes
    ]
    floor = [
        Get(f"/v1/pupils/{family.pupil_id}/week?date={day}&caller={family.guardian_id}")
        for family, day in wishes
    ]
    return mesh, floor


async def _same_answers(mesh: list[Get], floor: list[Get]) -> None:
    """Both must say the same, or the ratio would compare nothing. Raises `AssertionError`."""
    for ours, theirs in zip(mesh, floor, strict=True):
        (our_status, our_body), (their_status, their_body) = await get(ours), await get(theirs)
        if (our_status, their_status) != (200, 200) or _bare(our_body) != _bare(their_body):
            raise AssertionError(f"the floor does not answer as the mesh does: {our_status}, {their_status}")


def _bare(body: bytes) -> object:
    """The answer without what the floor does not decide: topics of lessons ahead, titles of holidays."""
    week = json.loads(body)
    for day in week["days"]:
        day["holiday"] = ""
        for lesson in day["lessons"]:
            lesson["topic"] = ""
    return week


@asynccontextmanager
async def _floor(region: Region, first: Get) -> AsyncIterator[tuple[str, int]]:
    """The floor as a process; its address and process id."""
    port = Ports().take("floor", 0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.floor", region.database_url("diary"), str(port)
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(20):
            while not await _answers(Get(base + first.url)):
                await asyncio.sleep(0.05)
        yield base, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _answers(wish: Get) -> bool:
    with suppress(OSError):
        status, _ = await get(wish)
        return status == 200
    return False
