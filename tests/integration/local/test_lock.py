"""One region per state folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import lock
from deploy.local.trouble import Trouble
from tests.support.processes import alive, until

_HOLDER = """
import asyncio, sys
from pathlib import Path
from deploy.local import leash, lock

async def main() -> None:
    state = Path(sys.argv[1])
    async with lock.hold(state) as descriptor:
        await leash.start(leash.Program(
            name="slow",
            command=[sys.executable, "-c",
                     "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
                     "print(os.getpid(), flush=True); time.sleep(600)"],
            log=state / "slow.log", grace=1.0, keep=(descriptor,)))
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_the_second_region_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    async with lock.hold(tmp_path):
        with pytest.raises(Trouble, match=f"process {os.getpid()}"):
            async with lock.hold(tmp_path):
                pytest.fail("two regions in one folder")


async def test_a_folder_is_free_again_after_its_region(tmp_path: Path) -> None:
    async with lock.hold(tmp_path):
        pass
    async with lock.hold(tmp_path) as descriptor:
        assert descriptor > 0


async def test_a_killed_regions_folder_is_free_only_when_its_programs_have_ended(tmp_path: Path) -> None:
    """Two servers on one store destroy it: the next region waits for the last program of the one before."""
    log = tmp_path / "slow.log"
    with subprocess.Popen([sys.executable, "-c", _HOLDER, tmp_path]) as holder:
        await until(lambda: log.exists() and log.read_text().endswith("\n"), what="the slow program")
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
    slow = int(log.read_text())
    assert alive(slow)

    async with lock.hold(tmp_path):
        assert not alive(slow)
