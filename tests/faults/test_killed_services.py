"""A service ends as by `kill -9` while teachers write: what was acknowledged stays, the rest is repeated."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local.region import Region
from tests.faults.ledger import Ledger


@pytest.mark.parametrize("name", ["identity", "diary", "notifications", "gateway"])
async def test_no_acknowledged_mark_is_lost(region: Region, name: str) -> None:
    """I1, I3, I9: refusals are typed, repeating with the same key is safe, each guardian is told once."""
    ledger, cells = await Ledger.open(region, 60)
    first, rest = cells[:20], cells[20:]
    await ledger.set_marks(first)
    writing = asyncio.create_task(ledger.set_marks(rest))
    while len(ledger.acknowledged) < len(first) + 5:
        await asyncio.sleep(0)
    await region.kill(name)
    await writing
    await ledger.nothing_is_lost_and_nothing_twice()


async def test_postgres_that_crashes_keeps_what_was_committed(region: Region) -> None:
    """I1: the record itself is killed and recovers."""
    ledger, cells = await Ledger.open(region, 40)
    first, rest = cells[:20], cells[20:]
    await ledger.set_marks(first)
    writing = asyncio.create_task(ledger.set_marks(rest))
    await region.kill("postgres")
    await writing
    await ledger.nothing_is_lost_and_nothing_twice()
