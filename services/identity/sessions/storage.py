"""Sessions, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
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
    column,
    delete,
    insert,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.metadata import metadata
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people, roles_of_person
from services.identity.sessions.rules import KEPT_AFTER_END, Door, EndReason, Standing

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
    # The first of those that took each other's place: a betrayal of one ends the one that lives (A20).
    Column("family_id", Uuid, nullable=False),
    Column("replaced_by", Uuid),
    # What the device said of itself when the session began; no address is kept.
    Column("device", Text, nullable=False, server_default=text("''")),
    Column("time_zone", Text, nullable=False, server_default=text("''")),
    # When the person last showed who they are, and when a code of the second factor was given.
    Column("auth_at", DateTime(timezone=True), nullable=False),
    Column("second_factor_at", DateTime(timezone=True)),
    Column("acting_as", Text),  # a `Role`; null: all that the person holds
    # A person's live sessions, to list and to end.
    Index("sessions_live", "account_id", postgresql_where=text("ended_at IS NULL")),
    # The sweep of sessions that are long over.
    Index("sessions_by_end", "absolute_end"),
    # Of sessions that took each other's place one lives, whatever runs at once (A19).
    Index(
        "sessions_one_live_per_family", "family_id", unique=True, postgresql_where=text("ended_at IS NULL")
    ),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A live session."""

    id: UUID
    account_id: UUID
    person_id: UUID
    door: Door
    device: str
    time_zone: str
    began_at: datetime
    seed: bytes
    proof_key: int
    generation: int
    rotated_at: datetime
    idle_end: datetime
    absolute_end: datetime
    family_id: UUID
    auth_at: datetime
    second_factor_at: datetime | None
    acting_as: Role | None


@dataclass(frozen=True, slots=True)
class Past:
    """A session whose place another one took."""

    id: UUID
    family_id: UUID
    person_id: UUID
    account_id: UUID
    seed: bytes
    proof_key: int
    generation: int
    ended_at: datetime
    replaced_by: UUID


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that has just ended."""

    id: UUID
    person_id: UUID


_OF_ROW = (
    "id", "account_id", "door", "device", "time_zone", "began_at", "seed", "proof_key", "generation",
    "rotated_at", "idle_end", "absolute_end", "family_id", "auth_at", "second_factor_at", "acting_as",
)  # fmt: skip


# The table of `second_factor`, which stands above this capability.
_second_factors = table(
    "second_factors", column("account_id", Uuid), column("enrolled_at", DateTime(timezone=True))
)


def _enrolled(account_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    return (
        select(_second_factors.c.account_id)
        .where(_second_factors.c.account_id == account_id, _second_factors.c.enrolled_at.is_not(None))
        .exists()
    )


# The statements of every sign-in and refresh are built once: building one costs more than running it.
_LIVE = (
    select(
        *(sessions.c[name] for name in _OF_ROW),
        accounts.c.person_id,
        accounts.c.activated_at.is_not(None).label("activated"),
        _enrolled(sessions.c.account_id).label("enrolled"),
        roles_of_person.label("roles"),
    )
    .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
    .join(people, people.c.id == accounts.c.person_id)
    .where(
        sessions.c.id == bindparam("session"),
        sessions.c.ended_at.is_(None),
        sessions.c.idle_end > bindparam("now"),
        # What was begun with a temporary password lasts as long as that does (A23).
        or_(
            sessions.c.door == Door.ESIA,
            accounts.c.temporary_until.is_(None),
            accounts.c.temporary_until > bindparam("now"),
        ),
        accounts.c.state == AccountState.OPEN,
        people.c.status == PersonStatus.ACTIVE,
    )
)
_LIVE_LOCKED = _LIVE.with_for_update(of=sessions)
_ROTATE = (
    update(sessions)
    .where(
        sessions.c.id == bindparam("session"),
        sessions.c.generation == bindparam("shown"),
        sessions.c.ended_at.is_(None),
    )
    .values(
        generation=sessions.c.generation + 1,
        rotated_at=bindparam("now"),
        idle_end=bindparam("new_idle_end"),
        absolute_end=bindparam("new_absolute_end"),
    )
)
# Not by the columns' names: SQLAlchemy would set what is named so in the UPDATE beside it, too.
_INSERT = insert(sessions).values({name: bindparam(f"new_{name}") for name in _OF_ROW})
_its_account: BindParameter[UUID] = bindparam("new_account_id", type_=Uuid)
_INSERT_TELLING = _INSERT.returning(
    select(accounts.c.activated_at.is_not(None))
    .where(accounts.c.id == _its_account)
    .scalar_subquery()
    .label("activated"),
    _enrolled(_its_account).label("enrolled"),
)
_new = _INSERT.cte("begun")
_ended_by_it = (
    update(sessions)
    .where(sessions.c.account_id == bindparam("account"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"), end_reason=bindparam("why"))
    .returning(sessions.c.id)
    .cte("ended")
)
# A statement sees the rows that were there before it: the session that it inserts goes on.
_INSERT_ALONE = select(_ended_by_it.c.id).add_cte(_new)


async def insert_session(connection: AsyncConnection, session: Kept) -> tuple[bool, bool]:
    """Insert a session; whether its account is activated, and whether it has a second factor."""
    inserted = await connection.execute(_INSERT_TELLING, _row(session))
    row = inserted.one()
    return bool(row.activated), bool(row.enrolled)


async def insert_session_alone(
    connection: AsyncConnection, session: Kept, *, reason: EndReason
) -> list[Ended]:
    """Insert a session, and end every other one of its account; returns those that were live."""
    ending = {"account": session.account_id, "now": session.rotated_at, "why": reason}
    ended = await connection.execute(_INSERT_ALONE, _row(session) | ending)
    return [Ended(row.id, session.person_id) for row in ended]


def _row(session: Kept) -> dict[str, object]:
    return {f"new_{name}": getattr(session, name) for name in _OF_ROW}


async def live(
    connection: AsyncConnection, session_id: UUID, now: datetime, *, lock: bool = False
) -> tuple[Kept, Standing] | None:
    """The session, unless it is over or its person may no longer be in (A16).

    Args:
        connection: of a transaction when the row is to be locked.
        session_id: which.
        now: the present instant.
        lock: wait for whoever changes the session, and let others wait until the transaction ends.
    """
    found = await connection.execute(_LIVE_LOCKED if lock else _LIVE, {"session": session_id, "now": now})
    row = found.first()
    if row is None:
        return None
    roles = frozenset(Role(role) for role in row.roles or ())
    return _kept(row, row.person_id), Standing(roles, bool(row.activated), bool(row.enrolled))


async def live_of_account(connection: AsyncConnection, account_id: UUID, now: datetime) -> list[Kept]:
    """The account's live sessions, the last used first."""
    found = await connection.execute(
        select(*(sessions.c[name] for name in _OF_ROW), accounts.c.person_id)
        .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
        .where(sessions.c.account_id == account_id, sessions.c.ended_at.is_(None), sessions.c.idle_end > now)
        .order_by(sessions.c.rotated_at.desc(), sessions.c.id.desc())
    )
    return [_kept(row, row.person_id) for row in found]


