"""Searches under way, and proposals, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.binding.rules.matching import Registered
from services.identity.esia_children.rules import Proposal, ProposalState
from services.identity.keyring import Keyring, Sealed
from services.identity.metadata import metadata
from services.identity.people.rules import FullName, PersonStatus, Role, Snils
from services.identity.people.storage import people, person_roles
from services.kit.ids import new_id

child_searches = Table(
    "child_searches",
    metadata,
    Column("state_digest", LargeBinary, primary_key=True),  # SHA-256 of the state
    Column("session_id", Uuid, nullable=False),  # the one that pressed the button; no other may end it
    Column("person_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    # The sweep of those that nobody came back from.
    Index("child_searches_by_expiry", "expires_at"),
)

relation_proposals = Table(
    "relation_proposals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("guardian_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("pupil_id", Uuid, ForeignKey("people.id"), nullable=False),
    Column("school_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),  # a `ProposalState`
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Uuid),
    Column("reason", Text, nullable=False, server_default=text("''")),
    # One at a time for two persons; a guardian's own.
    Index(
        "relation_proposals_one_waiting",
        "guardian_id",
        "pupil_id",
        unique=True,
        postgresql_where=text("state = 'WAITING'"),
    ),
    # What a school has to look at.
    Index("relation_proposals_of_school", "school_id", "id", postgresql_where=text("state = 'WAITING'")),
)

_guardian, _pupil = people.alias("guardian"), people.alias("pupil")


async def begin_search(
    connection: AsyncConnection, state_digest: bytes, *, session_id: UUID, person_id: UUID, until: datetime
) -> None:
    """Remember a state, and whose it is."""
    await connection.execute(
        insert(child_searches).values(
            state_digest=state_digest, session_id=session_id, person_id=person_id, expires_at=until
        )
    )


async def take_search(
    connection: AsyncConnection, state_digest: bytes, *, session_id: UUID, now: datetime
) -> bool:
    """Use a state up; whether it was this session's, unused and in time."""
    taken = await connection.execute(
        delete(child_searches)
        .where(
            child_searches.c.state_digest == state_digest,
            child_searches.c.session_id == session_id,
            child_searches.c.expires_at > now,
        )
        .returning(child_searches.c.state_digest)
    )
    return taken.first() is not None


async def pupils_with_snils(
    connection: AsyncConnection, digests: Sequence[bytes], keyring: Keyring
) -> list[Registered]:
    """Every registered person with one of these digests who is a pupil somewhere."""
    is_pupil = exists().where(person_roles.c.person_id == people.c.id, person_roles.c.role == Role.PUPIL)
    found = await connection.execute(
        select(people).where(
            people.c.snils_index.in_(list(digests)), people.c.status == PersonStatus.ACTIVE, is_pupil
        )
    )
    return [
        Registered(
            row.id,
            FullName(row.surname, row.given_name, row.patronymic),
            row.birth_date,
            Snils(keyring.open(Sealed(row.snils_box, row.snils_box_key), context=f"snils of {row.id}")),
            row.snils_disputed,
        )
        for row in found
    ]


async def propose(
    connection: AsyncConnection, *, guardian_id: UUID, pupil_id: UUID, school_id: UUID, at: datetime
) -> bool:
    """Have a school decide; whether it did not have to already.

    What waits at a school that the pupil has left goes to this one: there it could only be refused.
    """
    studies_there = exists().where(
        person_roles.c.person_id == relation_proposals.c.pupil_id,
        person_roles.c.school_id == relation_proposals.c.school_id,
        person_roles.c.role == Role.PUPIL,
    )
    moved = await connection.execute(
        update(relation_proposals)
        .where(
            relation_proposals.c.guardian_id == guardian_id,
            relation_proposals.c.pupil_id == pupil_id,
            relation_proposals.c.state == ProposalState.WAITING,
            ~studies_there,
        )
        .values(school_id=school_id, proposed_at=at)
        .returning(relation_proposals.c.id)
    )
    if moved.first() is not None:
        return True
    inserted = await connection.execute(
        insert(relation_proposals)
        .values(
            id=new_id(),
            guardian_id=guardian_id,
            pupil_id=pupil_id,
            school_id=school_id,
            state=ProposalState.WAITING,
            proposed_at=at,
        )
        .on_conflict_do_nothing()
        .returning(relation_proposals.c.id)
    )
    return inserted.first() is not None


async def waiting_of(connection: AsyncConnection, guardian_id: UUID) -> list[Proposal]:
    """What a guardian waits for."""
    return await _waiting(connection, relation_proposals.c.guardian_id == guardian_id, most=100)


async def waiting_at(connection: AsyncConnection, school_id: UUID, *, most: int) -> list[Proposal]:
    """What waits at a school, the oldest first."""
    return await _waiting(connection, relation_proposals.c.school_id == school_id, most=most)


async def proposal(connection: AsyncConnection, proposal_id: UUID) -> Proposal | None:
    """The proposal with this id."""
    found = await connection.execute(_proposals().where(relation_proposals.c.id == proposal_id))
    row = found.first()
    return None if row is None else _proposal(row)


async def decide(
    connection: AsyncConnection,
    proposal_id: UUID,
    state: ProposalState,
    *,
    by: UUID,
    at: datetime,
    reason: str,
) -> None:
    """Write down what became of a proposal."""
    await connection.execute(
        update(relation_proposals)
        .where(relation_proposals.c.id == proposal_id)
        .values(state=state, decided_by=by, decided_at=at, reason=reason)
    )


async def sweep_child_searches(connection: AsyncConnection, *, now: datetime) -> None:
    """Forget the searches that nobody came back from."""
    await connection.execute(delete(child_searches).where(child_searches.c.expires_at <= now))


async def _waiting(connection: AsyncConnection, which: ColumnElement[bool], *, most: int) -> list[Proposal]:
    found = await connection.execute(
        _proposals()
        .where(which, relation_proposals.c.state == ProposalState.WAITING)
        .order_by(relation_proposals.c.id)
        .limit(most)
    )
    return [_proposal(row) for row in found]


def _proposals() -> Any:
    return (
        select(
            relation_proposals,
            *(_guardian.c[part].label(f"guardian_{part}") for part in _PARTS),
            *(_pupil.c[part].label(f"pupil_{part}") for part in _PARTS),
        )
        .join_from(relation_proposals, _guardian, _guardian.c.id == relation_proposals.c.guardian_id)
        .join(_pupil, _pupil.c.id == relation_proposals.c.pupil_id)
    )


_PARTS = ("surname", "given_name", "patronymic")


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row.id,
        row.guardian_id,
        FullName(row.guardian_surname, row.guardian_given_name, row.guardian_patronymic),
        row.pupil_id,
        FullName(row.pupil_surname, row.pupil_given_name, row.pupil_patronymic),
        row.school_id,
        ProposalState(row.state),
        row.proposed_at,
    )
