"""Persons of the demo region to put a load on behalf of, with tokens signed by the region's own key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from services.kit.clock import SystemClock
from services.kit.tokens import TokenIssuer, issuer_of

# Longer than any bench: the tokens are not what is measured.
_LIFETIME = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Family:
    """A guardian and one of their pupils."""

    guardian_id: UUID
    pupil_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the journal without a mark: what a teacher may fill, and who follows the pupil."""

    lesson_id: UUID
    pupil_id: UUID
    guardian_id: UUID
    subject_title: str
    lesson_date: date
    teacher_token: str


@dataclass(frozen=True, slots=True)
class Homeroom:
    """A class and its homeroom teacher, who may issue credentials for it."""

    school_id: UUID
    class_id: UUID
    token: str


class People:
    """Finds persons in the region's record and signs tokens for them."""

    def __init__(self, region: Region) -> None:
        self._region = region
        code = region.place.code
        self._issuer = TokenIssuer(
            region.place.keys.signing,
            issuer=issuer_of(code),
            region=code,
            lifetime=_LIFETIME,
            clock=SystemClock(),
        )

    def token(self, person_id: UUID, role: Role.ValueType) -> str:
        """An access token of a person in one role."""
        token, _ = self._issuer.issue(
            person_id=person_id, account_id=uuid4(), session_id=uuid4(), roles=frozenset({role})
        )
        return token

    async def all_arrived(self) -> None:
        """Wait until the diary and the notifications know every relation that identity has registered."""
        wanted = await self._count("identity")
        async with asyncio.timeout(60):
            for service in ("diary", "notifications"):
                while await self._count(service) < wanted:
                    await asyncio.sleep(0.05)

    async def _count(self, service: str) -> int:
        [[count]] = await self._fetch("SELECT count(*) FROM relations", database=service)
        return int(count)

    async def families(self, count: int) -> list[Family]:
        """Guardians with a pupil who is in a class, spread over the schools.

        Their right ends on no day that has come in any zone.
        """
        rows = await self._fetch(
            """
            SELECT guardian_id, pupil_id FROM relations JOIN memberships USING (pupil_id)
            WHERE ended_at IS NULL AND coalesce(valid_until, 'infinity') > current_date + 1
              AND until_on IS NULL
            ORDER BY md5(relation_id::text) LIMIT $1
            """,
            count,
        )
        return [Family(row[0], row[1], self.token(row[0], Role.ROLE_GUARDIAN)) for row in rows]

    async def empty_cells(self, count: int) -> list[Cell]:
        """Cells of lessons that have come, each with one guardian of the pupil.

        The pupil has no mark in the subject on that day: a notice names no more than these.
        """
        assert self._region.demo
        rows = await self._fetch(
            """
            SELECT l.lesson_id, l.teacher_id, m.pupil_id, min(r.guardian_id::text)::uuid, s.title, l.date
            FROM lessons l
            JOIN subjects s USING (school_id, subject_id)
            JOIN classes c USING (school_id, class_id)
            JOIN memberships m USING (school_id, class_id)
            JOIN relations r USING (pupil_id)
            WHERE l.date <= $2 AND c.grade > 1 AND m.from_on <= l.date AND m.until_on IS NULL
              AND r.ended_at IS NULL AND coalesce(r.valid_until, 'infinity') > current_date + 1
              AND NOT EXISTS (
                SELECT 1 FROM marks k JOIN lessons o USING (school_id, lesson_id)
                WHERE k.school_id = l.school_id AND k.pupil_id = m.pupil_id
                  AND k.lesson_date = l.date AND o.subject_id = l.subject_id)
            GROUP BY l.lesson_id, l.teacher_id, m.pupil_id, s.title, l.date
            ORDER BY md5(l.lesson_id::text || m.pupil_id::text) LIMIT $1
            """,
            count,
            self._region.demo.made_on,
        )
        teachers = {row[1]: self.token(row[1], Role.ROLE_TEACHER) for row in rows}
        return [Cell(row[0], row[2], row[3], row[4], row[5], teachers[row[1]]) for row in rows]

    async def homerooms(self, people: int) -> list[Homeroom]:
        """Classes that hold so many pupils and guardians together, once identity knows who studies where."""
        [[wanted]] = await self._fetch("SELECT count(*) FROM memberships")
        async with asyncio.timeout(60):
            while (await self._fetch("SELECT count(*) FROM memberships", database="identity"))[0][0] < wanted:
                await asyncio.sleep(0.05)
        rows = await self._fetch(
            """
            SELECT c.school_id, c.class_id, c.homeroom_teacher_id, count(DISTINCT r.guardian_id) AS guardians,
                   count(DISTINCT m.pupil_id) AS pupils
            FROM classes c
            JOIN memberships m USING (class_id)
            LEFT JOIN relations r ON r.pupil_id = m.pupil_id AND r.ended_at IS NULL
            GROUP BY c.class_id ORDER BY c.class_id
            """,
            database="identity",
        )
        rooms: list[Homeroom] = []
        for row in rows:
            if people <= 0:
                break
            people -= int(row["guardians"]) + int(row["pupils"])
            rooms.append(Homeroom(row[0], row[1], self.token(row[2], Role.ROLE_TEACHER)))
        return rooms

    async def _fetch(self, query: str, *arguments: Any, database: str = "diary") -> list[Any]:
        url = self._region.database_url(database).replace("postgresql+asyncpg://", "postgresql://")
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()
