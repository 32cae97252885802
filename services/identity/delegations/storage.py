"""Delegations, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.delegations.rules import (
    KEPT_IN_SIGHT,
    Delegation,
    Right,
    Scope,
    State,
    right_of_guardian,
    right_of_pupil,
)
from services.identity.families.rules.relations import (
    may_share,
)
from services.identity.families.storage import relations
from services.identity.families.storage.limits import guardians_who_may_grant, limits_of_pair
from services.identity.families.storage.standing import holds_on
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, PersonStatus, Role
from services.identity.people.storage import people, person_roles

delegations = Table(
    "delegations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("grantor_id", Uuid, ForeignKey("people.id"), nullable=False),
    # By which it was granted, and without which it does not hold; null: by the pupil's own right.
    Column("relation_id", Uuid, ForeignKey("relations.id")),
    # Who accepted, or whose login was invited; null also for a login that nobody has.
    Column("trusted_id", Uuid, ForeignKey("people.id")),
    Column("scopes", ARRAY(SmallInteger), nullable=False),  # numbers of `Scope`
    Column("valid_until", Date, nullable=False),
    Column("invited_at", DateTime(timezone=True), nullable=False),
    Column("answer_by", DateTime(timezone=True), nullable=False),
    # The address or login that was invited, sealed: it may be a stranger's.
    Column("invitee_box", LargeBinary, nullable=False),
    Column("invitee_box_key", SmallInteger, nullable=False),
    # SHA-256 of the link's token; null: by login, or answered.
    Column("token_digest", LargeBinary),
    Column("message_id", Uuid),
    Column("accepted_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_as", Text),  # one of `ENDINGS`
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    # A pupil's, the newest first; and how many are open.
    Index("delegations_by_pupil", "pupil_id", "id"),
    # What somebody is trusted with or invited to.
    Index("delegations_by_trusted", "trusted_id", postgresql_where=text("ended_at IS NULL")),
    # A link is opened.
    Index("delegations_by_token", "token_digest", unique=True),
    # What ends with a relation.
    Index("delegations_by_relation", "relation_id", postgresql_where=text("ended_at IS NULL")),
    # What somebody has granted: today's count, and what ends with their account.
    Index("delegations_by_grantor", "grantor_id", "invited_at"),
    # The sweep of invitations that came to nothing.
    Index("delegations_unaccepted", "answer_by", postgresql_where=text("accepted_at IS NULL")),
)

_PARTS: Final = ("surname", "given_name", "patronymic")


@dataclass(frozen=True, slots=True)
class Known:
    """A delegation, whether its right still holds, and what its people are called."""

    delegation: Delegation
    right_holds: bool
    pupil: FullName
    grantor: FullName
    trusted: FullName | None


async def hold_pupil(connection: AsyncConnection, pupil_id: UUID) -> None:
    """Have the delegations of a pupil change one at a time until the transaction ends.

    The last lock that a transaction takes: whoever ends a relation holds that before.
    """
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"delegations of {pupil_id}", 0))
    await connection.execute(select(lock))


async def hold_right(connection: AsyncConnection, relation_id: UUID | None) -> None:
    """Have a relation stay as it is until the transaction ends; nothing for a pupil's own right."""
    if relation_id is not None:
        await connection.execute(
            select(relations.c.id).where(relations.c.id == relation_id).with_for_update(read=True)
        )


async def right_over(
    connection: AsyncConnection, caller_id: UUID, pupil_id: UUID, *, today: date, lock: bool = False
) -> Right | None:
    """By what the caller may see or decide about the pupil's trusted persons today; None: by nothing.

    Whom a court forbids contacts neither decides nor sees whom others trust. ``lock``: the relation stays as
    it is until the transaction ends.
    """
    found = await connection.execute(
        select(people.c.birth_date).where(
            people.c.id == pupil_id,
            select(1).where(person_roles.c.person_id == pupil_id, person_roles.c.role == Role.PUPIL).exists(),
        )
    )
    born: date | None = found.scalar_one_or_none()
    if born is None:
        return None
    if caller_id == pupil_id:
        return right_of_pupil(born, today)
    query = select(relations.c.id, relations.c.valid_from, relations.c.valid_until).where(
        relations.c.guardian_id == caller_id,
        relations.c.pupil_id == pupil_id,
        relations.c.ended_at.is_(None),
    )
    row = (await connection.execute(query.with_for_update(read=True) if lock else query)).first()
    if row is None or not may_share(await limits_of_pair(connection, caller_id, pupil_id, on=today)):
        return None
    return right_of_guardian(row.id, born, row.valid_from, row.valid_until, today)


