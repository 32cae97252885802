"""A message is sent once, to one address, within its time; and its sender knows what became of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from school.identity.v1.events_pb2 import MessageChannel, MessageKind, MessageSealed
from services.kit.ids import new_id
from services.kit.sealing import Sealer
from services.notifications.app import run
from services.notifications.delivery.rules import Channel
from services.notifications.delivery.sms import SmsPost
from services.notifications.delivery.storage import deliveries
from tests.integration.notifications.town import Town
from tests.support.keys import make_sealing_keys
from tests.support.waiting import eventually

LINK = "https://77.diary.test/confirm?token=iZ3gQJ0nT2mVt1cR9kY4yA"
DOWN = {Channel.EMAIL: "MAIL_SERVER_DOWN", Channel.SMS: "PROVIDER_DOWN"}
BUSY = {Channel.EMAIL: "SMTP_451", Channel.SMS: "PROVIDER_BUSY"}
REFUSED = {Channel.EMAIL: "SMTP_554", Channel.SMS: "PROVIDER_REFUSED"}
both = pytest.mark.parametrize("channel", list(Channel), ids=lambda channel: channel.name.lower())


def _sealed(town: Town, message: UUID) -> MessageSealed:
    """The event of a message with a code, for what `Telling` would not do."""
    event = MessageSealed(
        message_id=str(message),
        channel=MessageChannel.MESSAGE_CHANNEL_SMS,
        kind=MessageKind.MESSAGE_KIND_CONFIRM_MOBILE,
        language="ru",
        sealed=Sealer(town.sealing.public).seal(b'{"to": "+79161112233", "values": {"code": "482917"}}'),
    )
    event.expires_at.FromDatetime(town.clock.now() + timedelta(minutes=10))
    return event


async def test_a_code_goes_to_the_telephone(town: Town) -> None:
    await town.outdoors.start()
    message = await town.tell(to="+79161112233")

    [item] = await town.arrives()
    assert (item.kind, item.to, item.reference) == ("sms", "+79161112233", str(message))
    assert "482917" in item.text
    await town.stands(message, "SENT", "")


async def test_a_link_goes_to_the_mailbox(town: Town) -> None:
    await town.outdoors.start()
    message = await town.tell(
        channel=Channel.EMAIL,
        to="anna.petrova@example.ru",
        kind=MessageKind.MESSAGE_KIND_CONFIRM_EMAIL,
        values={"link": LINK},
    )

    [item] = await town.arrives()
    assert (item.kind, item.to) == ("mail", "anna.petrova@example.ru")
    assert item.reference == f"<{message}@region.example>"
    assert item.subject == "Подтвердите адрес электронной почты"
    assert LINK in item.text
    await town.stands(message, "SENT", "")


@both
async def test_what_finds_nobody_is_sent_when_somebody_is_there_again(town: Town, channel: Channel) -> None:
    message = await town.tell(channel=channel)
    await town.stands(message, "WAITING", DOWN[channel])
    await town.later(seconds=5)
    await town.stands(message, "WAITING", DOWN[channel], DOWN[channel])
    await town.outdoors.start()
    await town.later(seconds=10)

    await town.stands(message, "SENT", DOWN[channel], DOWN[channel], "")
    assert len(await town.arrives()) == 1


@both
async def test_what_is_refused_for_the_moment_is_tried_again(town: Town, channel: Channel) -> None:
    await town.outdoors.start()
    town.outdoors.troubles.set(mail="busy", sms="busy")
    message = await town.tell(channel=channel)
    await town.stands(message, "WAITING", BUSY[channel])
    town.outdoors.troubles.set(mail="none", sms="none")
    await town.later(seconds=5)

    await town.stands(message, "SENT", BUSY[channel], "")


@both
async def test_what_is_refused_for_good_is_not_tried_again(town: Town, channel: Channel) -> None:
    await town.outdoors.start()
    town.outdoors.troubles.set(mail="refusing", sms="refusing")
    message = await town.tell(channel=channel)

    await town.stands(message, "FAILED", REFUSED[channel])


@pytest.mark.parametrize(
    ("channel", "to", "failure"),
    [
        (Channel.EMAIL, "nobody@nowhere.invalid", "SMTP_550"),
        (Channel.EMAIL, "nobody", "SMTP_553"),
        (Channel.EMAIL, "a@example.ru\r\nBcc: b@example.ru", "BAD_ADDRESS"),
        (Channel.SMS, "+4915112345678", "PROVIDER_BAD_NUMBER"),
    ],
)
async def test_an_address_that_is_none_fails_at_once(
    town: Town, channel: Channel, to: str, failure: str
) -> None:
    await town.outdoors.start()
    message = await town.tell(channel=channel, to=to)

    await town.stands(message, "FAILED", failure)
    assert town.outdoors.arrived == []


async def test_a_key_that_the_provider_does_not_know_fails_no_message_for_good(town: Town) -> None:
    """It is the operator's to mend, and the codes of that minute are still worth sending."""
    await town.outdoors.start()
    post = town.notifications.senders[Channel.SMS]._post
    assert isinstance(post, SmsPost)
    right, post._authorization = post._authorization, "Bearer guess"
    message = await town.tell()
    await town.stands(message, "WAITING", "PROVIDER_WRONG_KEY")
    post._authorization = right
    await town.later(seconds=5)

    await town.stands(message, "SENT", "PROVIDER_WRONG_KEY", "")


