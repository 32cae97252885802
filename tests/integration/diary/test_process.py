"""The diary as an operator runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select
from structlog.testing import capture_logs

from deploy.local import ports
from school.identity.v1.events_pb2 import RelationRegistered
from services.diary import tables
from services.diary.app import effects_of, run
from services.diary.config import DiarySettings
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.channel import channel
from tests.conftest import DatabaseUrl
from tests.integration.diary.calls import Calls, refused
from tests.support.clock import MovableClock
from tests.support.keys import REGION, Keys
from tests.support.processes import listens, until
from tests.support.waiting import eventually


async def test_without_settings_it_names_all_that_is_missing_and_ends() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.diary", env={}, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()

    assert process.returncode == 2
    for name in ("MESH_REGION", "MESH_DATABASE_URL", "MESH_NATS_URL", "MESH_JWKS_FILE"):
        assert name in errors.decode()


async def test_an_operator_has_an_event_applied_that_was_given_up(
    database_url: DatabaseUrl, diary_keys: Keys
) -> None:
    """Without NATS, and without the service, which says at its start that somebody should."""
    url = await database_url("diary")
    relation, guardian, pupil = new_id(), new_id(), new_id()
    told = RelationRegistered(
        relation_id=str(relation),
        guardian_id=str(guardian),
        pupil_id=str(pupil),
        valid_from="2025-09-01",
        version=1,
    )
    meta = EventMeta(
        event_id=new_id(),
        type=RelationRegistered.DESCRIPTOR.full_name,
        source=f"/regions/{REGION}/identity",
        occurred_at=datetime.now(UTC),
        aggregate_id=str(relation),
        aggregate_version=1,
    )
    environment = {
        "MESH_REGION": REGION,
        "MESH_DATABASE_URL": url,
        "MESH_NATS_URL": f"nats://127.0.0.1:{ports.any_free()}",
        "MESH_JWKS_FILE": str(diary_keys.public),
    }
    settings = DiarySettings.model_validate(_names(environment))
    async with Database(url) as database:
        [effects] = effects_of(settings, database)
        await effects.bury(meta, told.SerializeToString(), 8, ValueError())
        async with database.read() as connection:
            [shut] = await connection.execute(select(tables.relations))
        with capture_logs() as lines:

            async def it_is_said_at_the_start() -> bool:
                return any(line["event"] == "dead_letters_open" for line in lines)

            async with run(settings):
                await eventually(it_is_said_at_the_start)

        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.diary", "dead-letters", "redrive", "--all"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()

        async with database.read() as connection:
            [open_again] = await connection.execute(select(tables.relations))
    assert (process.returncode, said.decode().splitlines()[-1]) == (0, "applied 1")
    assert (shut.guardian_id, shut.ended_at is None) == (None, False)
    assert (open_again.guardian_id, open_again.ended_at) == (guardian, None)


def _names(environment: dict[str, str]) -> dict[str, str]:
    """An environment as settings name it."""
    return {name.removeprefix("MESH_").lower(): value for name, value in environment.items()}


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
