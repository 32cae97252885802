"""Whoever runs a region may be killed at any instant: nothing goes on, and what was committed stays."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg

from deploy.local import lock, ports
from deploy.local.backbone import backbone
from tests.support.backbone import folder
from tests.support.processes import alive, listens, until

_PARENT = """
import asyncio, json, sys
from pathlib import Path
from deploy.local import lock
from deploy.local.backbone import backbone

async def main() -> None:
    state = Path(sys.argv[1])
    async with lock.hold(state) as held, backbone(state, keep=(held,), nats_port=int(sys.argv[2])) as running:
        connection = await running.postgres.connect("diary")
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        pids = [running.postgres_server.pid, running.nats_server.pid]
        print(json.dumps(pids), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def _kill_after_start(state: Path, port: int) -> list[int]:
    """Start both servers from a process of their own, kill that; the servers' processes."""
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, state, str(port)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pids: list[int] = json.loads(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    return pids


async def test_nothing_is_left_of_a_killed_region_and_nothing_it_committed_is_lost() -> None:
    port = ports.any_free()
    async with folder() as state:
        pids = await asyncio.to_thread(_kill_after_start, state, port)
        await until(lambda: not any(map(alive, pids)), what="the end of both servers")
        assert not listens(port)

        async with (
            lock.hold(state) as held,
            backbone(state, keep=(held,), nats_port=port) as running,
        ):
            connection = await running.postgres.connect("diary")
            assert await connection.fetchval("SELECT seven FROM kept") == 7
            await connection.close()


async def test_a_server_that_crashes_is_back_with_everything() -> None:
    async with (
        folder() as state,
        lock.hold(state) as held,
        backbone(state, keep=(held,), nats_port=ports.any_free()) as running,
    ):
        connection = await running.postgres.connect("diary")
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        before = running.postgres_server.pid

        running.postgres_server.kill()
        await asyncio.wait_for(running.postgres_server.back(after=before), 20)

        again: asyncpg.Connection = await running.postgres.connect("diary")
        assert await again.fetchval("SELECT seven FROM kept") == 7
        await again.close()
        connection.terminate()
