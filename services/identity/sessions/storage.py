"""Sessions, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.metadata import metadata
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people, roles_of_person
from services.identity.sessions.rules import KEPT_AFTER_END, Door, EndReason

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("door", Text, nullable=False),  # a `Door`
    Column("began_at", DateTime(timezone=True), nullable=False),
    # The last refresh token given out, from which it and its forerunners can be told from forgeries.
    Column("seed", LargeBinary, nullable=False),
    Column("proof_key", SmallInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rotated_at", DateTime(timezone=True), nullable=False),
    Column("idle_end", DateTime(timezone=True), nullable=False),
    Column("absolute_end", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("end_reason", Text),  # an `EndReason`
    # A person's live sessions, to list and to end.
    Index("sessions_live", "account_id", postgresql_where=text("ended_at IS NULL")),
    # The sweep of sessions that are long over.
    Index("sessions_by_end", "absolute_end"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A live session of a person who may be in."""

    id: UUID
    account_id: UUID
    person_id: UUID
    roles: frozenset[Role]
    seed: bytes
    proof_key: int
    generation: int
    rotated_at: datetime
    idle_end: datetime
    absolute_end: datetime


# The statements of every sign-in and refresh are built once: building one costs more than running it.
_LIVE = (
    select(
        sessions.c.id,
        sessions.c.account_id,
        accounts.c.person_id,
        roles_of_person.label("roles"),
        sessions.c.seed,
        sessions.c.proof_key,
        sessions.c.generation,
        sessions.c.rotated_at,
        sessions.c.idle_end,
        sessions.c.absolute_end,
    )
    .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
    .join(people, people.c.id == accounts.c.person_id)
    .where(
        sessions.c.id == bindparam("session"),
        sessions.c.ended_at.is_(None),
        sessions.c.idle_end > bindparam("now"),
        accounts.c.state == AccountState.OPEN,
        people.c.status == PersonStatus.ACTIVE,
    )
)
_ROTATE = (
    update(sessions)
    .where(
        sessions.c.id == bindparam("session"),
        sessions.c.generation == bindparam("shown"),
        sessions.c.ended_at.is_(None),
    )
    .values(
        generation=sessions.c.generation + 1, rotated_at=bindparam("now"), idle_end=bindparam("new_idle_end")
    )
)
_NEW = (
    "id", "account_id", "door", "began_at", "seed", "proof_key", "generation", "rotated_at", "idle_end",
    "absolute_end",
)  # fmt: skip
# Not by the columns' names: SQLAlchemy would set what is named so in the UPDATE beside it, too.
_INSERT = insert(sessions).values({column: bindparam(f"new_{column}") for column in _NEW})
# A statement sees the rows that were there before it: the session that it inserts goes on.
_INSERT_ALONE = _INSERT.add_cte(
    update(sessions)
    .where(sessions.c.account_id == bindparam("account"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"), end_reason=bindparam("why"))
    .cte("ended")
)


async def insert_session(connection: AsyncConnection, session: Kept, door: Door) -> None:
    """Insert a session that begins now, at its first generation."""
    await connection.execute(_INSERT, _row(session, door))


async def insert_session_alone(
    connection: AsyncConnection, session: Kept, door: Door, *, reason: EndReason
) -> None:
    """Insert a session that begins now, and end every other one of its account."""
    ending = {"account": session.account_id, "now": session.rotated_at, "why": reason}
    await connection.execute(_INSERT_ALONE, _row(session, door) | ending)


def _row(session: Kept, door: Door) -> dict[str, object]:
    values = {"door": door, "began_at": session.rotated_at}
    return {f"new_{column}": values.get(column) or getattr(session, column) for column in _NEW}


async def live(connection: AsyncConnection, session_id: UUID, now: datetime) -> Kept | None:
    """The session, unless it is over or its person may no longer be in (A16)."""
    found = await connection.execute(_LIVE, {"session": session_id, "now": now})
    row = found.first()
    if row is None:
        return None
    values = row._asdict()
    return Kept(**(values | {"roles": frozenset(Role(role) for role in row.roles or ())}))


async def rotate(
    connection: AsyncConnection, session_id: UUID, *, shown: int, now: datetime, idle_end: datetime
) -> bool:
    """Move the session to the next generation, if it is still at ``shown``; whether it was."""
    moved = await connection.execute(
        _ROTATE, {"session": session_id, "shown": shown, "now": now, "new_idle_end": idle_end}
    )
    return moved.rowcount == 1


async def end(connection: AsyncConnection, session_id: UUID, *, now: datetime, reason: EndReason) -> bool:
    """End a session; whether it was live."""
    ended = await connection.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )
    return ended.rowcount == 1


async def sweep_sessions(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove sessions that nobody will ask about any more."""
    await connection.execute(delete(sessions).where(sessions.c.absolute_end < now - KEPT_AFTER_END))