async def guardians_of(connection: AsyncConnection, pupil_id: UUID, *, today: date) -> list[UUID]:
    """Who stands for a pupil today, and may know of others who see them."""
    return sorted(await guardians_who_may_grant(connection, pupil_id, on=today))


async def holder_of_login(connection: AsyncConnection, login: str) -> UUID | None:
    """The person who enters with this normal login; None when nobody does."""
    found: UUID | None = await connection.scalar(
        select(accounts.c.person_id)
        .join_from(accounts, people, people.c.id == accounts.c.person_id)
        .where(
            accounts.c.login == login,
            accounts.c.state == AccountState.OPEN,
            people.c.status == PersonStatus.ACTIVE,
        )
    )
    return found


async def open_of_pupil(connection: AsyncConnection, pupil_id: UUID, *, now: datetime, today: date) -> int:
    """How many hold or wait for an answer."""
    return int(
        await connection.scalar(
            select(func.count()).where(
                delegations.c.pupil_id == pupil_id,
                delegations.c.ended_at.is_(None),
                delegations.c.valid_until >= today,
                or_(delegations.c.accepted_at.is_not(None), delegations.c.answer_by > now),
            )
        )
        or 0
    )


async def invited_since(connection: AsyncConnection, grantor_id: UUID, since: datetime) -> int:
    """How many invitations somebody has made since, whatever became of them."""
    return int(
        await connection.scalar(
            select(func.count()).where(
                delegations.c.grantor_id == grantor_id, delegations.c.invited_at > since
            )
        )
        or 0
    )


async def insert_delegation(
    connection: AsyncConnection, keyring: Keyring, one: Delegation, *, token_digest: bytes | None
) -> None:
    """Write an invitation down."""
    sealed = keyring.seal(one.invitee, context=_context(one.id))
    await connection.execute(
        insert(delegations).values(
            id=one.id,
            pupil_id=one.pupil_id,
            grantor_id=one.grantor_id,
            relation_id=one.relation_id,
            trusted_id=one.trusted_id,
            scopes=sorted(one.scopes),
            valid_until=one.valid_until,
            invited_at=one.invited_at,
            answer_by=one.answer_by,
            invitee_box=sealed.box,
            invitee_box_key=sealed.key_version,
            token_digest=token_digest,
            message_id=one.message_id,
        )
    )


async def save(connection: AsyncConnection, keyring: Keyring, one: Delegation) -> None:
    """What became of it. Once accepted, its link stays known to who accepted, until it is ended."""
    sealed = keyring.seal(one.invitee, context=_context(one.id))
    values: dict[str, Any] = {
        "invitee_box": sealed.box,
        "invitee_box_key": sealed.key_version,
        "trusted_id": one.trusted_id,
        "message_id": one.message_id,
        "accepted_at": one.accepted_at,
        "ended_at": one.ended_at,
        "ended_as": one.ended_as,
        "version": one.version,
    }
    if one.ended_at is not None:
        values["token_digest"] = None
    await connection.execute(update(delegations).where(delegations.c.id == one.id).values(values))


_pupil, _grantor, _trusted = people.alias("pupil"), people.alias("grantor"), people.alias("trusted")


def _known(today: date) -> Any:
    """Delegations with names, and whether the relation still holds that each came from."""
    holds = or_(
        delegations.c.relation_id.is_(None),
        holds_on(today),
    )
    names = (
        one.c[part].label(f"{one.name}_{part}") for one in (_pupil, _grantor, _trusted) for part in _PARTS
    )
    return (
        select(delegations, case((holds, True), else_=False).label("right_holds"), *names)
        .join_from(delegations, _pupil, _pupil.c.id == delegations.c.pupil_id)
        .join(_grantor, _grantor.c.id == delegations.c.grantor_id)
        .outerjoin(_trusted, _trusted.c.id == delegations.c.trusted_id)
        .outerjoin(relations, relations.c.id == delegations.c.relation_id)
    )