async def test_a_provider_that_asks_for_time_gets_it(town: Town) -> None:
    """The stand-in takes ten messages a minute to one number, and says how long to wait."""
    await town.outdoors.start()
    messages = [await town.tell() for _ in range(11)]
    await town.arrives(10)

    async def one_waits() -> bool:
        # While it is on its way a delivery waits too, and its attempt is not finished.
        waiting = await town.all_deliveries(state=1)
        return [[one.failure for one in delivery.attempts] for delivery in waiting] == [["PROVIDER_TOO_MANY"]]

    await town.settled()
    await eventually(one_waits)
    [late] = await town.all_deliveries(state=1)
    assert late.delivery_id in {str(message) for message in messages}
    async with town.notifications.database.read() as connection:
        due = await connection.scalar(
            select(deliveries.c.due_at).where(deliveries.c.delivery_id == late.delivery_id)
        )
    assert due is not None
    assert due - town.clock.now() > timedelta(seconds=30)


@both
async def test_what_grew_too_old_is_not_sent(town: Town, channel: Channel) -> None:
    message = await town.tell(channel=channel, life=timedelta(minutes=10))
    await town.stands(message, "WAITING", DOWN[channel])
    await town.outdoors.start()
    await town.later(minutes=10)

    await town.stands(message, "EXPIRED", DOWN[channel])
    assert town.outdoors.arrived == []


async def test_what_comes_too_late_is_not_even_tried(town: Town) -> None:
    await town.outdoors.start()
    message = await town.tell(life=timedelta(seconds=-1))

    await town.stands(message, "EXPIRED")
    assert town.outdoors.arrived == []


async def test_what_is_withdrawn_while_it_waits_is_not_sent(town: Town) -> None:
    message = await town.tell()
    await town.stands(message, "WAITING", "PROVIDER_DOWN")
    await town.withdraw(message)
    await town.stands(message, "WITHDRAWN", "PROVIDER_DOWN")
    await town.outdoors.start()
    await town.later(seconds=5)
    await town.stands(await town.tell(to="+79160000001"), "SENT", "")

    assert [item.to for item in town.outdoors.arrived] == ["+79160000001"]


async def test_what_is_withdrawn_before_it_was_heard_of_is_not_sent(town: Town) -> None:
    """The broker may hand over the second event first."""
    await town.outdoors.start()
    person, message = new_id(), new_id()
    await town.withdraw(message)
    await town.settled()
    event = _sealed(town, message)
    event.person_id = str(person)
    await town.identity.state_event(event, aggregate=message)
    await town.settled()

    [delivery] = (await town.my_deliveries(person)).deliveries
    assert (delivery.channel, delivery.kind, delivery.state) == ("sms", "CONFIRM_MOBILE", 5)
    assert town.outdoors.arrived == []


async def test_what_was_sent_stays_sent_when_it_is_withdrawn(town: Town) -> None:
    await town.outdoors.start()
    message = await town.tell()
    await town.stands(message, "SENT", "")
    await town.withdraw(message)
    await town.settled()

    await town.stands(message, "SENT", "")


async def test_the_same_message_in_two_events_is_sent_once(town: Town) -> None:
    """Identity states its facts again, with other event ids: the inbox of events cannot know them."""
    await town.outdoors.start()
    message = new_id()
    event = _sealed(town, message)
    for _ in range(3):
        await town.identity.state_event(event, aggregate=message)
    await town.settled()

    await town.stands(message, "SENT", "")
    assert len(town.outdoors.arrived) == 1


