"""What the diary tells of marks, on its way to the families."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from google.protobuf.message import Message

from school.diary.v1 import events_pb2
from services.kit.clock import Clock
from services.kit.database import Transaction
from services.kit.messaging.completeness import Completeness
from services.kit.messaging.effects import Handler
from services.kit.messaging.envelope import EventMeta
from services.kit.rpc.parse import date_of, uuid_of
from services.notifications.access.usecases import require_fresh
from services.notifications.inbox.rules import MarkNews
from services.notifications.inbox.usecases import tell_of_mark


class InboxEvents:
    """One method per event."""

    def __init__(self, copy: Completeness, clock: Clock) -> None:
        """``copy``: of who stands for whom; while it is stale, events wait."""
        self._copy = copy
        self._clock = clock

    @property
    def handlers(self) -> Mapping[type[Message], Handler]:
        """What to do with each event."""
        return {events_pb2.MarkSet: self.on_mark_set, events_pb2.MarkRemoved: self.on_mark_removed}

    async def on_mark_set(self, tx: Transaction, event: events_pb2.MarkSet, _meta: EventMeta) -> None:
        """A mark was set or replaced."""
        news = MarkNews(
            mark_id=uuid_of(event.mark_id, "mark_id"),
            version=event.version,
            school_id=uuid_of(event.school_id, "school_id"),
            pupil_id=uuid_of(event.pupil_id, "pupil_id"),
            subject_title=event.subject_title,
            lesson_date=date_of(event.lesson_date, "lesson_date"),
            mark=event.text,
            previous_mark=event.previous_text,
            happened_at=event.set_at.ToDatetime(UTC),
        )
        await self._tell(tx, news)

    async def on_mark_removed(self, tx: Transaction, event: events_pb2.MarkRemoved, _meta: EventMeta) -> None:
        """A mark was removed."""
        news = MarkNews(
            mark_id=uuid_of(event.mark_id, "mark_id"),
            version=event.version,
            school_id=uuid_of(event.school_id, "school_id"),
            pupil_id=uuid_of(event.pupil_id, "pupil_id"),
            subject_title=event.subject_title,
            lesson_date=date_of(event.lesson_date, "lesson_date"),
            mark="",
            previous_mark=event.previous_text,
            happened_at=event.removed_at.ToDatetime(UTC),
        )
        await self._tell(tx, news)

    async def _tell(self, tx: Transaction, news: MarkNews) -> None:
        require_fresh(self._copy)
        await tell_of_mark(tx, news, now=self._clock.now())
