"""The diary as an operator runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from uuid import uuid4

from deploy.local import ports
from services.kit.rpc.channel import channel
from tests.conftest import DatabaseUrl
from tests.integration.diary.calls import Calls, refused
from tests.support.clock import MovableClock
from tests.support.keys import REGION, Keys
from tests.support.processes import listens, until


async def test_without_settings_it_names_all_that_is_missing_and_ends() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.diary", env={}, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()

    assert process.returncode == 2
    for name in ("MESH_REGION", "MESH_DATABASE_URL", "MESH_NATS_URL", "MESH_JWKS_FILE"):
        assert name in errors.decode()


async def test_it_serves_without_nats_and_ends_cleanly_on_sigterm(
    database_url: DatabaseUrl, diary_keys: Keys
) -> None:
    port = ports.any_free()
    environment = {
        "MESH_REGION": REGION,
        "MESH_DATABASE_URL": await database_url("diary"),
        "MESH_NATS_URL": f"nats://127.0.0.1:{ports.any_free()}",
        "MESH_JWKS_FILE": str(diary_keys.public),
        "MESH_LISTEN": f"127.0.0.1:{port}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.diary", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: listens(port), what="the port")
        async with channel(f"127.0.0.1:{port}") as open_channel:
            stranger = Calls(open_channel, diary_keys, MovableClock()).guardian(uuid4())
            with refused("NOT_THEIR_PUPIL"):
                await stranger.week(uuid4())
    finally:
        process.send_signal(signal.SIGTERM)
        ended = await asyncio.wait_for(process.wait(), timeout=20)

    assert ended == 0
