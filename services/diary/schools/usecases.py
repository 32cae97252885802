"""What people ask about schools and classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.diary.access.rules import Relation, may_see, name_order
from services.diary.access.usecases import require_fresh
from services.diary.metadata import AnyRow
from services.diary.schools import storage
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.messaging.completeness import Completeness

# Today is a different date in different zones; who left yesterday in one may still be there in another.
_AROUND_TODAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PupilInClass:
    """A pupil, and where they study today; without a class everything of the school is empty."""

    pupil_id: UUID
    display_name: str
    school_id: UUID | None = None
    school_title: str = ""
    zone: str = ""
    class_id: UUID | None = None
    class_title: str = ""


class Schools:
    """Tells people which schools and classes concern them."""

    def __init__(self, database: Database, copy: Completeness, clock: Clock) -> None:
        """``copy``: of who may see whom."""
        self._database = database
        self._copy = copy
        self._clock = clock

    async def my_pupils(self, caller_id: UUID) -> list[PupilInClass]:
        """The pupils whose diary the caller may read today, by name, each in their present classes.

        Raises:
            AccessStale: whether the caller still stands for somebody cannot be told just now.
        """
        now = self._clock.now()
        async with self._database.read() as connection:
            rows = await storage.pupils_near(connection, caller_id, since=now.date() - _AROUND_TODAY)
        pupils: dict[UUID, dict[UUID | None, PupilInClass]] = {}
        for row in rows:
            today = now.astimezone(ZoneInfo(row.zone or "UTC")).date()
            relation = Relation(row.valid_from, row.valid_until, row.ended_at is not None)
            if may_see(caller_id, row.pupil_id, is_pupil=bool(row.is_pupil), relations=[relation], on=today):
                pupil = _in_class(row, today)
                pupils.setdefault(pupil.pupil_id, {})[pupil.class_id] = pupil
        if pupils.keys() - {caller_id}:
            require_fresh(self._copy)
        for places in pupils.values():
            if len(places) > 1:
                places.pop(None, None)
        everyone = [pupil for places in pupils.values() for pupil in places.values()]
        return sorted(everyone, key=lambda pupil: (*name_order(pupil.display_name), pupil.class_title))


def _in_class(row: AnyRow, today: date) -> PupilInClass:
    attends = (
        row.class_id is not None and row.from_on <= today and (row.until_on is None or today <= row.until_on)
    )
    name = row.display_name or ""
    if not attends:
        return PupilInClass(row.pupil_id, name)
    return PupilInClass(
        row.pupil_id, name, row.school_id, row.school_title, row.zone, row.class_id, row.class_title
    )
