"""Reading the audit: one's own entries, the operator's archive, and whether the chain is whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.identity.audit import storage
from services.kit.audit import storage as entries
from services.kit.audit.chain import Entry, Link
from services.kit.audit.verification import Checked, verify_piece
from services.kit.caller import Caller
from services.kit.database import Database
from services.kit.paging import Page, PageWish

_USUAL_EXPORT: Final = 1_000
_LARGEST_EXPORT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the person concerned sees it."""

    entry: Entry
    position: int
    """In the chain; 0 until it is sealed."""
    digest: bytes
    actor_name: str
    """Empty when the actor is no person of the region."""


class Audit:
    """What was written down, for those who may read it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mine(self, caller: Caller, wish: PageWish) -> Page[Shown]:
        """What was done to the caller, their account and relations, and what they did; the newest first."""
        async with self._database.read() as connection:
            related = await storage.relations_of(connection, caller.person_id)
            objects = [("person", str(caller.person_id)), ("account", str(caller.account_id))]
            objects += [("relation", str(relation)) for relation in related]
            found = await entries.of_person(
                connection,
                person_id=caller.person_id,
                objects=objects,
                before=wish.after,
                limit=wish.limit,
            )
            page = wish.page(found, lambda row: row[0].id)
            actors = {who for entry, _, _ in page.rows if (who := _person(entry))}
            names = await storage.names_of(connection, actors)
        shown = [
            Shown(entry, position, digest, names.get(_person(entry) or UUID(int=0), ""))
            for entry, position, digest in page.rows
        ]
        return Page(shown, page.next_token)

    async def export(self, *, after: int, size: int) -> list[Link]:
        """Sealed entries after a position, the oldest first."""
        most = min(size, _LARGEST_EXPORT) if size > 0 else _USUAL_EXPORT
        async with self._database.read() as connection:
            rows = await entries.links_after(connection, max(after, 0), most)
        return [Link(position, digest, entry) for position, digest, _, entry in rows if entry is not None]

    async def verify(self, *, after: int) -> Checked:
        """Check a piece of the chain after a position that was checked before."""
        async with self._database.read() as connection:
            return await verify_piece(connection, max(after, 0))


def _person(entry: Entry) -> UUID | None:
    try:
        return UUID(entry.actor)
    except ValueError:
        return None
