"""A small school of a test's own, written straight into the diary's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select

from school.access.v1.policy_pb2 import ROLE_GUARDIAN, ROLE_PUPIL, ROLE_TEACHER, Role
from services.diary import tables
from services.kit.database import Database
from services.kit.ids import new_id

MONDAY = date(2025, 10, 13)
WEDNESDAY = date(2025, 10, 15)
SATURDAY = date(2025, 10, 18)
YEAR_BEGINS = date(2025, 9, 1)


@dataclass(slots=True)
class School:
    """One school with one class and one teacher; everything else is added by the test."""

    database: Database
    zone: str = "Europe/Moscow"
    grade: int = 7
    class_title: str = "7Б"
    school_id: UUID = field(default_factory=new_id)
    year_id: UUID = field(default_factory=new_id)
    class_id: UUID = field(default_factory=new_id)
    subject_id: UUID = field(default_factory=new_id)
    teacher_id: UUID = field(default_factory=new_id)

    async def write(self, table: Table, **row: Any) -> None:
        """One row."""
        async with self.database.transaction() as tx:
            await tx.execute(insert(table), row)

    async def rows(self, table: Table, **like: Any) -> list[Any]:
        """The rows with these values."""
        wanted = select(table).where(*(table.c[name] == value for name, value in like.items()))
        async with self.database.read() as connection:
            return list(await connection.execute(wanted))

    async def found(self) -> None:
        """Write the school itself."""
        here = {"school_id": self.school_id}
        await self.write(tables.schools, **here, title="Школа № 12", zone=self.zone)
        await self.write(
            tables.years,
            **here,
            year_id=self.year_id,
            title="2025/2026",
            starts_on=YEAR_BEGINS,
            ends_on=date(2026, 5, 31),
        )
        await self.write(tables.subjects, **here, subject_id=self.subject_id, title="Алгебра")
        await self.add_class(self.class_id, title=self.class_title)
        await self.person(self.teacher_id, "Орлова Вера Ильинична", ROLE_TEACHER)
        await self.write(tables.teachers, **here, teacher_id=self.teacher_id)

    async def add_class(self, class_id: UUID, *, title: str) -> UUID:
        """Another class of the school's grade."""
        await self.write(
            tables.classes,
            school_id=self.school_id,
            class_id=class_id,
            year_id=self.year_id,
            grade=self.grade,
            title=title,
        )
        return class_id

    async def person(self, person_id: UUID, name: str, *roles: Role.ValueType) -> UUID:
        """A person the diary knows."""
        await self.write(tables.persons, person_id=person_id, display_name=name, roles=list(roles), version=1)
        return person_id

    async def pupil(self, name: str = "Ёлкин Пётр", **membership: Any) -> UUID:
        """A pupil in the class since the year began."""
        pupil_id = await self.person(new_id(), name, ROLE_PUPIL)
        await self.join(pupil_id, **membership)
        return pupil_id

    async def join(self, pupil_id: UUID, **membership: Any) -> None:
        """Put a pupil into the class."""
        standard = {"school_id": self.school_id, "class_id": self.class_id, "from_on": YEAR_BEGINS}
        await self.write(tables.memberships, pupil_id=pupil_id, **{**standard, **membership})

    async def guardian_of(self, *pupils: UUID, **relation: Any) -> UUID:
        """A guardian of these pupils since the year began."""
        guardian_id = await self.person(new_id(), "Ёлкина Мария Олеговна", ROLE_GUARDIAN)
        for pupil_id in pupils:
            await self.relate(guardian_id, pupil_id, **relation)
        return guardian_id

    async def relate(self, guardian_id: UUID, pupil_id: UUID, **relation: Any) -> UUID:
        """A relation since the year began; returns its id."""
        relation_id = new_id()
        standard = {"valid_from": YEAR_BEGINS, "version": 1}
        await self.write(
            tables.relations,
            relation_id=relation_id,
            guardian_id=guardian_id,
            pupil_id=pupil_id,
            **{**standard, **relation},
        )
        return relation_id

    async def trust(self, trusted_id: UUID, pupil_id: UUID, *scopes: int, **delegation: Any) -> UUID:
        """Let a trusted person see a pupil since the year began; by the pupil unless by a relation."""
        delegation_id = new_id()
        standard = {"valid_from": YEAR_BEGINS, "valid_until": date(2025, 12, 31), "version": 1}
        await self.write(
            tables.delegations,
            delegation_id=delegation_id,
            trusted_id=trusted_id,
            pupil_id=pupil_id,
            scopes=list(scopes),
            **{**standard, **delegation},
        )
        return delegation_id

    async def lesson(self, day: date = WEDNESDAY, number: int = 1, **lesson: Any) -> UUID:
        """A lesson of the class, given by the teacher."""
        lesson_id = new_id()
        standard = {
            "school_id": self.school_id,
            "class_id": self.class_id,
            "subject_id": self.subject_id,
            "teacher_id": self.teacher_id,
            "starts_at": time(8 + number, 30),
            "ends_at": time(9 + number, 15),
            "room": "12",
            "topic": "Квадратные уравнения",
        }
        await self.write(
            tables.lessons, lesson_id=lesson_id, date=day, number=number, **{**standard, **lesson}
        )
        return lesson_id

    async def holiday(
        self, title: str, starts_on: date, ends_on: date, only_grade: int | None = None
    ) -> None:
        """Days without lessons."""
        await self.write(
            tables.holidays,
            school_id=self.school_id,
            holiday_id=new_id(),
            title=title,
            starts_on=starts_on,
            ends_on=ends_on,
            only_grade=only_grade,
        )
