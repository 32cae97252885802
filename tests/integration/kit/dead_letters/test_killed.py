"""``kill -9`` in the middle of driving letters again, and the console as a process."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from services.kit.ids import new_id
from tests.integration.kit.dead_letters.conftest import Desk
from tests.support.mender import POINT, POINTS


async def typed(desk: Desk, *arguments: str, url: str = "", **environment: str) -> tuple[int, list[str]]:
    """What an operator types in a shell: exit status, and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.mender",
        "dead-letters",
        *arguments,
        env={"PATH": "/usr/bin:/bin", "MESH_DATABASE_URL": url or desk.url, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode().splitlines()


@pytest.mark.parametrize("point", POINTS)
async def test_killed_between_two_steps_nothing_is_half_done_and_nothing_twice(
    desk: Desk, point: str
) -> None:
    events = [await desk.bury() for _ in range(3)]
    status, _ = await typed(desk, "redrive", "--all", **{POINT: point})
    assert status == -signal.SIGKILL

    applied = {event for event, _ in await desk.done()}
    left = {str(letter.event_id) for letter in await desk.letters()}
    assert len(applied) == (2 if point == "it is committed" else 1)
    assert applied | left == set(map(str, events))
    assert not applied & left

    assert (await desk.redrive("--all"))[0] == 0
    assert sorted(event for event, _ in await desk.done()) == sorted(map(str, events))


async def test_the_exit_status_is_the_truth(desk: Desk) -> None:
    event = await desk.bury()

    status, lines = await typed(desk)
    assert (status, lines[0]) == (1, "open 1, discarded none")
    status, lines = await typed(desk, "redrive", "--event", str(event))
    assert (status, lines[-1]) == (0, "applied 1")
    unknown = new_id()
    assert await typed(desk, "redrive", "--event", str(unknown)) == (
        2,
        [f"no dead letter has the id {unknown}"],
    )


async def test_without_its_database_it_says_so(desk: Desk) -> None:
    nobody = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    assert await typed(desk, url=nobody) == (2, ["the database does not answer"])
