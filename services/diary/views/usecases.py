"""Writing down that a trusted person looked, and telling the family."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from services.diary.access.rules import NotTheirPupil, Why
from services.diary.schools.usecases import Schools
from services.diary.views import storage
from services.diary.views.rules import View
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.paging import Page, PageWish


class Views:
    """Who looked into a pupil's diary, beside the family itself.

    Args:
        database: where it is.
        schools: knows who is family today.
        clock: what time it is.
    """

    def __init__(self, database: Database, schools: Schools, clock: Clock) -> None:
        self._database = database
        self._schools = schools
        self._clock = clock
        # What this process has committed in the present quarter of an hour: it need not be written again.
        self._quarter: datetime | None = None
        self._noted: set[tuple[UUID, UUID, date]] = set()

    async def note(self, viewer_id: UUID, pupil_id: UUID, *, first_day: date, last_day: date) -> None:
        """Write a view down, and into the audit; the same again within a quarter of an hour is the same view.

        Raises:
            Unavailable: it could not be written down: then nothing may be shown.
        """
        now = self._clock.now()
        view = View(new_id(), pupil_id, viewer_id, now, first_day, last_day)
        if self._quarter != view.quarter:
            self._quarter, self._noted = view.quarter, set()
        look = (pupil_id, viewer_id, first_day)
        if look in self._noted:
            return
        noted = self._noted
        async with self._database.transaction() as tx:
            if await storage.insert_view(tx.connection, view):
                tx.audit(
                    actor=str(viewer_id),
                    action="view_week",
                    object_kind="pupil",
                    object_id=str(pupil_id),
                    why=f"{first_day.isoformat()}/{last_day.isoformat()}",
                    subject=pupil_id,
                )
        noted.add(look)

    async def of_pupil(self, caller_id: UUID, pupil_id: UUID, wish: PageWish) -> Page[View]:
        """Views of a pupil's diary.

        Raises:
            NotTheirPupil: the caller is not the pupil, nor stands for them today.
        """
        mine = await self._schools.my_pupils(caller_id)
        if not any(one.pupil_id == pupil_id and one.sight.why is not Why.TRUSTED for one in mine):
            raise NotTheirPupil
        async with self._database.read() as connection:
            found = await storage.of_pupil(connection, pupil_id, before=wish.after, limit=wish.limit)
        return wish.page(found, lambda view: view.id)
