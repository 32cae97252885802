"""Sealing what was committed: one sealer for each service, woken by commits.

Entries are written in the transaction of what they tell of, beside all others; only the sealer knows an
order, so nobody who writes waits for anybody. Invariants:

- An entry is sealed once: the chain, and the end of its waiting, are one transaction, on the connection that
  holds the sealer's lock.
- Only what was committed is sealed, and soon: the commit wakes the sealer; what a replica left that was
  killed just then is found within seconds.
"""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.audit import storage
from services.kit.audit.chain import Link, digest_after
from services.kit.database import Database
from services.kit.leading import Leader

_BATCH: Final = 500  # about ten milliseconds of the event loop
_PAUSE_S: Final = 1.0  # the commits of a busy service are sealed together; one alone is sealed at once
_LOOK_EVERY_S: Final = 20  # for what nobody told of: an entry may wait a minute
_TAKE_OVER_S: Final = 5
_TELL_EVERY_S: Final = 0.5


class AuditSealer(Leader):
    """Seals the audit of a service's database. ``async with`` runs it; of all replicas one works."""

    def __init__(self, database: Database) -> None:
        super().__init__(
            "sealer", database, storage.SEAT, take_over_s=_TAKE_OVER_S, tell_every_s=_TELL_EVERY_S
        )
        database.on_audit(self._work.set)

    async def _lead(self, connection: AsyncConnection) -> None:
        """Seal, for as long as nobody else may."""
        while True:
            self._work.clear()
            if await seal_some(connection) < _BATCH and not self._work.is_set():
                await self._work_within(_LOOK_EVERY_S)
            await asyncio.sleep(_PAUSE_S)


async def seal_some(connection: AsyncConnection) -> int:
    """Seal some of what waits, in one transaction; returns how many. For whoever holds the sealer's lock."""
    async with connection.begin():
        entries = await storage.unsealed(connection, _BATCH)
        if not entries:
            return 0
        position, digest = await storage.last(connection)
        links = []
        for entry in entries:
            position += 1
            digest = digest_after(digest, position, entry)
            links.append(Link(position, digest, entry))
        await storage.seal(connection, links)
    return len(links)
