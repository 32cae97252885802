"""The whole service on servers of the test's own, between an identity and a diary in miniature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.kit.rpc.channel import channel
from services.notifications.app import run
from services.notifications.config import NotificationsSettings
from tests.conftest import DatabaseUrl
from tests.integration.notifications.outdoors import Outdoors
from tests.integration.notifications.town import Town
from tests.support.backbone import OwnNats
from tests.support.clock import MovableClock
from tests.support.completeness import complete_for_ever
from tests.support.keys import REGION, make_keys, make_sealing_keys
from tests.support.miniature import prepare, publisher, relay_of

# A Wednesday; noon in Moscow.
NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)


@pytest.fixture
async def town(database_url: DatabaseUrl, nats: OwnNats, tmp_path: Path) -> AsyncIterator[Town]:
    """A town where everything runs."""
    keys, clock = make_keys(tmp_path), MovableClock(NOW)
    sealing, outdoors = make_sealing_keys(tmp_path), Outdoors(tmp_path)
    settings = NotificationsSettings.model_validate(
        {
            "region": REGION,
            "database_url": await complete_for_ever(await database_url("notifications")),
            "nats_url": nats.url("notifications"),
            "jwks_file": keys.public,
            "unsealing_keys_file": sealing.private,
            **outdoors.settings,
        }
    )
    identity_url, diary_url = [await database_url("kit", prepare) for _ in range(2)]
    async with (
        publisher(identity_url, nats.url("identity"), service="identity") as identity,
        publisher(diary_url, nats.url("diary"), service="diary") as diary,
        relay_of(identity),
        relay_of(diary),
        run(settings, clock=clock) as notifications,
        channel(notifications.address) as to_notifications,
    ):
        yield Town(settings, notifications, identity, diary, to_notifications, keys, sealing, outdoors, clock)
    await outdoors.stop()
