"""Rights that are taken away while nothing can be told of it: nobody reads on, and nobody has to mend it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import httpx2
import pytest

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from tests.faults.rights import Office, Reader, families_of_two
from tests.support.people import People
from tests.support.waiting import eventually

# Longer than the 15 s at which identity says that all is told; in a region it is five minutes.
STALENESS_S = 20
# The slack of a busy machine: requests, and the second at which a copy is looked at.
SLACK_S = 10
BACK_WITHIN_S = 30


@pytest.fixture
async def impatient(region: Region) -> AsyncIterator[Region]:
    """The region with a diary and notifications that trust a silent copy for seconds only."""
    kept = {name: region.programs[name] for name in ("diary", "notifications")}
    before = {name: one.program for name, one in kept.items()}
    for name, one in kept.items():
        short = {**before[name].environment, "MESH_ACCESS_STALENESS": f"PT{STALENESS_S}S"}
        one.program = replace(before[name], environment=short)
        await one.restart()
    yield region
    for name, one in kept.items():
        one.program = before[name]
        await one.restart()


@asynccontextmanager
async def without_nats(region: Region) -> AsyncIterator[float]:
    """NATS is killed and stays away until the block ends; since when."""
    os.kill(region.pid("nats"), signal.SIGKILL)
    since = time.monotonic()
    await region.stop_nats()
    try:
        yield since
    finally:
        await region.start("nats")


async def _answers(reader: Reader, reason: str) -> bool:
    return await reader.reads() == reason


async def test_what_is_taken_away_is_refused_in_time_and_for_good(impatient: Region) -> None:
    """I5, I11, I12, A30: fails closed for guardians alone, heals by itself, and never opens in between."""
    people = People(impatient)
    await people.all_arrived()
    cells = {cell.pupil_id: cell for cell in await people.empty_cells(5_000)}
    ended, limited = [two for two in await families_of_two(impatient, 500) if two.pupil_id in cells][:2]
    cell = cells[ended.pupil_id]
    async with httpx2.AsyncClient(base_url=impatient.url, timeout=8, trust_env=False) as http:
        office = Office(http, people)
        gone = office.reader(ended.first, ended.pupil_id, Role.ROLE_GUARDIAN)
        forbidden = office.reader(limited.first, limited.pupil_id, Role.ROLE_GUARDIAN)
        stays = office.reader(ended.second, ended.pupil_id, Role.ROLE_GUARDIAN)
        pupil = office.reader(ended.pupil_id, ended.pupil_id, Role.ROLE_PUPIL)
        signed_out = await office.sign_in(impatient)
        guardians = (gone, forbidden, stays, signed_out)
        for one in guardians:
            await eventually(partial(_answers, one, ""))

        async with without_nats(impatient) as since:
            await office.end_relation(ended)
            await office.forbid(limited)
            await office.sign_out(signed_out)
            for one in guardians:
                await eventually(partial(_answers, one, "ACCESS_STALE"), within=STALENESS_S + SLACK_S)
            assert time.monotonic() - since < STALENESS_S + SLACK_S
            assert await pupil.reads() == ""
            await office.set_mark(cell)
            assert not await stays.is_told_of(cell)

        # What is refused for good is asked all the while: it must not open for a moment.
        back = asyncio.create_task(eventually(partial(_answers, stays, ""), within=BACK_WITHIN_S))
        while not back.done():
            assert await gone.reads() != ""
            assert await forbidden.reads() != ""
        await back
        assert await gone.reads() == await forbidden.reads() == "NOT_THEIR_PUPIL"
        await eventually(partial(_answers, signed_out, "SESSION_ENDED"), within=BACK_WITHIN_S)
        await eventually(partial(stays.is_told_of, cell), within=BACK_WITHIN_S)
        assert not await gone.is_told_of(cell)
