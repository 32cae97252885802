"""Who looks into the register, and how far."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from school.access.v1.policy_pb2 import Role as WireRole
from services.identity.keyring import Keyring
from services.identity.people.rights import operates, registers, require_registrar
from services.identity.people.rules import UnknownPerson
from services.identity.register import storage
from services.identity.register.rules import LEAST_AT_SCHOOL, LEAST_IN_REGION, Refusal, Span, Words
from services.identity.register.storage import Listed
from services.kit.caller import Caller
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.errors import RoleNeeded
from services.kit.paging import Page, PageWish

"""A page, and whether there are more."""


class Register:
    """What registrars and operators may see of people, and of their refusals.

    Args:
        zone: whose days are counted.
    """

    def __init__(self, database: Database, keyring: Keyring, *, zone: ZoneInfo, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._zone = zone
        self._clock = clock

    async def search_school(self, caller: Caller, school_id: UUID, text: str, wish: PageWish) -> Page[Listed]:
        """People of the caller's school. Raises `NotTheirSchool`, `WordsNeeded`, `BadPageToken`."""
        async with self._database.read() as connection:
            await require_registrar(connection, caller, school_id)
            words = Words.read(text, least=LEAST_AT_SCHOOL)
            found = await storage.search(
                connection, self._keyring, words, school_id=school_id, after=wish.after, limit=wish.limit
            )
        return wish.page(found, lambda listed: listed.person_id)

    async def search_region(self, caller: Caller, text: str, wish: PageWish) -> Page[Listed]:
        """People of the region; that somebody searched is audited.

        Raises:
            RoleNeeded: the caller is no operator.
            WordsNeeded: no word is long enough.
            BadPageToken: the token is none of this search.
        """
        async with self._database.transaction() as tx:
            if not await operates(tx.connection, caller):
                raise RoleNeeded
            words = Words.read(text, least=LEAST_IN_REGION)
            found = await storage.search(
                tx.connection, self._keyring, words, school_id=None, after=wish.after, limit=wish.limit
            )
            page = wish.page(found, lambda listed: listed.person_id)
            tx.audit(
                actor=str(caller.person_id),
                action="search_register",
                object_kind="region",
                object_id="register",
                why=f"{len(page.rows)} shown",
            )
        return page

    async def refusals(
        self, caller: Caller, person_id: UUID, day: date | None
    ) -> tuple[Listed, list[Refusal]]:
        """A person of the caller's schools, and why they were refused on a day, None: lately.

        Raises:
            UnknownPerson: there is none, or none of theirs (A34).
        """
        span = (
            Span.of_day(day, self._zone)
            if day
            else Span.of_last_days(self._clock.today(self._zone), self._zone)
        )
        async with self._database.read() as connection:
            person = await storage.one(connection, self._keyring, person_id)
            if person is None or not await self._sees(connection, caller, person_id):
                raise UnknownPerson
            return person, await storage.refusals_of(connection, person_id, span)

    async def unknown(self, caller: Caller, until: date | None) -> list[tuple[date, str, int]]:
        """Refusals of profiles that are no single person's: day, reason, count. Raises `RoleNeeded`."""
        last = until or self._clock.today(self._zone)
        async with self._database.read() as connection:
            if not await self._works_with_people(connection, caller):
                raise RoleNeeded
            return await storage.unknown_refusals(
                connection, Span.of_week_until(last, self._zone), self._zone
            )

    async def _sees(self, connection: AsyncConnection, caller: Caller, person_id: UUID) -> bool:
        if await operates(connection, caller):
            return True
        for school_id in await storage.schools_of(connection, person_id):
            if await registers(connection, caller, school_id):
                return True
        return False

    async def _works_with_people(self, connection: AsyncConnection, caller: Caller) -> bool:
        return await operates(connection, caller) or (
            WireRole.ROLE_REGISTRAR in caller.roles
            and await storage.registers_somewhere(connection, caller.person_id)
        )
