"""Who sees which deliveries, for how long, and what remains of a person."""

from __future__ import annotations

from uuid import UUID

import grpc
import pytest
from sqlalchemy import func, select

from school.identity.v1.events_pb2 import MessageKind
from school.notifications.v1 import delivery_pb2, delivery_pb2_grpc
from services.kit.ids import new_id
from services.kit.rpc.status import refusal
from services.notifications.delivery.rules import Channel
from services.notifications.delivery.storage import deliveries, delivery_attempts
from services.notifications.delivery.usecases import Deliveries
from tests.integration.notifications.town import TIMEOUT_S, Town


async def _ids(town: Town, person: UUID) -> list[str]:
    return [one.delivery_id for one in (await town.my_deliveries(person)).deliveries]


async def test_a_person_sees_what_was_sent_to_them_the_newest_first(town: Town) -> None:
    await town.outdoors.start()
    anna, boris = new_id(), new_id()
    first = await town.tell(anna)
    await town.tell(boris)
    second = await town.tell(
        anna, channel=Channel.EMAIL, kind=MessageKind.MESSAGE_KIND_PASSWORD_CHANGED, values={}
    )
    for message in (first, second):
        await town.stands(message, "SENT", "")

    newest, oldest = (await town.my_deliveries(anna)).deliveries
    assert (newest.delivery_id, newest.channel, newest.kind) == (str(second), "email", "PASSWORD_CHANGED")
    assert (oldest.delivery_id, oldest.channel, oldest.kind) == (str(first), "sms", "CONFIRM_MOBILE")
    assert newest.settled_at.ToDatetime() == town.clock.now().replace(tzinfo=None)
    assert newest.requested_at.ToSeconds() > 0


async def test_an_applicant_s_message_is_seen_by_the_operator_alone(town: Town) -> None:
    message = await town.tell(None)
    await town.stands(message, "WAITING", "PROVIDER_DOWN")

    assert await _ids(town, new_id()) == []


async def test_a_list_is_paged_through_without_gap_or_repetition(town: Town) -> None:
    person = new_id()
    messages = [str(await town.tell(person)) for _ in range(7)]
    await town.settled()

    pages, token = [], ""
    for _ in range(3):
        reply = await town.my_deliveries(person, page_size=3, page_token=token)
        pages.append([one.delivery_id for one in reply.deliveries])
        token = reply.next_page_token
    newest = messages[::-1]
    assert pages == [newest[:3], newest[3:6], newest[6:]]
    assert token == ""


async def test_the_operator_sees_a_state_alone_or_all(town: Town) -> None:
    waiting = await town.tell()
    await town.stands(waiting, "WAITING", "PROVIDER_DOWN")
    withdrawn = await town.tell()
    await town.withdraw(withdrawn)
    await town.settled()

    async def seen(state: int) -> set[str]:
        return {one.delivery_id for one in await town.all_deliveries(state=state)}

    assert await seen(0) == {str(waiting), str(withdrawn)}
    assert await seen(delivery_pb2.DELIVERY_STATE_WAITING) == {str(waiting)}
    assert await seen(delivery_pb2.DELIVERY_STATE_WITHDRAWN) == {str(withdrawn)}
    assert await seen(delivery_pb2.DELIVERY_STATE_SENT) == set()


async def test_only_the_operator_sees_everybody_s(town: Town) -> None:
    stub = delivery_pb2_grpc.DeliveryServiceStub(town.channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ListDeliveries(
            delivery_pb2.ListDeliveriesRequest(), metadata=town.signed_in(new_id()), timeout=TIMEOUT_S
        )
    assert refusal(refused.value).reason == "ROLE_NEEDED"


@pytest.mark.parametrize("token", ["nonsense", "ы"])
async def test_a_page_token_that_is_not_ours_is_refused(town: Town, token: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await town.my_deliveries(new_id(), page_token=token)
    assert refusal(refused.value).reason == "BAD_PAGE_TOKEN"


async def test_an_erased_person_gets_the_farewell_and_nothing_else(town: Town) -> None:
    await town.outdoors.start()
    anna, boris = new_id(), new_id()
    sent = await town.tell(anna)
    await town.stands(sent, "SENT", "")
    await town.outdoors.stop()
    await town.tell(anna)
    others = await town.tell(boris)
    await town.tell(anna, kind=MessageKind.MESSAGE_KIND_ERASED, values={})
    await town.settled()
    await town.erase(anna)
    await town.settled()

    assert await _ids(town, anna) == []
    assert await _ids(town, boris) == [str(others)]
    await town.outdoors.start()
    await town.later(seconds=30)
    arrived = [item.text for item in (await town.arrives(3))[1:]]
    assert sum("удалены" in text for text in arrived) == 1
    assert sum("482917" in text for text in arrived) == 1


async def test_deliveries_are_forgotten_after_ninety_days(town: Town) -> None:
    person = new_id()
    message = await town.tell(person)
    await town.stands(message, "WAITING", "PROVIDER_DOWN")
    async with town.notifications.database.read() as connection:
        requested_at = await connection.scalar(select(deliveries.c.requested_at))
    assert requested_at is not None

    sweep = Deliveries(town.notifications.database, town.clock).sweep
    town.clock.move(seconds=(requested_at - town.clock.now()).total_seconds())
    town.clock.move(days=89)
    await sweep()
    assert await _count(town) == (1, 1)
    town.clock.move(days=2)
    assert await _ids(town, person) == []
    await sweep()
    assert await _count(town) == (0, 0)


async def _count(town: Town) -> tuple[int, int]:
    async with town.notifications.database.read() as connection:
        rows = [
            await connection.scalar(select(func.count()).select_from(table))
            for table in (deliveries, delivery_attempts)
        ]
    return rows[0] or 0, rows[1] or 0
