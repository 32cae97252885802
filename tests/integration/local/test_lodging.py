"""Where PostgreSQL lives when it is started by root, as whom it must not run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import leash, lodging, postgres
from tests.support.backbone import folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A state folder that nobody but root can reach, as a clone in /root is."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    state = closed / "state"
    (state / "logs").mkdir(parents=True)
    yield state
    lodging.clear(state)


async def _serve_once(state: Path) -> tuple[int, str]:
    """Start a server, ask it something, stop it: the user it ran as, and the answer."""
    cluster = await postgres.find(state, ["diary"], durable=False)
    await postgres.prepare(cluster, state / "logs" / "initdb.log")
    child = await leash.start(cluster.program(state / "logs" / "postgres.log"))
    try:
        await postgres.wait_until_ready(cluster, child)
        connection = await cluster.address.connect()
        answer = await connection.fetchval("SHOW data_directory")
        await connection.close()
        return psutil.Process(child.pid).uids().effective, answer
    finally:
        await child.stop()


async def test_a_folder_closed_to_others_stays_closed_and_is_served_from_elsewhere(private: Path) -> None:
    user, data = await _serve_once(private)

    assert user != 0
    assert not data.startswith(str(private))
    assert private.parent.stat().st_mode & 0o777 == 0o700


async def test_the_data_elsewhere_is_found_again_and_cleared_with_the_region(private: Path) -> None:
    _, first = await _serve_once(private)
    _, second = await _serve_once(private)
    assert first == second

    lodging.clear(private)
    assert not Path(first).exists()


async def test_in_a_folder_open_to_others_the_data_lies_with_the_region() -> None:
    async with folder() as state:
        _, data = await _serve_once(state)
        assert data == str(state / "postgres" / "data")
