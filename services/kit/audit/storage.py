"""Every query on the audit and its chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.audit.chain import BEGINNING, Entry, Link
from services.kit.leading import Seat
from services.kit.tables import audit, audit_chain, audit_unsealed

SEAT: Final = Seat(0x6175646974000001, "audit")
"""Of the one sealer."""
SOON: Final = timedelta(minutes=1)
"""An entry that is older and not sealed was not written by the service, or its seal was removed."""

_ENTRY: Final = (
    audit.c.id,
    audit.c.at,
    audit.c.actor,
    audit.c.action,
    audit.c.object_kind,
    audit.c.object_id,
    audit.c.why,
    audit.c.subject,
)
_LAST: Final = (
    select(audit_chain.c.position, audit_chain.c.digest).order_by(audit_chain.c.position.desc()).limit(1)
)
# Only what was committed is seen: entries come into the chain in the order in which they could be read, those
# that were committed together in the order in which they were written.
_UNSEALED: Final = (
    select(*_ENTRY)
    .join_from(audit_unsealed, audit, audit.c.id == audit_unsealed.c.entry_id)
    .order_by(audit_unsealed.c.entry_id)
    .limit(bindparam("most"))
)
_SEAL: Final = insert(audit_chain)
_SEALED: Final = delete(audit_unsealed).where(
    audit_unsealed.c.entry_id == func.any(bindparam("ids", type_=ARRAY(Uuid)))
)
_LINKS: Final = (
    select(audit_chain.c.position, audit_chain.c.digest, audit_chain.c.entry_id, *_ENTRY)
    .join_from(audit_chain, audit, audit.c.id == audit_chain.c.entry_id, isouter=True)
    .where(audit_chain.c.position > bindparam("after"))
    .order_by(audit_chain.c.position)
    .limit(bindparam("most"))
)


async def last(connection: AsyncConnection) -> tuple[int, bytes]:
    """Position and digest of the chain's last entry; 0 and `BEGINNING` while it is empty."""
    row = (await connection.execute(_LAST)).first()
    return (0, BEGINNING) if row is None else (row.position, bytes(row.digest))


async def unsealed(connection: AsyncConnection, most: int) -> list[Entry]:
    """Some entries that the chain does not hold yet."""
    return [Entry(*row) for row in await connection.execute(_UNSEALED, {"most": most})]


async def seal(connection: AsyncConnection, links: Sequence[Link]) -> None:
    """Put entries into the chain; they wait no longer."""
    await connection.execute(
        _SEAL,
        [{"position": one.position, "entry_id": one.entry.id, "digest": one.digest} for one in links],
    )
    await connection.execute(_SEALED, {"ids": [one.entry.id for one in links]})


async def digest_at(connection: AsyncConnection, position: int) -> bytes | None:
    """The digest at a position, `BEGINNING` at 0; None when there is no such position."""
    if position == 0:
        return BEGINNING
    found: bytes | None = await connection.scalar(
        select(audit_chain.c.digest).where(audit_chain.c.position == position)
    )
    return None if found is None else bytes(found)


async def entry_at(connection: AsyncConnection, position: int) -> UUID | None:
    """Which entry lies at a position."""
    found: UUID | None = await connection.scalar(
        select(audit_chain.c.entry_id).where(audit_chain.c.position == position)
    )
    return found


async def links_after(
    connection: AsyncConnection, position: int, most: int
) -> list[tuple[int, bytes, UUID, Entry | None]]:
    """The chain after a position: position, digest, the entry's id, and the entry itself if it is there."""
    rows = await connection.execute(_LINKS, {"after": position, "most": most})
    return [_link(row) for row in rows]


def _link(row: Any) -> tuple[int, bytes, UUID, Entry | None]:
    position, digest, entry_id, *entry = row
    return position, bytes(digest), entry_id, None if entry[0] is None else Entry(*entry)


async def misplaced(connection: AsyncConnection, first: UUID | None, final: UUID | None) -> bool:
    """Whether an entry between two ids, None for no bound, is not in the chain exactly once.

    Entries of the last minute may wait for their seal. One that pretends to come from the future may not.
    """
    times = (
        select(func.count())
        .select_from(audit_chain)
        .where(audit_chain.c.entry_id == audit.c.id)
        .scalar_subquery()
    )
    late = or_(audit.c.at < func.now() - SOON, audit.c.at > func.now() + SOON)
    bounds = []
    if first is not None:
        bounds.append(audit.c.id >= first)
    if final is not None:
        bounds.append(audit.c.id <= final)
    found = await connection.execute(
        select(audit.c.id).where(*bounds, or_(times > 1, and_(times == 0, late))).limit(1)
    )
    return found.first() is not None


async def of_person(
    connection: AsyncConnection,
    *,
    person_id: UUID,
    objects: Collection[tuple[str, str]],
    before: UUID | None,
    limit: int,
) -> list[tuple[Entry, int, bytes]]:
    """What concerns a person, was done by them, or was done to one of their objects; the newest first.

    Args:
        connection: to read with.
        person_id: the person.
        objects: what belongs to them, as (kind, id).
        before: only entries older than this one; None for all.
        limit: how many at most.

    Returns:
        Each entry with its position and digest; 0 and nothing while it is not sealed.
    """
    older = [] if before is None else [audit.c.id < before]
    theirs: list[Any] = [audit.c.subject == person_id, audit.c.actor == str(person_id)]
    for kind in sorted({kind for kind, _ in objects}):
        ids = [one for of, one in objects if of == kind]
        theirs.append(and_(audit.c.object_kind == kind, audit.c.object_id.in_(ids)))
    # Each part comes from its own index, already in order; together they are a few pages.
    parts = [
        select(*_ENTRY).where(condition, *older).order_by(audit.c.id.desc()).limit(limit).subquery()
        for condition in theirs
    ]
    together = select(parts[0]).union(*(select(part) for part in parts[1:])).subquery()
    rows = await connection.execute(
        select(together, audit_chain.c.position, audit_chain.c.digest)
        .join_from(together, audit_chain, audit_chain.c.entry_id == together.c.id, isouter=True)
        .order_by(together.c.id.desc())
        .limit(limit)
    )
    return [(Entry(*row[:8]), row[8] or 0, bytes(row[9] or b"")) for row in rows]
