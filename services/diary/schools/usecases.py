"""What people ask about schools and classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.diary.access.rules import Relation, Sight, family_sight, name_order, trusted_sight
from services.diary.access.storage import DelegationRow, delegation
from services.diary.access.usecases import require_fresh
from services.diary.schools import storage
from services.diary.schools.storage import PupilNear
from services.kit.clock import Clock
from services.kit.messaging.completeness import Completeness
from services.kit.reader import Reader

# Today is a different date in different zones; who left yesterday in one may still be there in another.
_AROUND_TODAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PupilInClass:
    """A pupil, and where they study today; without a class everything of the school is empty."""

    pupil_id: UUID
    display_name: str
    sight: Sight
    """What the caller sees of them, and why."""
    school_id: UUID | None = None
    school_title: str = ""
    zone: str = ""
    class_id: UUID | None = None
    class_title: str = ""


class Schools:
    """Tells people which schools and classes concern them."""

    def __init__(self, reader: Reader, copy: Completeness, clock: Clock) -> None:
        """``copy``: of who may see whom."""
        self._reader = reader
        self._copy = copy
        self._clock = clock

    async def my_pupils(self, caller_id: UUID) -> list[PupilInClass]:
        """The pupils whose diary the caller may read today, by name, each in their present classes.

        Raises:
            AccessStale: whether the caller still stands for somebody cannot be told just now.
        """
        now = self._clock.now()
        rows = await storage.pupils_near(self._reader, caller_id, since=now.date() - _AROUND_TODAY)
        pupils: dict[UUID, dict[UUID | None, PupilInClass]] = {}
        sights: dict[UUID, Sight] = {}
        for row in rows:
            today = now.astimezone(ZoneInfo(row.zone or "UTC")).date()
            sight = _sight(caller_id, row, today)
            if sight is not None:
                known = sights.get(row.pupil_id)
                sights[row.pupil_id] = sight if known is None else known.and_also(sight)
                pupil = _in_class(row, today, sight)
                pupils.setdefault(pupil.pupil_id, {})[pupil.class_id] = pupil
        if pupils.keys() - {caller_id}:
            require_fresh(self._copy)
        for places in pupils.values():
            if len(places) > 1:
                places.pop(None, None)
        everyone = [
            replace(pupil, sight=sights[pupil.pupil_id])
            for places in pupils.values()
            for pupil in places.values()
        ]
        return sorted(everyone, key=lambda pupil: (*name_order(pupil.display_name), pupil.class_title))


def _sight(caller_id: UUID, row: PupilNear, today: date) -> Sight | None:
    if row.trust_scopes is not None:
        trust = DelegationRow(
            row.trust_scopes,
            row.trust_from,
            row.trust_until,
            row.trust_ended_at,
            row.trust_relation_id,
            row.valid_from,
            row.valid_until,
            row.ended_at,
        )
        return trusted_sight([delegation(trust)], on=today)
    relation = Relation(row.valid_from, row.valid_until, row.ended_at is not None)
    return family_sight(caller_id, row.pupil_id, is_pupil=bool(row.is_pupil), relations=[relation], on=today)


def _in_class(row: PupilNear, today: date, sight: Sight) -> PupilInClass:
    attends = (
        row.class_id is not None and row.from_on <= today and (row.until_on is None or today <= row.until_on)
    )
    name = row.display_name or ""
    if not attends:
        return PupilInClass(row.pupil_id, name, sight)
    return PupilInClass(
        row.pupil_id, name, sight, row.school_id, row.school_title, row.zone, row.class_id, row.class_title
    )
