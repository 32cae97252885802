"""What families see of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from services.identity.families.rules.relations import (
    OWN_RIGHTS,
    Child,
    NotTheirFamily,
    Standing,
    TooYoungToSee,
    may_share,
    shown_to,
)
from services.identity.families.storage import limits, standing
from services.identity.families.storage.children import MyChildren, my_children
from services.identity.families.usecases.relating import Relating
from services.identity.people.rules import age_on
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.reader import Reader


@dataclass(frozen=True, slots=True)
class Guardians:
    """Who stands for a pupil, as far as the one who asks may know."""

    standing: tuple[Standing, ...]
    shares: bool
    """Whether the caller sees all of them, and may admit others."""


class Families:
    """Who stands for whom, told to those whom it concerns.

    Args:
        reader: reads what is asked with every family's first page.
        zone: whose days count at a school of which the diary has not told.
    """

    def __init__(
        self, database: Database, reader: Reader, relating: Relating, zone: ZoneInfo, clock: Clock
    ) -> None:
        self._database = database
        self._reader = reader
        self._relating = relating
        self._zone = zone
        self._clock = clock

    async def my_children(self, caller: Caller) -> MyChildren:
        """The pupils whom the caller stands for today, and stood for until they came of age; by name."""
        found = await my_children(self._reader, caller.person_id, now=self._clock.now(), zone=self._zone)
        return MyChildren(_by_name(found.present), _by_name(found.of_age))

    async def guardians(self, caller: Caller, pupil_id: UUID) -> Guardians:
        """Who stands for a pupil today, since when and by whose word.

        For the pupil from the 14th birthday on, and for everybody who stands for them; whom a court forbids
        contacts is shown themselves alone.

        Raises:
            TooYoungToSee: the caller is the pupil, and below 14.
            NotTheirFamily: the caller is neither.
        """
        async with self._database.read() as connection:
            pupil = await standing.pupil(connection, pupil_id)
            schools = await standing.schools_of_pupil(connection, pupil_id)
            if pupil is None or not schools:
                raise NotTheirFamily
            today = await self._relating.today(connection, schools[0])
            present = [
                each
                for each in await standing.relations_of_pupil(connection, pupil_id)
                if each.relation.holds_on(today)
            ]
            if caller.person_id == pupil_id:
                if age_on(pupil.birth_date, today) < OWN_RIGHTS:
                    raise TooYoungToSee
                return Guardians(tuple(present), shares=True)
            if caller.person_id not in {each.relation.guardian_id for each in present}:
                raise NotTheirFamily
            forbidden = await limits.limits_of_pair(connection, caller.person_id, pupil_id, on=today)
        shares = may_share(forbidden)
        return Guardians(shown_to(caller.person_id, present, shares=shares), shares)


def _by_name(children: tuple[Child, ...]) -> tuple[Child, ...]:
    return tuple(sorted(children, key=lambda child: child.name.display.casefold().replace("ё", "е")))