async def of_pupil(
    connection: AsyncConnection, keyring: Keyring, pupil_id: UUID, *, now: datetime, today: date
) -> list[Known]:
    """A pupil's delegations that hold, wait, or were there within a year, the newest first."""
    since = now - KEPT_IN_SIGHT
    found = await connection.execute(
        _known(today)
        .where(
            delegations.c.pupil_id == pupil_id,
            or_(delegations.c.ended_at.is_(None), delegations.c.ended_at > since),
            delegations.c.valid_until > since.date(),
        )
        .order_by(delegations.c.id.desc())
    )
    return [_row(row, keyring) for row in found]


async def of_trusted(
    connection: AsyncConnection, keyring: Keyring, person_id: UUID, *, now: datetime, today: date
) -> list[Known]:
    """What somebody is trusted with or invited to, the newest first."""
    found = await connection.execute(
        _known(today)
        .where(
            delegations.c.trusted_id == person_id,
            delegations.c.ended_at.is_(None),
            delegations.c.valid_until >= today,
            or_(delegations.c.accepted_at.is_not(None), delegations.c.answer_by > now),
        )
        .order_by(delegations.c.id.desc())
    )
    return [_row(row, keyring) for row in found]


@dataclass(frozen=True, slots=True)
class Place:
    """What has to be held before a delegation is looked at to be changed."""

    delegation_id: UUID
    pupil_id: UUID
    relation_id: UUID | None


async def place_of(
    connection: AsyncConnection, *, delegation_id: UUID | None = None, token_digest: bytes | None = None
) -> Place | None:
    """Where a delegation belongs, by its id or by its link."""
    which = (
        delegations.c.token_digest == token_digest
        if delegation_id is None
        else delegations.c.id == delegation_id
    )
    row = (
        await connection.execute(
            select(delegations.c.id, delegations.c.pupil_id, delegations.c.relation_id).where(which)
        )
    ).first()
    return None if row is None else Place(row.id, row.pupil_id, row.relation_id)


async def by_id(
    connection: AsyncConnection, keyring: Keyring, delegation_id: UUID, *, today: date
) -> Known | None:
    """One delegation."""
    row = (await connection.execute(_known(today).where(delegations.c.id == delegation_id))).first()
    return None if row is None else _row(row, keyring)


async def unended(
    connection: AsyncConnection, *, relation_id: UUID | None = None, person_id: UUID | None = None
) -> list[Place]:
    """What ends with a relation, or with a person's account; in an order in which locks do not cross."""
    which = (
        or_(delegations.c.trusted_id == person_id, delegations.c.grantor_id == person_id)
        if relation_id is None
        else delegations.c.relation_id == relation_id
    )
    found = await connection.execute(
        select(delegations.c.id, delegations.c.pupil_id, delegations.c.relation_id)
        .where(which, delegations.c.ended_at.is_(None))
        .order_by(delegations.c.pupil_id, delegations.c.id)
    )
    return [Place(row.id, row.pupil_id, row.relation_id) for row in found]


async def sweep_delegations(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget invitations that came to nothing, and with them strangers' addresses, once nobody sees them."""
    await connection.execute(
        delete(delegations).where(
            delegations.c.accepted_at.is_(None), delegations.c.answer_by <= now - KEPT_IN_SIGHT
        )
    )


def _context(delegation_id: UUID) -> str:
    return f"invitee of delegation {delegation_id}"


def _row(row: Any, keyring: Keyring) -> Known:
    invitee = keyring.open(Sealed(row.invitee_box, row.invitee_box_key), context=_context(row.id))
    one = Delegation(
        id=row.id,
        pupil_id=row.pupil_id,
        grantor_id=row.grantor_id,
        relation_id=row.relation_id,
        scopes=_scopes(row.scopes),
        valid_until=row.valid_until,
        invited_at=row.invited_at,
        answer_by=row.answer_by,
        invitee=invitee,
        trusted_id=row.trusted_id,
        message_id=row.message_id,
        accepted_at=row.accepted_at,
        ended_at=row.ended_at,
        ended_as=State(row.ended_as) if row.ended_as else None,
        version=row.version,
    )
    pupil, grantor, trusted = (
        FullName(*(getattr(row, f"{who}_{part}") or "" for part in _PARTS))
        for who in ("pupil", "grantor", "trusted")
    )
    return Known(one, row.right_holds, pupil, grantor, trusted if trusted.surname else None)


def _scopes(numbers: Iterable[int]) -> frozenset[Scope]:
    return frozenset(Scope(number) for number in numbers)