async def test_two_replicas_send_each_message_once(town: Town) -> None:
    """Forty messages that wait are there for both at the same moment."""
    messages = [await town.tell(to=f"+7916000{number:04}") for number in range(40)]
    await town.settled()
    for message in messages:
        await town.stands(message, "WAITING", "PROVIDER_DOWN")
    await town.outdoors.start()
    async with run(town.settings, clock=town.clock) as other:
        town.clock.move(seconds=5)
        for sender in (*town.notifications.senders.values(), *other.senders.values()):
            sender.wake()
        for message in messages:
            await town.stands(message, "SENT", "PROVIDER_DOWN", "")

    assert sorted(item.reference for item in town.outdoors.arrived) == sorted(map(str, messages))


async def test_no_more_is_on_its_way_than_the_setting_says(town: Town) -> None:
    await town.outdoors.start()
    town.outdoors.troubles.set(sms="slow")
    messages = [await town.tell(to=f"+7916000{number:04}") for number in range(20)]
    await town.settled()

    async def attempts() -> int:
        return sum(len(one.attempts) for one in await town.all_deliveries())

    async def some_are_on_their_way() -> bool:
        return await attempts() >= town.settings.sms.at_once

    await eventually(some_are_on_their_way)
    assert await attempts() == town.settings.sms.at_once == 8
    town.outdoors.troubles.set(sms="none")
    for message in messages:
        await town.stands(message, "SENT", "")


async def test_a_mail_server_that_hangs_keeps_no_code_from_a_telephone(town: Town) -> None:
    await town.outdoors.start()
    town.outdoors.troubles.set(mail="slow")
    for _ in range(10):
        await town.tell(channel=Channel.EMAIL)
    message = await town.tell()

    await town.stands(message, "SENT", "")


async def test_a_message_sealed_to_a_key_that_comes_later_is_sent_then(town: Town) -> None:
    """Keys rotate: the file is read again when it changes."""
    await town.outdoors.start()
    own = town.sealing.private.read_text()
    town.sealing.private.write_text(own.replace('"kid": "', '"kid": "another-'))
    message = await town.tell()
    await town.stands(message, "WAITING", "CANNOT_OPEN")
    make_sealing_keys(town.sealing.private.parent)
    await town.later(seconds=5)

    await town.stands(message, "SENT", "CANNOT_OPEN", "")


async def test_a_kind_of_a_newer_identity_waits_for_an_update(town: Town) -> None:
    await town.outdoors.start()
    message = new_id()
    event = _sealed(town, message)
    event.kind = MessageKind.ValueType(9999)
    await town.identity.state_event(event, aggregate=message)

    await town.stands(message, "WAITING", "UNKNOWN_KIND")


async def test_what_is_on_its_way_when_the_service_stops_arrives_and_is_known_to(town: Town) -> None:
    await town.outdoors.start()
    town.outdoors.troubles.set(sms="silent")
    await town.notifications.senders[Channel.SMS].__aexit__(None, None, None)
    async with run(town.settings, clock=town.clock) as other:
        sender = other.senders[Channel.SMS]

        async def sender_stops() -> bool:
            return sender._task is None

        async def answer_when_it_stops() -> None:
            await eventually(sender_stops)
            town.outdoors.troubles.set(sms="none")

        message = await town.tell()
        await town.settled()
        sender.wake()
        await town.arrives()
        answering = asyncio.create_task(answer_when_it_stops())
    await answering

    await town.stands(message, "SENT", "")
    assert len(town.outdoors.arrived) == 1


async def test_nothing_of_a_message_is_kept_once_it_is_settled(town: Town) -> None:
    await town.outdoors.start()
    sent = await town.tell()
    refused = await town.tell(to="+4915112345678")
    expired = await town.tell(life=timedelta(seconds=-1))
    withdrawn = await town.tell(channel=Channel.EMAIL, to="x@y.invalid", life=timedelta(seconds=-1))
    for message, state in ((sent, "SENT"), (refused, "FAILED"), (expired, "EXPIRED"), (withdrawn, "EXPIRED")):
        await town.stands(message, state, *{"SENT": [""], "FAILED": ["PROVIDER_BAD_NUMBER"]}.get(state, []))

    async with town.notifications.database.read() as connection:
        assert set(await connection.scalars(select(deliveries.c.sealed))) == {None}
