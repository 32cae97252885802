"""What identity has said to people: in the transaction that gives the reason, and readable to nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from google.protobuf.message import Message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from school.identity.v1.events_pb2 import (
    MESSAGE_CHANNEL_EMAIL,
    MESSAGE_CHANNEL_SMS,
    MessageKind,
    MessageSealed,
    MessageWithdrawn,
)
from services.identity.telling.rules import Channel, Recipient
from services.identity.telling.usecases import NEEDED, Telling
from services.kit.database import Database, Transaction
from services.kit.ids import new_id
from services.kit.sealing import Sealer, Unsealer
from services.kit.tables import outbox
from tests.conftest import DatabaseUrl
from tests.support.clock import MovableClock
from tests.support.keys import make_sealing_keys
from tests.support.miniature import prepare

NOW = datetime(2025, 10, 15, 9, 0, tzinfo=UTC)
KINDS = [kind for kind in MessageKind.values() if kind != MessageKind.MESSAGE_KIND_UNSPECIFIED]


@dataclass(frozen=True, slots=True)
class Scene:
    """The use case, and what leaves the house."""

    database: Database
    telling: Telling
    unsealer: Unsealer

    async def events(self, kind: type[Message]) -> list[Message]:
        """The events of a kind that are to be published, in order."""
        async with self.database.read() as connection:
            rows = await connection.scalars(
                select(outbox.c.payload)
                .where(outbox.c.type == kind.DESCRIPTOR.full_name)
                .order_by(outbox.c.id)
            )
            return [kind.FromString(payload) for payload in rows]

    def opened(self, event: Message) -> object:
        """What notifications reads in it."""
        assert isinstance(event, MessageSealed)
        return json.loads(self.unsealer.open(event.sealed))


@pytest.fixture
async def scene(database_url: DatabaseUrl, tmp_path: Path) -> AsyncIterator[Scene]:
    """A person with two confirmed contacts; another one has none."""
    keys = make_sealing_keys(tmp_path)

    async def contacts(_connection: AsyncConnection, person_id: UUID, /) -> list[Recipient]:
        known = [Recipient(Channel.EMAIL, "anna@example.ru"), Recipient(Channel.SMS, "+79161112233")]
        return known if person_id == ANNA else []

    async def refuses(_connection: AsyncConnection, person_id: UUID, /) -> bool:
        return person_id in REFUSING

    async with Database(await database_url("kit", prepare)) as database:
        telling = Telling(Sealer(keys.public), contacts, MovableClock(NOW), refused=refuses)
        yield Scene(database, telling, Unsealer(keys.private))


ANNA = new_id()
REFUSING: set[UUID] = set()


def _code(scene: Scene, tx: Transaction, **changes: str) -> UUID:
    return scene.telling.tell(
        tx,
        person_id=ANNA,
        channel=Channel.SMS,
        to="+79161112233",
        kind=MessageKind.MESSAGE_KIND_CONFIRM_MOBILE,
        values={"code": "482917"},
        expires_at=NOW + timedelta(minutes=10),
        **changes,
    )


async def test_a_message_is_an_event_that_notifications_alone_can_read(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        message = _code(scene, tx)

    [event] = await scene.events(MessageSealed)
    assert isinstance(event, MessageSealed)
    assert (event.message_id, event.person_id) == (str(message), str(ANNA))
    assert (event.channel, event.kind) == (MESSAGE_CHANNEL_SMS, MessageKind.MESSAGE_KIND_CONFIRM_MOBILE)
    assert event.language == "ru"
    assert event.expires_at.ToDatetime(UTC) == NOW + timedelta(minutes=10)
    assert scene.opened(event) == {"to": "+79161112233", "values": {"code": "482917"}}
    for secret in (b"482917", b"79161112233"):
        assert secret not in event.SerializeToString()


async def test_what_was_not_done_is_not_told(scene: Scene) -> None:
    async def fail() -> None:
        async with scene.database.transaction() as tx:
            _code(scene, tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await scene.events(MessageSealed) == []


async def test_a_message_is_withdrawn_by_its_id(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        message = _code(scene, tx)
        scene.telling.withdraw(tx, message)

    assert await scene.events(MessageWithdrawn) == [MessageWithdrawn(message_id=str(message))]


async def test_a_notice_goes_to_every_confirmed_contact_within_a_day(scene: Scene) -> None:
    async with scene.database.transaction() as tx:
        messages = await scene.telling.tell_everywhere(
            tx, ANNA, MessageKind.MESSAGE_KIND_PASSWORD_CHANGED, {}
        )
        nobody = await scene.telling.tell_everywhere(
            tx, new_id(), MessageKind.MESSAGE_KIND_PASSWORD_CHANGED, {}
        )

    events = await scene.events(MessageSealed)
    assert nobody == []
    assert [(event.message_id, event.channel) for event in events if isinstance(event, MessageSealed)] == [
        (str(messages[0]), MESSAGE_CHANNEL_EMAIL),
        (str(messages[1]), MESSAGE_CHANNEL_SMS),
    ]
    assert [scene.opened(event) for event in events] == [
        {"to": "anna@example.ru", "values": {}},
        {"to": "+79161112233", "values": {}},
    ]
    assert {event.expires_at.ToDatetime(UTC) for event in events if isinstance(event, MessageSealed)} == {
        NOW + timedelta(days=1)
    }


@pytest.mark.parametrize(("wished", "language"), [("en", "en"), ("tt", "ru"), ("", "ru")])
async def test_a_language_without_templates_becomes_russian(scene: Scene, wished: str, language: str) -> None:
    async with scene.database.transaction() as tx:
        _code(scene, tx, language=wished)

    [event] = await scene.events(MessageSealed)
    assert isinstance(event, MessageSealed)
    assert event.language == language


@pytest.mark.parametrize("kind", KINDS, ids=MessageKind.Name)
async def test_a_kind_is_told_with_its_own_values_alone(scene: Scene, kind: MessageKind.ValueType) -> None:
    """What the templates show is what the contract names: a caller that forgets a value learns it here."""
    values = dict.fromkeys(NEEDED.get(kind, frozenset()), "1")
    wrong = [{**values, "surname": "Иванова"}] + ([{}] if values else [])
    async with scene.database.transaction() as tx:
        await scene.telling.tell_everywhere(tx, ANNA, kind, values)
        for other in wrong:
            with pytest.raises(ValueError, match="needs the values"):
                await scene.telling.tell_everywhere(tx, ANNA, kind, other)


def test_a_recipient_is_not_printed() -> None:
    assert "anna" not in repr(Recipient(Channel.EMAIL, "anna@example.ru"))


async def test_who_refuses_messages_is_told_what_keeps_the_account_safe_and_nothing_else(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consent to messages is withdrawn."""
    monkeypatch.setattr(f"{__name__}.REFUSING", {ANNA})
    async with scene.database.transaction() as tx:
        unasked = await scene.telling.tell_everywhere(
            tx, ANNA, MessageKind.MESSAGE_KIND_CORRECTION_ACCEPTED, {"field": "surname"}
        )
        alarm = await scene.telling.tell_everywhere(tx, ANNA, MessageKind.MESSAGE_KIND_PASSWORD_CHANGED, {})

    assert (len(unasked), len(alarm)) == (0, 2)
