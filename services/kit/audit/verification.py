"""Checking the chain, piece by piece, and against digests that were kept elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.audit import storage
from services.kit.audit.chain import BEGINNING, Entry, Link, digest_after

PIECE: Final = 5_000
"""Entries that are checked at once: a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has found so far."""

    count: int
    """Entries that were checked."""
    position: int
    """The last one that is in order."""
    digest: bytes
    """The chain's digest there."""
    broken_at: int | None = None
    """The first place that is not in order; the place after the last when an entry is missing there."""
    complete: bool = False
    """Whether the chain's end was reached."""

    @property
    def whole(self) -> bool:
        """Whether everything checked is in order."""
        return self.broken_at is None


async def verify_piece(connection: AsyncConnection, after: int = 0, *, most: int = PIECE) -> Checked:
    """Check some of the chain after a position that was checked before; pieces that meet leave nothing out.

    Each link follows the one before without a gap, its entry is there and unaltered, and every entry written
    between those of this piece is in the chain exactly once.
    """
    digest = await storage.digest_at(connection, after)
    if digest is None:
        return Checked(0, after, BEGINNING, broken_at=after)
    ids = [known] if (known := await storage.entry_at(connection, after)) else []
    position = after
    rows = await storage.links_after(connection, after, most)
    for found, its_digest, entry_id, entry in rows:
        if not _follows(position, digest, found, its_digest, entry):
            return Checked(position - after, position, digest, broken_at=position + 1)
        position, digest = found, its_digest
        ids.append(entry_id)
    complete = len(rows) < most
    # What came before the first piece and after the last one belongs to them.
    first = min(ids) if after else None
    final = None if complete else max(ids)
    broken = position + 1 if await storage.misplaced(connection, first, final) else None
    return Checked(position - after, position, digest, broken, complete)


async def verify(connection: AsyncConnection, kept: Mapping[int, bytes] | None = None) -> Checked:
    """Check the whole chain; and that at the positions of ``kept`` it has the digests kept elsewhere."""
    checked = Checked(0, 0, BEGINNING)
    while checked.whole and not checked.complete:
        piece = await verify_piece(connection, checked.position)
        checked = Checked(
            checked.count + piece.count, piece.position, piece.digest, piece.broken_at, piece.complete
        )
    for position, digest in sorted((kept or {}).items()):
        before = checked.broken_at is None or position < checked.broken_at
        if before and await storage.digest_at(connection, position) != digest:
            return Checked(checked.count, checked.position, checked.digest, position, checked.complete)
    return checked


async def links(connection: AsyncConnection, after: int = 0) -> AsyncIterator[Link]:
    """Every link after a position, in order, as it is kept; a link whose entry is gone is left out."""
    while rows := await storage.links_after(connection, after, PIECE):
        for position, digest, _, entry in rows:
            if entry is not None:
                yield Link(position, digest, entry)
        after = rows[-1][0]


def _follows(position: int, before: bytes, found: int, digest: bytes, entry: Entry | None) -> bool:
    return entry is not None and found == position + 1 and digest_after(before, found, entry) == digest
