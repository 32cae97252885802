"""A small town: the whole of notifications, and what identity and the diary tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.outside.post import Item
from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR, Role
from school.diary.v1.events_pb2 import MarkRemoved, MarkSet
from school.identity.v1.events_pb2 import (
    AccountErased,
    MessageKind,
    PersonRegistered,
    RelationEnded,
    RelationRegistered,
)
from school.notifications.v1 import delivery_pb2, delivery_pb2_grpc, inbox_pb2, inbox_pb2_grpc
from school.notifications.v1.delivery_pb2 import DeliveryState
from services.identity.telling.rules import Channel as TellingChannel
from services.identity.telling.rules import Recipient
from services.identity.telling.usecases import Telling
from services.kit.ids import new_id
from services.kit.sealing import Sealer
from services.notifications.app import Notifications
from services.notifications.config import NotificationsSettings
from services.notifications.delivery.rules import Channel
from tests.integration.notifications.outdoors import Outdoors
from tests.support.clock import MovableClock
from tests.support.keys import Keys, SealingKeys
from tests.support.miniature import Publisher
from tests.support.telling import willing
from tests.support.waiting import eventually

TIMEOUT_S = 10.0
CODE = MappingProxyType({"code": "482917"})


@dataclass(slots=True)
class Mark:
    """A mark of the diary, whatever its version."""

    pupil_id: UUID
    mark_id: UUID = field(default_factory=new_id)
    school_id: UUID = field(default_factory=new_id)
    subject: str = "Алгебра"
    day: str = "2025-10-15"


@dataclass(frozen=True, slots=True)
class Town:
    """Identity and the diary state facts; people read their inbox."""

    settings: NotificationsSettings
    notifications: Notifications
    identity: Publisher
    diary: Publisher
    channel: grpc.aio.Channel
    keys: Keys
    sealing: SealingKeys
    outdoors: Outdoors
    """Where mail and SMS go; away, until a test starts it."""
    clock: MovableClock

    async def person(self, name: str, *, version: int = 1, person_id: UUID | None = None) -> UUID:
        """Identity registers a person."""
        person = person_id or new_id()
        event = PersonRegistered(person_id=str(person), display_name=name, version=version)
        await self.identity.state_event(event, aggregate=person, version=version)
        return person

    async def relation(
        self,
        guardian: UUID,
        pupil: UUID,
        *,
        first: str = "2020-09-01",
        last: str = "",
        version: int = 1,
        relation_id: UUID | None = None,
    ) -> UUID:
        """Identity registers that a guardian stands for a pupil."""
        relation = relation_id or new_id()
        event = RelationRegistered(
            relation_id=str(relation),
            guardian_id=str(guardian),
            pupil_id=str(pupil),
            valid_from=first,
            valid_until=last,
            version=version,
        )
        await self.identity.state_event(event, aggregate=relation, version=version)
        return relation

    async def end(self, relation: UUID, guardian: UUID, pupil: UUID, *, version: int = 2) -> None:
        """Identity ends a relation."""
        event = RelationEnded(
            relation_id=str(relation), guardian_id=str(guardian), pupil_id=str(pupil), version=version
        )
        event.ended_at.FromDatetime(self.clock.now())
        await self.identity.state_event(event, aggregate=relation, version=version)

    async def family(self, name: str = "Иванов Пётр", *, guardians: int = 1) -> tuple[UUID, list[UUID]]:
        """A pupil and their guardians, known to notifications."""
        pupil = await self.person(name)
        parents = [await self.person(f"Иванова Анна {n}") for n in range(guardians)]
        for parent in parents:
            await self.relation(parent, pupil)
        await self.settled()
        return pupil, parents

    async def tell(
        self,
        person: UUID | None = None,
        *,
        channel: Channel = Channel.SMS,
        to: str = "",
        kind: MessageKind.ValueType = MessageKind.MESSAGE_KIND_CONFIRM_MOBILE,
        values: Mapping[str, str] = CODE,
        life: timedelta = timedelta(minutes=10),
    ) -> UUID:
        """Identity has a message sent; returns its id."""
        async with self.identity.database.transaction() as tx:
            return self._telling.tell(
                tx,
                person_id=person,
                channel=TellingChannel(channel),
                to=to or ("anna@example.ru" if channel is Channel.EMAIL else "+79001234567"),
                kind=kind,
                values=values,
                expires_at=self.clock.now() + life,
            )

    async def withdraw(self, message: UUID) -> None:
        """Identity has a message not sent."""
        async with self.identity.database.transaction() as tx:
            self._telling.withdraw(tx, message)

    async def erase(self, person: UUID) -> None:
        """Identity erases a person's account."""
        event = AccountErased(person_id=str(person))
        event.erased_at.FromDatetime(self.clock.now())
        await self.identity.state_event(event, aggregate=person)

    @property
    def _telling(self) -> Telling:
        async def nobody(_connection: AsyncConnection, _person_id: UUID, /) -> list[Recipient]:
            return []

        return Telling(Sealer(self.sealing.public), nobody, self.clock, refused=willing)

    async def later(self, **by: float) -> None:
        """Move the clock, and have the senders look at it."""
        self.clock.move(**by)
        for sender in self.notifications.senders.values():
            sender.wake()

    async def arrives(self, count: int = 1) -> list[Item]:
        """Wait until so many messages have arrived outside."""

        async def enough_has_arrived() -> bool:
            return len(self.outdoors.arrived) >= count

        await eventually(enough_has_arrived)
        return self.outdoors.arrived

    async def stands(self, message: UUID, state: str, *failures: str) -> None:
        """Wait until a delivery is in a state, after attempts that failed so; "" is one that succeeded."""
        found: object = None

        async def it_does() -> bool:
            nonlocal found
            rows = [one for one in await self.all_deliveries() if one.delivery_id == str(message)]
            if not rows:
                return False
            [row] = rows
            found = (DeliveryState.Name(row.state), tuple(attempt.failure for attempt in row.attempts))
            return found == (f"DELIVERY_STATE_{state}", failures)

        try:
            await eventually(it_does)
        except AssertionError:
            raise AssertionError(f"the delivery stands at {found}") from None

    async def my_deliveries(self, person: UUID, **request: object) -> delivery_pb2.ListMyDeliveriesResponse:
        """`ListMyDeliveries` as a person."""
        stub = delivery_pb2_grpc.DeliveryServiceStub(self.channel)
        wish = delivery_pb2.ListMyDeliveriesRequest(**request)  # type: ignore[arg-type]  # as below
        return await stub.ListMyDeliveries(wish, metadata=self.signed_in(person), timeout=TIMEOUT_S)

    async def all_deliveries(self, **request: object) -> Sequence[delivery_pb2.Delivery]:
        """`ListDeliveries` as the operator."""
        stub = delivery_pb2_grpc.DeliveryServiceStub(self.channel)
        wish = delivery_pb2.ListDeliveriesRequest(**request)  # type: ignore[arg-type]  # as below
        operator = self.signed_in(new_id(), ROLE_OPERATOR)
        return (await stub.ListDeliveries(wish, metadata=operator, timeout=TIMEOUT_S)).deliveries

    async def set_mark(
        self, mark: Mark, text: str, *, previous: str = "", version: int = 1, at: datetime | None = None
    ) -> None:
        """The diary sets a mark or replaces it."""
        event = MarkSet(
            mark_id=str(mark.mark_id),
            school_id=str(mark.school_id),
            pupil_id=str(mark.pupil_id),
            subject_title=mark.subject,
            lesson_date=mark.day,
            text=text,
            previous_text=previous,
            version=version,
        )
        event.set_at.FromDatetime(at or self.clock.now())
        await self.diary.state_event(event, aggregate=mark.mark_id, version=version)

    async def remove_mark(self, mark: Mark, *, previous: str, version: int) -> None:
        """The diary removes a mark."""
        event = MarkRemoved(
            mark_id=str(mark.mark_id),
            school_id=str(mark.school_id),
            pupil_id=str(mark.pupil_id),
            subject_title=mark.subject,
            lesson_date=mark.day,
            previous_text=previous,
            version=version,
        )
        event.removed_at.FromDatetime(self.clock.now())
        await self.diary.state_event(event, aggregate=mark.mark_id, version=version)

    async def settled(self) -> None:
        """Wait until every fact stated so far has had its effect."""
        await eventually(self.identity.everything_is_published)
        await eventually(self.diary.everything_is_published)

        async def everything_is_handled() -> bool:
            for consumer in self.notifications.consumers:
                info = await consumer.progress()
                if info is None or info.waiting or info.unacknowledged:
                    return False
            return True

        await eventually(everything_is_handled)

    async def inbox(self, person: UUID, **request: object) -> inbox_pb2.ListNoticesResponse:
        """`ListNotices` as a person."""
        stub = inbox_pb2_grpc.InboxServiceStub(self.channel)
        wish = inbox_pb2.ListNoticesRequest(**request)  # type: ignore[arg-type]  # the test knows the fields
        return await stub.ListNotices(wish, metadata=self.signed_in(person), timeout=TIMEOUT_S)

    async def read(self, person: UUID, up_to: str) -> int:
        """`ReadNotices` as a person; returns how many are unread still."""
        stub = inbox_pb2_grpc.InboxServiceStub(self.channel)
        wish = inbox_pb2.ReadNoticesRequest(up_to_notice_id=up_to)
        reply = await stub.ReadNotices(wish, metadata=self.signed_in(person), timeout=TIMEOUT_S)
        return reply.unread_count

    def signed_in(self, person: UUID, role: Role.ValueType = ROLE_GUARDIAN) -> tuple[tuple[str, str], ...]:
        """The metadata of a person's calls."""
        token, _ = self.keys.issuer(clock=self.clock).issue(
            person_id=person, account_id=uuid4(), session_id=uuid4(), roles=frozenset({role})
        )
        return (("authorization", f"Bearer {token}"),)


def words(notices: Iterable[inbox_pb2.Notice]) -> list[tuple[str, str, str]]:
    """What the notices say: kind, mark before, mark."""
    return [
        (
            inbox_pb2.NoticeKind.Name(notice.kind).removeprefix("NOTICE_KIND_MARK_"),
            notice.previous_mark,
            notice.mark,
        )
        for notice in notices
    ]