async def past(connection: AsyncConnection, session_id: UUID) -> Past | None:
    """The session, if another one took its place."""
    found = await connection.execute(
        select(
            sessions.c.id,
            sessions.c.family_id,
            accounts.c.person_id,
            sessions.c.account_id,
            sessions.c.seed,
            sessions.c.proof_key,
            sessions.c.generation,
            sessions.c.ended_at,
            sessions.c.replaced_by,
        )
        .join_from(sessions, accounts, accounts.c.id == sessions.c.account_id)
        .where(sessions.c.id == session_id, sessions.c.replaced_by.is_not(None))
    )
    row = found.first()
    return None if row is None else Past(**row._asdict())


async def rotate(
    connection: AsyncConnection,
    session_id: UUID,
    *,
    shown: int,
    now: datetime,
    idle_end: datetime,
    absolute_end: datetime,
) -> bool:
    """Move the session to the next generation, if it is still at ``shown``; whether it was."""
    moved = await connection.execute(
        _ROTATE,
        {
            "session": session_id,
            "shown": shown,
            "now": now,
            "new_idle_end": idle_end,
            "new_absolute_end": absolute_end,
        },
    )
    return moved.rowcount == 1


async def end(
    connection: AsyncConnection,
    session_id: UUID,
    *,
    account_id: UUID,
    now: datetime,
    reason: EndReason,
    replaced_by: UUID | None = None,
) -> bool:
    """End a session of the account; whether it was live."""
    ended = await connection.execute(
        update(sessions)
        .where(
            sessions.c.id == session_id, sessions.c.account_id == account_id, sessions.c.ended_at.is_(None)
        )
        .values(ended_at=now, end_reason=reason, replaced_by=replaced_by)
    )
    return ended.rowcount == 1


async def end_of_account(
    connection: AsyncConnection,
    account_id: UUID,
    *,
    keep: UUID | None,
    door: Door | None,
    now: datetime,
    reason: EndReason,
) -> list[Ended]:
    """End the account's sessions but ``keep``, or those of one door; returns those that were live."""
    others = [sessions.c.account_id == account_id]
    if keep is not None:
        others.append(sessions.c.id != keep)
    if door is not None:
        others.append(sessions.c.door == door)
    return await _end_where(connection, *others, now=now, reason=reason)


async def end_of_family(
    connection: AsyncConnection, family_id: UUID, *, now: datetime, reason: EndReason
) -> list[Ended]:
    """End the one of the family that lives; returns it, if it did."""
    return await _end_where(connection, sessions.c.family_id == family_id, now=now, reason=reason)


async def _end_where(
    connection: AsyncConnection, *which: Any, now: datetime, reason: EndReason
) -> list[Ended]:
    ended = await connection.execute(
        update(sessions)
        .where(*which, sessions.c.ended_at.is_(None), accounts.c.id == sessions.c.account_id)
        .values(ended_at=now, end_reason=reason)
        .returning(sessions.c.id, accounts.c.person_id)
    )
    return [Ended(row.id, row.person_id) for row in ended]


async def belongs(connection: AsyncConnection, session_id: UUID, account_id: UUID) -> Door | None:
    """By which door the session began, live or not; None when the account has no such session."""
    door = await connection.scalar(
        select(sessions.c.door).where(sessions.c.id == session_id, sessions.c.account_id == account_id)
    )
    return None if door is None else Door(door)


async def act_as(connection: AsyncConnection, session_id: UUID, role: Role | None) -> None:
    """Let the session's next tokens carry this role, or all."""
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(acting_as=role))


async def note_second_factor(connection: AsyncConnection, session_id: UUID, *, at: datetime) -> None:
    """A code was given in this session."""
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(second_factor_at=at))


async def sweep_sessions(connection: AsyncConnection, *, now: datetime) -> None:
    """Remove sessions that nobody will ask about any more."""
    await connection.execute(delete(sessions).where(sessions.c.absolute_end < now - KEPT_AFTER_END))


def _kept(row: Any, person_id: UUID) -> Kept:
    values = {name: getattr(row, name) for name in _OF_ROW}
    chosen = values["acting_as"]
    values["door"] = Door(row.door)
    values["acting_as"] = None if chosen is None else Role(chosen)
    return Kept(person_id=person_id, **values)
