"""The service as a process: killed in the middle of an attempt, and what it writes to its log."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from deploy.local import ports
from school.identity.v1.events_pb2 import MessageKind
from services.identity.telling.rules import Channel, Recipient
from services.identity.telling.usecases import Telling
from services.kit.clock import SystemClock
from services.kit.database import Database, Transaction
from services.kit.sealing import Sealer
from services.kit.tables import outbox
from services.notifications.app import run
from services.notifications.config import NotificationsSettings
from services.notifications.delivery.storage import deliveries, delivery_attempts
from tests.conftest import DatabaseUrl
from tests.integration.notifications.outdoors import Outdoors
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.keys import REGION, SealingKeys, make_keys, make_sealing_keys
from tests.support.miniature import Publisher, prepare, publisher, relay_of
from tests.support.processes import listens, until
from tests.support.telling import willing
from tests.support.waiting import eventually

ADDRESS, NUMBER, CODE = "anna.ivanova.1986@mail.example", "+79165550173", "736405"
LINK = "https://77.diary.test/confirm-email/kPz2mQv7Xc0a1Lr9"
DEVICE = "Firefox-Canary-1986"


@dataclass(frozen=True, slots=True)
class Scene:
    """Identity in miniature, the world outside, and what a process of notifications needs to know."""

    folder: Path
    identity: Publisher
    outdoors: Outdoors
    sealing: SealingKeys
    settings: NotificationsSettings

    @property
    def telling(self) -> Telling:
        """Identity's own way to have something sent."""

        async def nobody(*_: object) -> list[Recipient]:
            return []

        return Telling(Sealer(self.sealing.public), nobody, SystemClock(), refused=willing)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """``python -m services.notifications``; killed in the end, if it has not ended."""
        port = ports.any_free()
        environment = {
            "PATH": "/usr/bin:/bin",
            "MESH_REGION": REGION,
            "MESH_LISTEN": f"127.0.0.1:{port}",
            "MESH_DATABASE_URL": self.settings.database_url,
            "MESH_NATS_URL": self.settings.nats_url,
            "MESH_JWKS_FILE": str(self.settings.jwks_file),
            "MESH_UNSEALING_KEYS_FILE": str(self.sealing.private),
            "MESH_LOG_FORMAT": "json",
            **self.outdoors.environment,
        }
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.notifications", env=environment, stdout=log, stderr=log
            )
        try:
            await until(lambda: listens(port) or process.returncode is not None, within=30)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def arrives(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        await until(lambda: len(self.outdoors.arrived) >= count, within=20)


@pytest.fixture
async def scene(database_url: DatabaseUrl, nats: OwnNats, tmp_path: Path) -> AsyncIterator[Scene]:
    """All but notifications runs."""
    sealing, outdoors = make_sealing_keys(tmp_path), Outdoors(tmp_path)
    settings = NotificationsSettings.model_validate(
        {
            "region": REGION,
            "database_url": await database_url("notifications"),
            "nats_url": nats.url("notifications"),
            "jwks_file": make_keys(tmp_path).public,
            "unsealing_keys_file": sealing.private,
            **outdoors.settings,
        }
    )
    identity_url = await database_url("kit", prepare)
    async with (
        publisher(identity_url, nats.url("identity"), service="identity") as identity,
        relay_of(identity),
    ):
        await outdoors.start()
        yield Scene(tmp_path, identity, outdoors, sealing, settings)
    await outdoors.stop()


async def test_a_sender_killed_before_it_knew_repeats_once_under_the_same_name(scene: Scene) -> None:
    """The mail server has the letter and the sender is dead; who comes after cannot know, and says so."""
    scene.outdoors.troubles.set(mail="silent")
    async with scene.process() as process:
        async with scene.identity.database.transaction() as tx:
            message = scene.telling.tell(
                tx,
                person_id=None,
                channel=Channel.EMAIL,
                to=ADDRESS,
                kind=MessageKind.MESSAGE_KIND_CONFIRM_EMAIL,
                values={"link": LINK},
                expires_at=datetime.now(UTC) + timedelta(days=1),
            )
        await scene.arrives(1)
        process.kill()
        await process.wait()
    scene.outdoors.troubles.set(mail="none")

    # The dead one's claim ends after a minute.
    async with run(scene.settings, clock=MovableClock(datetime.now(UTC) + timedelta(minutes=2))) as alive:
        await scene.arrives(2)

        async def failures() -> list[str]:
            async with alive.database.read() as connection:
                return list(
                    await connection.scalars(
                        select(delivery_attempts.c.failure).order_by(delivery_attempts.c.number)
                    )
                )

        async def it_is_settled() -> bool:
            return await failures() == ["UNFINISHED", ""]

        await eventually(it_is_settled)

    assert [item.reference for item in scene.outdoors.arrived] == [f"<{message}@region.example>"] * 2


async def test_a_short_message_is_not_even_repeated(scene: Scene) -> None:
    """The provider knows the idempotency key of the dead sender's attempt."""
    scene.outdoors.troubles.set(sms="silent")
    async with scene.process() as process:
        async with scene.identity.database.transaction() as tx:
            _code(scene.telling, tx)
        await scene.arrives(1)
        process.kill()
        await process.wait()
    scene.outdoors.troubles.set(sms="none")

    async with run(scene.settings, clock=MovableClock(datetime.now(UTC) + timedelta(minutes=2))) as alive:

        async def it_is_settled() -> bool:
            async with alive.database.read() as connection:
                return list(await connection.scalars(select(deliveries.c.state))) == [2]

        await eventually(it_is_settled)

    assert len(scene.outdoors.arrived) == 1


async def test_no_address_code_or_link_is_in_events_logs_or_tables(scene: Scene) -> None:
    """Whatever becomes of a message: sent, refused, failed for the moment (A33)."""
    async with scene.process() as process:
        for count, trouble in enumerate(("none", "busy", "refusing"), start=1):
            scene.outdoors.troubles.set(mail=trouble, sms=trouble)
            async with scene.identity.database.transaction() as tx:
                _code(scene.telling, tx)
                scene.telling.tell(
                    tx,
                    person_id=None,
                    channel=Channel.EMAIL,
                    to=ADDRESS,
                    kind=MessageKind.MESSAGE_KIND_NEW_DEVICE,
                    values={"device": DEVICE, "at": "2025-10-15T09:00:00Z"},
                    expires_at=datetime.now(UTC) + timedelta(days=1),
                )
            async with Database(scene.settings.database_url) as database:
                await _were_tried(database, 2 * count)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0

    log = (scene.folder / "log").read_text()
    assert "not_sent" in {json.loads(line)["event"] for line in log.splitlines()}
    async with Database(scene.settings.database_url) as database, database.read() as connection:
        kept = [
            str(row)
            for table in ("deliveries", "delivery_attempts", "inbox", "dead_letters", "outbox")
            for row in await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names above
        ]
    async with scene.identity.database.read() as connection:
        events = [repr(payload) for payload in await connection.scalars(select(outbox.c.payload))]
    assert len(events) == 6
    for secret in (ADDRESS, "anna.ivanova", NUMBER, NUMBER[2:], CODE, DEVICE):
        for place in (log, *kept, *events):
            assert secret not in place


def _code(telling: Telling, tx: Transaction) -> None:
    telling.tell(
        tx,
        person_id=None,
        channel=Channel.SMS,
        to=NUMBER,
        kind=MessageKind.MESSAGE_KIND_CONFIRM_MOBILE,
        values={"code": CODE},
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
    )


async def _were_tried(database: Database, count: int) -> None:
    """Wait until so many deliveries have an attempt whose outcome is known."""

    async def tried() -> bool:
        async with database.read() as connection:
            known = delivery_attempts.c.failure != "UNFINISHED"
            found = await connection.scalars(select(delivery_attempts.c.delivery_id).where(known).distinct())
            return len(found.all()) == count

    await eventually(tried)
