"""What the region's other services ask."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.directory import storage
from services.identity.directory.rules import (
    Change,
    Cursor,
    Ground,
    GroundKind,
    Record,
    Resolved,
    by_viewer,
    read_cursor,
)
from services.identity.families.rules.relations import (
    RelationKind,
)
from services.identity.links.rules import Provider
from services.identity.people.rules import UnknownPerson
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.paging import page_size


class Directory:
    """Answers from the record itself, never from a copy.

    Args:
        database: identity's.
        provider: this region's ESIA.
        zone: whose days count where the diary has not told of a school.
        clock: the time.
    """

    def __init__(self, database: Database, provider: Provider, zone: ZoneInfo, clock: Clock) -> None:
        self._database = database
        self._provider = provider
        self._zone = zone
        self._clock = clock

    async def resolve(self, person_id: UUID) -> Resolved:
        """Who has this id. Raises `UnknownPerson`."""
        async with self._database.read() as connection:
            return _known(await storage.person_by_id(connection, person_id, self._provider))

    async def resolve_profile(self, issuer: str, subject: str) -> Resolved:
        """To whom an ESIA profile is bound here; ``issuer`` empty: of this region's ESIA.

        Raises:
            UnknownPerson: to nobody of this region.
        """
        async with self._database.read() as connection:
            found = await storage.person_by_profile(
                connection, issuer or self._provider.issuer, subject, self._provider
            )
            return _known(found)

    async def may_see(self, person_id: UUID, pupil_id: UUID) -> list[Ground]:
        """By which rights a person may see a pupil's record today; by none when it is empty."""
        async with self._database.read() as connection:
            record = await storage.record_of(connection, pupil_id)
            if record is Record.NONE:
                return []
            grounds = await self._grounds(connection, record, pupil_id, person_id)
        return by_viewer(grounds).get(person_id, [])

    async def viewers(self, pupil_id: UUID) -> dict[UUID, list[Ground]]:
        """Everybody who may see a pupil's record today.

        Raises:
            UnknownPerson: there is no such pupil.
        """
        async with self._database.read() as connection:
            record = await storage.record_of(connection, pupil_id)
            if record is Record.NONE:
                raise UnknownPerson
            return by_viewer(await self._grounds(connection, record, pupil_id, None))

    async def changes(
        self, cursor: str, size: int, *, types: Collection[str]
    ) -> tuple[list[Change], Cursor, bool]:
        """What has changed since a cursor, where to go on, and whether there is more.

        Raises:
            BadCursor: the cursor is none of ours.
            CursorTooOld: changes after it may have been forgotten.
        """
        since, now = read_cursor(cursor), self._clock.now()
        since.require_kept(now)
        async with self._database.read() as connection:
            return await storage.changes_since(connection, since, types=types, limit=page_size(size), now=now)

    async def _grounds(
        self, connection: AsyncConnection, record: Record, pupil_id: UUID, viewer_id: UUID | None
    ) -> list[Ground]:
        now = self._clock.now()
        by_themselves = record is Record.PRESENT and viewer_id in {None, pupil_id}
        grounds = [Ground(pupil_id, GroundKind.SELF)] if by_themselves else []
        for row in await storage.relations_of(connection, pupil_id, viewer_id):
            if _covers(self._today(now, row.zone), row.valid_from, row.valid_until):
                kind = RelationKind(row.kind)
                grounds.append(
                    Ground(row.guardian_id, GroundKind.GUARDIAN, kind, valid_until=row.valid_until)
                )
        for row in await storage.delegations_of(connection, pupil_id, viewer_id):
            today = self._today(now, row.zone)
            by_right = row.relation_id is None or _covers(today, row.right_from, row.right_until)
            if by_right and today <= row.valid_until:
                until = min(row.valid_until, row.right_until or row.valid_until)
                scopes = frozenset(row.scopes)
                grounds.append(Ground(row.trusted_id, GroundKind.TRUSTED, None, scopes, until))
        return grounds

    def _today(self, now: datetime, zone: str | None) -> date:
        return now.astimezone(ZoneInfo(zone) if zone else self._zone).date()


def _covers(day: date, first: date, last: date | None) -> bool:
    return first <= day and (last is None or day <= last)


def _known(found: Resolved | None) -> Resolved:
    if found is None:
        raise UnknownPerson
    return found
