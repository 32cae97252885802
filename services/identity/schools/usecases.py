"""Naming schools, and keeping the copy of the diary's facts up to date in the transaction of their event."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.identity.schools import storage
from services.identity.schools.rules import MOST_SHOWN, Connection, UnknownSchool, words_of
from services.identity.schools.storage import School
from services.kit.copies import keep_newest, know_no_more
from services.kit.database import Database, Transaction


class Schools:
    """What anybody may know of the region's schools."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, title: str) -> tuple[list[School], bool]:
        """Schools with every word of ``title`` in theirs, twenty at the most; and whether there are more."""
        async with self._database.read() as connection:
            found = await storage.schools_titled(connection, words_of(title), limit=MOST_SHOWN + 1)
        return found[:MOST_SHOWN], len(found) > MOST_SHOWN

    async def get(self, school_id: UUID) -> School:
        """A school. Raises `UnknownSchool`."""
        async with self._database.read() as connection:
            found = await storage.school(connection, school_id)
        if found is None:
            raise UnknownSchool
        return found


async def keep_school(
    tx: Transaction,
    *,
    school_id: UUID,
    title: str,
    zone: str,
    connection: Connection,
    connects_on: date | None,
    version: int,
    source_event: UUID,
) -> None:
    """Know a school by its newest title and zone, and whether it is connected."""
    row = {
        "school_id": school_id,
        "title": title,
        "zone": zone,
        "connection": connection,
        "connects_on": connects_on,
        "version": version,
        "source_event": source_event,
    }
    await keep_newest(tx.connection, storage.schools, row)


async def keep_class(
    tx: Transaction,
    *,
    class_id: UUID,
    school_id: UUID,
    title: str,
    grade: int,
    homeroom_teacher_id: UUID | None,
    version: int,
    source_event: UUID,
) -> None:
    """Know a class by its newest title and homeroom teacher."""
    row = {
        "class_id": class_id,
        "school_id": school_id,
        "title": title,
        "grade": grade,
        "homeroom_teacher_id": homeroom_teacher_id,
        "version": version,
        "source_event": source_event,
    }
    await keep_newest(tx.connection, storage.classes, row)


async def keep_membership(
    tx: Transaction,
    *,
    membership_id: UUID,
    class_id: UUID,
    school_id: UUID,
    pupil_id: UUID,
    valid_from: date,
    valid_until: date | None,
    version: int,
    source_event: UUID,
) -> None:
    """Know from when to when a pupil is in a class."""
    row = {
        "membership_id": membership_id,
        "class_id": class_id,
        "school_id": school_id,
        "pupil_id": pupil_id,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "version": version,
        "source_event": source_event,
    }
    await keep_newest(tx.connection, storage.memberships, row)


async def distrust_class(tx: Transaction, *, class_id: UUID, version: int, source_event: UUID) -> None:
    """Let nobody count as homeroom teacher while what was told of the class last cannot be read."""
    await know_no_more(
        tx.connection,
        storage.classes,
        class_id,
        "homeroom_teacher_id",
        version=version,
        source_event=source_event,
    )


async def distrust_membership(
    tx: Transaction, *, membership_id: UUID, version: int, source_event: UUID
) -> None:
    """Let a pupil count as nobody's while what was told of the membership last cannot be read."""
    await know_no_more(
        tx.connection,
        storage.memberships,
        membership_id,
        "valid_from",
        version=version,
        source_event=source_event,
    )
