"""What other services ask, as queries; and the order in which changes were written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Table,
    Uuid,
    and_,
    delete,
    exists,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.delegations.storage import delegations
from services.identity.directory.rules import KEPT, Change, Cursor, Record, Resolved
from services.identity.families.storage import relations
from services.identity.leaving.storage import former_roles
from services.identity.links.rules import Provider
from services.identity.metadata import metadata
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import WHOLE_REGION, people, person_roles
from services.identity.schools.storage import schools
from services.kit.ids import id_at
from services.kit.tables import outbox

_SWEPT_AT_ONCE: Final = 10_000

access_changes = Table(
    "access_changes",
    metadata,
    # The number of the transaction that wrote the event, by the trigger `access_is_changed` on the outbox.
    Column(
        "transaction",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        server_default=text("pg_current_xact_id()::text::bigint"),
    ),
    # A row of the outbox; gone when that is swept.
    Column("event_id", Uuid, primary_key=True),
)
# Transactions below are settled: committed, or never will be.
_SETTLED_BELOW: Final = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)


async def person_by_id(connection: AsyncConnection, person_id: UUID, provider: Provider) -> Resolved | None:
    """Who has this id."""
    return await _resolved(connection, people.c.id == person_id, provider)


async def person_by_profile(
    connection: AsyncConnection, issuer: str, subject: str, provider: Provider
) -> Resolved | None:
    """To whose account the profile is bound, in this region."""
    bound = (
        select(accounts.c.person_id)
        .join_from(bindings, accounts, accounts.c.id == bindings.c.account_id)
        .where(
            bindings.c.subject == subject,
            bindings.c.region == provider.region,
            bindings.c.provider == issuer,
            bindings.c.ended_at.is_(None),
        )
        .scalar_subquery()
    )
    return await _resolved(connection, people.c.id == bound, provider)


async def _resolved(
    connection: AsyncConnection, which: ColumnElement[bool], provider: Provider
) -> Resolved | None:
    is_bound = exists().where(
        bindings.c.account_id == accounts.c.id,
        bindings.c.region == provider.region,
        bindings.c.provider == provider.issuer,
        bindings.c.ended_at.is_(None),
    )
    found = await connection.execute(
        select(
            people.c.id,
            people.c.status,
            accounts.c.state,
            is_bound.label("bound"),
            person_roles.c.role,
            person_roles.c.school_id,
        )
        .join_from(people, accounts, accounts.c.person_id == people.c.id, isouter=True)
        .outerjoin(person_roles, person_roles.c.person_id == people.c.id)
        .where(which)
        .order_by(person_roles.c.role, person_roles.c.school_id)
    )
    rows = found.all()
    if not rows:
        return None
    first = rows[0]
    return Resolved(
        first.id,
        PersonStatus(first.status),
        tuple(
            (Role(row.role), None if row.school_id == WHOLE_REGION else row.school_id)
            for row in rows
            if row.role is not None
        ),
        may_enter=first.state == AccountState.OPEN and first.status == PersonStatus.ACTIVE,
        bound=first.bound,
    )


async def record_of(connection: AsyncConnection, person_id: UUID) -> Record:
    """Whether schools keep a record of somebody as a pupil."""
    is_pupil = exists().where(person_roles.c.person_id == people.c.id, person_roles.c.role == Role.PUPIL)
    was_pupil = exists().where(former_roles.c.person_id == people.c.id, former_roles.c.role == Role.PUPIL)
    found = await connection.execute(
        select(people.c.status, is_pupil.label("is_pupil"), was_pupil.label("was_pupil")).where(
            people.c.id == person_id
        )
    )
    row = found.first()
    if row is None or row.status == PersonStatus.BLOCKED:
        return Record.NONE
    if row.is_pupil and row.status == PersonStatus.ACTIVE:
        return Record.PRESENT
    return Record.FORMER if row.is_pupil or row.was_pupil else Record.NONE


async def relations_of(connection: AsyncConnection, pupil_id: UUID, viewer_id: UUID | None) -> Sequence[Any]:
    """Relations to a pupil that nobody has ended, of one guardian or all, with the zone that decides the day.

    Only of persons who take part; whether the day has come is for the zone to say.
    """
    found = await connection.execute(
        select(
            relations.c.guardian_id,
            relations.c.kind,
            relations.c.valid_from,
            relations.c.valid_until,
            schools.c.zone,
        )
        .join_from(relations, people, people.c.id == relations.c.guardian_id)
        .outerjoin(schools, schools.c.school_id == relations.c.school_id)
        .where(
            relations.c.pupil_id == pupil_id,
            relations.c.ended_at.is_(None),
            people.c.status == PersonStatus.ACTIVE,
            *([] if viewer_id is None else [relations.c.guardian_id == viewer_id]),
        )
    )
    return found.all()


async def delegations_of(
    connection: AsyncConnection, pupil_id: UUID, viewer_id: UUID | None
) -> Sequence[Any]:
    """Accepted delegations that nobody has ended, with the days of the relation that each came from."""
    found = await connection.execute(
        select(
            delegations.c.trusted_id,
            delegations.c.scopes,
            delegations.c.valid_until,
            delegations.c.relation_id,
            relations.c.valid_from.label("right_from"),
            relations.c.valid_until.label("right_until"),
            schools.c.zone,
        )
        .join_from(delegations, people, people.c.id == delegations.c.trusted_id)
        .outerjoin(relations, relations.c.id == delegations.c.relation_id)
        .outerjoin(schools, schools.c.school_id == relations.c.school_id)
        .where(
            delegations.c.pupil_id == pupil_id,
            delegations.c.accepted_at.is_not(None),
            delegations.c.ended_at.is_(None),
            people.c.status == PersonStatus.ACTIVE,
            # By the pupil's own right, or by a relation that nobody has ended.
            or_(
                delegations.c.relation_id.is_(None),
                and_(relations.c.id.is_not(None), relations.c.ended_at.is_(None)),
            ),
            *([] if viewer_id is None else [delegations.c.trusted_id == viewer_id]),
        )
    )
    return found.all()


async def changes_since(
    connection: AsyncConnection, cursor: Cursor, *, types: Collection[str], limit: int, now: datetime
) -> tuple[list[Change], Cursor, bool]:
    """Settled changes after a cursor, where they end, and whether there are more.

    In one statement: the rows and the border between what is settled and what is not are of one snapshot.
    """
    after = tuple_(access_changes.c.transaction, access_changes.c.event_id) > tuple_(
        cursor.transaction, cursor.event_id
    )
    listed = (
        select(access_changes.c.transaction, access_changes.c.event_id, outbox)
        .join_from(access_changes, outbox, outbox.c.id == access_changes.c.event_id)
        .where(after, access_changes.c.transaction < _SETTLED_BELOW, outbox.c.type.in_(list(types)))
        .order_by(access_changes.c.transaction, access_changes.c.event_id)
        .limit(limit + 1)
        .subquery("listed")
    )
    # Outer: also without any change the border is told.
    border = select(_SETTLED_BELOW.label("settled_below")).subquery("border")
    found = await connection.execute(
        select(border.c.settled_below, listed)
        .join_from(border, listed, text("true"), isouter=True)
        .order_by(listed.c.transaction, listed.c.event_id)
    )
    rows = found.all()
    border_now = max(rows[0].settled_below, cursor.transaction)
    told = [row for row in rows if row.event_id is not None]
    more = len(told) > limit
    told = told[:limit]
    changes = [Change(row.type, row.payload, row.aggregate_id, row.occurred_at) for row in told]
    if more:
        return changes, Cursor(told[-1].transaction, told[-1].event_id, now), True
    return changes, Cursor(border_now, UUID(int=0), now), False


async def sweep_access_changes(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget the order of events that the outbox has swept."""
    oldest = (
        select(access_changes.c.transaction, access_changes.c.event_id)
        .order_by(access_changes.c.transaction, access_changes.c.event_id)
        .limit(_SWEPT_AT_ONCE)
    )
    await connection.execute(
        delete(access_changes).where(
            tuple_(access_changes.c.transaction, access_changes.c.event_id).in_(oldest),
            access_changes.c.event_id < id_at(now - KEPT),
            ~exists().where(outbox.c.id == access_changes.c.event_id),
        )
    )
