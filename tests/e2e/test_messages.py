"""What identity has to say to a person leaves the region by mail and SMS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from deploy.local.region import Region
from school.identity.v1.events_pb2 import MessageKind
from services.identity.telling.rules import Channel, Recipient
from services.identity.telling.usecases import Telling
from services.kit.clock import SystemClock
from services.kit.database import Database
from services.kit.sealing import Sealer
from tests.support.telling import willing
from tests.support.waiting import eventually

ADDRESS, NUMBER = "e2e.messages@example.ru", "+79160009901"


async def test_a_message_sealed_by_identity_reaches_mailbox_and_telephone(region: Region) -> None:
    """With the keys and addresses that the region gives to its services."""

    async def contacts(*_: object) -> list[Recipient]:
        return [Recipient(Channel.EMAIL, ADDRESS), Recipient(Channel.SMS, NUMBER)]

    telling = Telling(Sealer(region.place.keys.sealing), contacts, SystemClock(), refused=willing)
    async with Database(region.database_url("identity")) as database, database.transaction() as tx:
        for recipient in await contacts():
            telling.tell(
                tx,
                person_id=None,
                channel=recipient.channel,
                to=recipient.to,
                kind=MessageKind.MESSAGE_KIND_RECOVERY_CODE,
                values={"code": "482917"},
                expires_at=datetime.now(UTC) + timedelta(minutes=10),
            )

    async with httpx2.AsyncClient(base_url=region.post_url) as post:

        async def arrived(to: str) -> list[dict[str, Any]]:
            messages: list[dict[str, Any]] = (await post.get("/messages", params={"to": to})).json()[
                "messages"
            ]
            return messages

        async def both_arrived() -> bool:
            return bool(await arrived(ADDRESS) and await arrived(NUMBER))

        await eventually(both_arrived)
        for to in (ADDRESS, NUMBER):
            [message] = await arrived(to)
            assert "482917" in message["text"]
