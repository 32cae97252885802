"""A small town: the whole of notifications, and what identity and the diary tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import grpc

from school.access.v1.policy_pb2 import ROLE_GUARDIAN
from school.diary.v1.events_pb2 import MarkRemoved, MarkSet
from school.identity.v1.events_pb2 import PersonRegistered, RelationEnded, RelationRegistered
from school.notifications.v1 import inbox_pb2, inbox_pb2_grpc
from services.kit.ids import new_id
from services.notifications.app import Notifications
from tests.support.clock import MovableClock
from tests.support.keys import Keys
from tests.support.miniature import Publisher
from tests.support.waiting import eventually

TIMEOUT_S = 10.0


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

    notifications: Notifications
    identity: Publisher
    diary: Publisher
    channel: grpc.aio.Channel
    keys: Keys
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
        return await stub.ListNotices(wish, metadata=self._as(person), timeout=TIMEOUT_S)

    async def read(self, person: UUID, up_to: str) -> int:
        """`ReadNotices` as a person; returns how many are unread still."""
        stub = inbox_pb2_grpc.InboxServiceStub(self.channel)
        wish = inbox_pb2.ReadNoticesRequest(up_to_notice_id=up_to)
        reply = await stub.ReadNotices(wish, metadata=self._as(person), timeout=TIMEOUT_S)
        return reply.unread_count

    def _as(self, person: UUID) -> tuple[tuple[str, str], ...]:
        token, _ = self.keys.issuer(clock=self.clock).issue(
            person_id=person, account_id=uuid4(), session_id=uuid4(), roles=frozenset({ROLE_GUARDIAN})
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
