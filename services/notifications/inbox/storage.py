"""Notices: what each person was told, in the order they were told it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.reader import Query, Reader
from services.notifications.access.storage import persons
from services.notifications.inbox.rules import MarkNews, Notice, NoticeKind
from services.notifications.metadata import metadata

# Below and above every notice: a page is one statement, wherever it begins and ends.
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=(1 << 128) - 1)

notices = Table(
    "notices",
    metadata,
    Column("recipient_id", Uuid, nullable=False),
    # UUIDv7: its order is that of the inbox.
    Column("notice_id", Uuid, nullable=False),
    Column("school_id", Uuid, nullable=False),
    # Number of `NoticeKind`.
    Column("kind", SmallInteger, nullable=False),
    Column("pupil_id", Uuid, nullable=False),
    Column("subject_title", Text, nullable=False),
    Column("lesson_date", Date, nullable=False),
    # Empty when it was removed.
    Column("mark", Text, nullable=False),
    # Empty when there was none.
    Column("previous_mark", Text, nullable=False),
    # The diary's fact, and when it came true.
    Column("mark_id", Uuid, nullable=False),
    Column("mark_version", BigInteger, nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("posted_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True)),
    # ListNotices: the newest of a person, in one range.
    PrimaryKeyConstraint("recipient_id", "notice_id"),
    # A person is told a fact once, whatever becomes of the inbox of events; the newest version told of a
    # mark.
    UniqueConstraint("mark_id", "mark_version", "recipient_id"),
    # How many are unread? Which are to be marked as read?
    Index("ix_notices_unread", "recipient_id", "notice_id", postgresql_where=text("read_at IS NULL")),
)


async def known_of(connection: AsyncConnection, mark_id: UUID, pupil_id: UUID) -> tuple[int, str]:
    """The newest version of a mark that anybody was told of, 0 when nobody was; and the pupil's name."""
    newest = select(func.max(notices.c.mark_version)).where(notices.c.mark_id == mark_id).scalar_subquery()
    name = select(persons.c.display_name).where(persons.c.person_id == pupil_id).scalar_subquery()
    version, display_name = (await connection.execute(select(newest, name))).one()
    return version or 0, display_name or ""


async def name_of(connection: AsyncConnection, person_id: UUID) -> str:
    """The name of a person; empty while it was not told."""
    name: str | None = await connection.scalar(
        select(persons.c.display_name).where(persons.c.person_id == person_id)
    )
    return name or ""


async def post(
    connection: AsyncConnection, news: MarkNews, recipients: Mapping[UUID, UUID], *, now: datetime
) -> set[UUID]:
    """Put a notice into the inbox of each recipient who was not told yet; returns who that was.

    Args:
        connection: of the transaction.
        news: what happened.
        recipients: the id of the notice, by person.
        now: when they are told.
    """
    rows = [
        {
            "recipient_id": recipient,
            "notice_id": notice_id,
            "school_id": news.school_id,
            "kind": news.kind,
            "pupil_id": news.pupil_id,
            "subject_title": news.subject_title,
            "lesson_date": news.lesson_date,
            "mark": news.mark,
            "previous_mark": news.previous_mark,
            "mark_id": news.mark_id,
            "mark_version": news.version,
            "happened_at": news.happened_at,
            "posted_at": now,
        }
        for recipient, notice_id in recipients.items()
    ]
    posted = await connection.execute(
        insert(notices).on_conflict_do_nothing().values(rows).returning(notices.c.recipient_id)
    )
    return set(posted.scalars())


async def told_since(
    connection: AsyncConnection, recipient_id: UUID, pupil_id: UUID, since: datetime
) -> list[MarkNews]:
    """What somebody was told of a pupil that happened at ``since`` or later, in the order it was told."""
    rows = await connection.execute(
        select(notices)
        .where(
            notices.c.recipient_id == recipient_id,
            notices.c.pupil_id == pupil_id,
            notices.c.happened_at >= since,
        )
        .order_by(notices.c.notice_id)
    )
    return [
        MarkNews(
            mark_id=row.mark_id,
            version=row.mark_version,
            school_id=row.school_id,
            pupil_id=row.pupil_id,
            subject_title=row.subject_title,
            lesson_date=row.lesson_date,
            mark=row.mark,
            previous_mark=row.previous_mark,
            happened_at=row.happened_at,
        )
        for row in rows
    ]


_PAGE: Final = Query(
    select(notices, persons.c.display_name)
    .outerjoin(persons, persons.c.person_id == notices.c.pupil_id)
    .where(
        notices.c.recipient_id == bindparam("recipient_id"),
        notices.c.notice_id < bindparam("before"),
        notices.c.notice_id > bindparam("after"),
    )
    .order_by(notices.c.notice_id.desc())
    .limit(bindparam("most"))
)
_unread = (
    select(func.count())
    .select_from(notices)
    .where(notices.c.recipient_id == bindparam("recipient_id"), notices.c.read_at.is_(None))
)
_UNREAD: Final = Query(_unread)


async def newest(
    reader: Reader,
    recipient_id: UUID,
    *,
    limit: int,
    before: UUID | None,
    after: UUID | None,
) -> list[Notice]:
    """A person's notices between two of them, the newest first."""
    rows = await reader.rows(
        _PAGE, recipient_id=recipient_id, before=before or _LAST, after=after or _FIRST, most=limit
    )
    return [
        Notice(
            notice_id=row["notice_id"],
            recipient_id=recipient_id,
            kind=NoticeKind(row["kind"]),
            pupil_id=row["pupil_id"],
            pupil_name=row["display_name"] or "",
            subject_title=row["subject_title"],
            lesson_date=row["lesson_date"],
            mark=row["mark"],
            previous_mark=row["previous_mark"],
            posted_at=row["posted_at"],
            read_at=row["read_at"],
        )
        for row in rows
    ]


async def unread(reader: Reader, recipient_id: UUID) -> int:
    """How many notices a person has not read."""
    ((count,),) = await reader.rows(_UNREAD, recipient_id=recipient_id)
    return int(count)


async def unread_now(connection: AsyncConnection, recipient_id: UUID) -> int:
    """How many notices a person has not read, as the transaction has it."""
    return await connection.scalar(_unread, {"recipient_id": recipient_id}) or 0


async def remove_of(connection: AsyncConnection, recipient_id: UUID) -> None:
    """Remove a person's notices."""
    await connection.execute(delete(notices).where(notices.c.recipient_id == recipient_id))


async def mark_read(connection: AsyncConnection, recipient_id: UUID, *, up_to: UUID, now: datetime) -> None:
    """A person has read everything up to a notice."""
    await connection.execute(
        update(notices)
        .where(
            notices.c.recipient_id == recipient_id,
            notices.c.read_at.is_(None),
            notices.c.notice_id <= up_to,
        )
        .values(read_at=now)
    )
