"""Telling a family what happened to a mark, and what a person does with their inbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from school.notifications.v1.events_pb2 import NoticePosted
from services.kit.clock import Clock
from services.kit.database import Database, Transaction
from services.kit.ids import id_at, new_id
from services.kit.paging import Page, PageWish
from services.kit.reader import Reader
from services.notifications.access.rules import Scope
from services.notifications.access.usecases import to_be_told_of
from services.notifications.inbox import storage
from services.notifications.inbox.messages import notice_message
from services.notifications.inbox.rules import MarkNews, Notice


async def tell_of_mark(tx: Transaction, news: MarkNews, *, now: datetime) -> None:
    """Tell the pupil, everybody who stands for them, and whom they trust with marks; each of them once.

    News that comes after newer news of the same mark takes its place below it, and is not sent out any more:
    the last thing a person is told is the last thing that happened.
    """
    family = await to_be_told_of(tx, news.pupil_id, Scope.MARKS, now=now)
    newest, name = await storage.known_of(tx.connection, news.mark_id, news.pupil_id)
    if news.version < newest:
        ids = {person: id_at(news.happened_at) for person in family}
        await storage.post(tx.connection, news, ids, now=now)
    else:
        await _post_and_send(tx, news, family, name=name, now=now)


async def tell_newcomer(
    tx: Transaction, guardian_id: UUID, pupil_id: UUID, *, since: datetime, now: datetime
) -> None:
    """Tell a guardian what the pupil was told that happened since the guardian stood for them."""
    told = await storage.told_since(tx.connection, pupil_id, pupil_id, since)
    if not told:
        return
    name = await storage.name_of(tx.connection, pupil_id)
    for news in told:
        await _post_and_send(tx, news, [guardian_id], name=name, now=now)


async def forget(tx: Transaction, person_id: UUID) -> None:
    """Remove everything that a person was told; again, there is nothing to remove."""
    await storage.remove_of(tx.connection, person_id)


async def _post_and_send(
    tx: Transaction, news: MarkNews, people: Iterable[UUID], *, name: str, now: datetime
) -> None:
    ids = {person: new_id() for person in people}
    posted = await storage.post(tx.connection, news, ids, now=now)
    for person in sorted(posted):
        notice = Notice(
            notice_id=ids[person],
            recipient_id=person,
            kind=news.kind,
            pupil_id=news.pupil_id,
            pupil_name=name,
            subject_title=news.subject_title,
            lesson_date=news.lesson_date,
            mark=news.mark,
            previous_mark=news.previous_mark,
            posted_at=now,
            read_at=None,
        )
        event = NoticePosted(recipient_id=str(person), notice=notice_message(notice))
        tx.publish(event, aggregate=notice.notice_id, version=1)


class Inbox:
    """What a person does with their own notices: the caller's, whatever a request says."""

    def __init__(self, database: Database, reader: Reader, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock

    async def page(self, person_id: UUID, wish: PageWish, *, after: UUID | None) -> tuple[Page[Notice], int]:
        """A page of the person's notices, the newest first, and how many of all are unread.

        Args:
            person_id: whose inbox.
            wish: which page.
            after: only notices newer than this one; None for all.
        """
        found = await storage.newest(
            self._reader, person_id, limit=wish.limit, before=wish.after, after=after
        )
        unread = await storage.unread(self._reader, person_id)
        return wish.page(found, lambda notice: notice.notice_id), unread

    async def read(self, person_id: UUID, *, up_to: UUID) -> int:
        """Mark the person's notices up to and including one as read; returns how many are unread still."""
        async with self._database.transaction() as tx:
            await storage.mark_read(tx.connection, person_id, up_to=up_to, now=self._clock.now())
            return await storage.unread_now(tx.connection, person_id)
