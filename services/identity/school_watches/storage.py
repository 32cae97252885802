"""Addresses that wait for a school, as rows: sealed, found again by their blind index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.contacts.rules import Email
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.school_watches.rules import LINK_LIFE, MOST_COUNTED, PATIENCE, Token, Watch
from services.identity.schools.rules import Connection
from services.identity.schools.storage import schools

school_watches = Table(
    "school_watches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("school_id", Uuid, nullable=False),
    Column("email_box", LargeBinary, nullable=False),
    Column("email_box_key", SmallInteger, nullable=False),
    Column("email_index", LargeBinary, nullable=False),
    Column("email_index_key", SmallInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("token_digest", LargeBinary, nullable=False),  # SHA-256 of the token of the last letter
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True)),
    # One address waits once; and who waits for a school that is connected now.
    Index("school_watches_one_per_address", "school_id", "email_index", unique=True),
    # The link that somebody followed.
    Index("school_watches_by_token", "token_digest", unique=True),
    # The sweep.
    Index("school_watches_by_age", "asked_at"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A watch whose school is connected now."""

    watch: Watch
    school_title: str


async def ask(connection: AsyncConnection, keyring: Keyring, watch: Watch, token: Token) -> bool:
    """Write a wish down, unless the address waits already; whether a letter is due.

    A wish that nobody has confirmed is written anew: its former link is dead.
    """
    sealed = keyring.seal(watch.email.text, context=_context(watch.id))
    index = keyring.index(watch.email.folded, kind="school watch")
    values = {
        "id": watch.id,
        "email_box": sealed.box,
        "email_box_key": sealed.key_version,
        "language": watch.language,
        "token_digest": token.digest,
        "asked_at": watch.asked_at,
    }
    written = await connection.execute(
        insert(school_watches)
        .values(
            **values,
            school_id=watch.school_id,
            email_index=index.digest,
            email_index_key=index.key_version,
        )
        .on_conflict_do_update(
            index_elements=["school_id", "email_index"],
            set_=values,
            where=school_watches.c.confirmed_at.is_(None),
        )
        .returning(school_watches.c.id)
    )
    return written.first() is not None


async def confirm(connection: AsyncConnection, digest: bytes, *, now: datetime) -> str | None:
    """Have the address wait; the school's title, None when no link that still holds has this token."""
    found = await connection.execute(
        update(school_watches)
        .where(
            school_watches.c.token_digest == digest,
            school_watches.c.school_id == schools.c.school_id,
            or_(school_watches.c.confirmed_at.is_not(None), school_watches.c.asked_at > now - LINK_LIFE),
        )
        .values(confirmed_at=func.coalesce(school_watches.c.confirmed_at, now))
        .returning(schools.c.title)
    )
    title: str | None = found.scalar_one_or_none()
    return title


async def forget(connection: AsyncConnection, digest: bytes) -> None:
    """Forget the address behind a link."""
    await connection.execute(delete(school_watches).where(school_watches.c.token_digest == digest))


async def take_connected(connection: AsyncConnection, keyring: Keyring, *, limit: int) -> list[Waiting]:
    """Confirmed addresses whose school is connected, taken out: each by one transaction alone."""
    locked = (
        select(school_watches.c.id)
        .join_from(school_watches, schools, schools.c.school_id == school_watches.c.school_id)
        .where(schools.c.connection == Connection.CONNECTED, school_watches.c.confirmed_at.is_not(None))
        .order_by(school_watches.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=school_watches)
    )
    taken = await connection.execute(
        delete(school_watches)
        .where(school_watches.c.id.in_(locked), schools.c.school_id == school_watches.c.school_id)
        .returning(school_watches, schools.c.title)
    )
    return [Waiting(_watch(row, keyring), row.title) for row in taken]


async def counts(connection: AsyncConnection) -> list[tuple[UUID, str, int]]:
    """How many wait for which school, the most first."""
    found = await connection.execute(
        select(schools.c.school_id, schools.c.title, func.count().label("waiting"))
        .join_from(school_watches, schools, schools.c.school_id == school_watches.c.school_id)
        .where(school_watches.c.confirmed_at.is_not(None))
        .group_by(schools.c.school_id, schools.c.title)
        .order_by(text("waiting DESC"), schools.c.title)
        .limit(MOST_COUNTED)
    )
    return [(row.school_id, row.title, row.waiting) for row in found]


async def sweep_school_watches(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget who has not confirmed, and who has waited for too long."""
    await connection.execute(
        delete(school_watches).where(
            or_(
                school_watches.c.asked_at < now - PATIENCE,
                and_(school_watches.c.confirmed_at.is_(None), school_watches.c.asked_at < now - LINK_LIFE),
            )
        )
    )


def _watch(row: Any, keyring: Keyring) -> Watch:
    sealed = Sealed(row.email_box, row.email_box_key)
    email = Email(keyring.open(sealed, context=_context(row.id)))
    return Watch(row.id, row.school_id, email, row.language, row.asked_at, row.confirmed_at is not None)


def _context(watch_id: UUID) -> str:
    return f"school watch {watch_id}"
