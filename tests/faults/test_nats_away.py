"""NATS only carries: without it nothing is refused, and without its store nothing is lost."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local.region import Region
from tests.faults.ledger import Ledger


async def test_marks_are_taken_without_nats_and_told_when_it_is_back(region: Region) -> None:
    """I1, I3: the change and its event are one commit; the broker's absence delays the telling alone."""
    ledger, cells = await Ledger.open(region, 20)
    await region.stop_nats()
    try:
        await ledger.set_marks(cells)
        assert ledger.tries == len(cells), "a write was refused because NATS was away"
    finally:
        await region.start("nats")
    await ledger.nothing_is_lost_and_nothing_twice()


async def test_a_wiped_store_loses_no_notice_and_repeats_none(region: Region) -> None:
    """I3: everything is published again, and the inboxes know what was there already."""
    ledger, cells = await Ledger.open(region, 60)
    before, during = cells[:20], cells[20:]
    await ledger.set_marks(before)
    writing = asyncio.create_task(ledger.set_marks(during))
    await region.wipe_nats()
    await writing
    await ledger.nothing_is_lost_and_nothing_twice()


@pytest.mark.parametrize("times", [3])
async def test_nats_that_comes_and_goes_is_only_late(region: Region, times: int) -> None:
    """I11: nobody has to do anything."""
    ledger, cells = await Ledger.open(region, 15 * times)
    for turn in range(times):
        writing = asyncio.create_task(ledger.set_marks(cells[15 * turn : 15 * (turn + 1)]))
        await region.restart("nats")
        await writing
    await ledger.nothing_is_lost_and_nothing_twice()
