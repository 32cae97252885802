"""A whole region: put together, broken, mended, ended."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from deploy.local import lock, walkthrough
from deploy.local.console import Console
from deploy.local.place import DOOR, RECORD
from deploy.local.region import Region
from tests.support.backbone import folder
from tests.support.processes import alive, until


async def test_the_walk_through_finds_everything_in_order(region: Region) -> None:
    out = io.StringIO()
    assert await walkthrough.walk(region, Console(out)), out.getvalue()


async def test_the_walk_can_be_walked_again(region: Region) -> None:
    """A region that is started again is not new: the mark is changed, the parent is bound already."""
    out = io.StringIO()
    assert await walkthrough.walk(region, Console(out)), out.getvalue()


@pytest.mark.parametrize("name", [*RECORD, DOOR])
async def test_a_service_that_was_killed_serves_again(region: Region, name: str) -> None:
    before = region.pid(name)

    await asyncio.wait_for(region.kill(name), 60)

    assert region.pid(name) != before
    assert alive(region.pid(name))


async def test_the_walk_can_be_walked_after_nats_was_wiped(region: Region) -> None:
    await region.wipe_nats()

    out = io.StringIO()
    assert await walkthrough.walk(region, Console(out)), out.getvalue()


async def test_a_stopped_program_is_down_until_it_is_started(region: Region) -> None:
    await region.stop(DOOR)
    async with httpx2.AsyncClient(base_url=region.url) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("/healthz")

        await region.start(DOOR)
        assert (await client.get("/healthz")).status_code == 200


async def test_services_and_stand_ins_listen_on_loopback_alone(region: Region) -> None:
    import psutil

    addresses = {
        connection.laddr.ip.removeprefix("::ffff:")  # IPv4 as IPv6 sockets show it
        for kept in region.programs.values()
        for connection in psutil.Process(kept.pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


_PARENT = """
import subprocess, sys
mesh = subprocess.Popen([sys.executable, "-m", "deploy.local.cli", "up", "--no-walk", "--with-parent"])
mesh.wait()
"""


def _up(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        env=os.environ | {"MESH_STATE": str(state), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def _until_up(parent: subprocess.Popen[str]) -> str:
    assert parent.stdout is not None
    said = ""
    for line in parent.stdout:
        said += line
        if "Ctrl-C stops it" in line:
            return said
    raise AssertionError(f"it did not come up:\n{said}")


async def test_a_region_ends_with_whoever_started_it() -> None:
    """`make`, killed with kill -9, leaves nothing behind."""
    async with folder() as state:
        with _up(state) as parent:
            said = await asyncio.to_thread(_until_up, parent)
            holder = json.loads((state / "lock").read_text())["pid"]

            parent.send_signal(signal.SIGKILL)
            parent.wait(timeout=60)
            await until(lambda: not alive(holder), within=30, what="the end of the region")

        async with lock.hold(state):  # free only when the last program has ended
            assert "The region is up" in said
