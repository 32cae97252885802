"""What the diary knows of schools and classes is told once more when an operator asks for it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from school.diary.v1.events_pb2 import ClassDescribed, ClassMembershipSet, SchoolDescribed
from services.diary.schools.command import NothingToTell, tell_again
from services.kit.database import Database
from services.kit.tables import outbox
from tests.conftest import DatabaseUrl
from tests.integration.diary.school import School


async def test_every_school_class_and_membership_is_told(database_url: DatabaseUrl) -> None:
    """R29: an empty copy elsewhere is filled from it."""
    url = await database_url("diary")
    async with Database(url) as database:
        school = School(database)
        await school.found()
        pupil = await school.pupil(until_on=date(2025, 10, 31))

        said = await tell_again(url, "schools")

        async with database.read() as connection:
            rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    assert said.startswith("3 facts of 1 schools")
    assert [row.type.rpartition(".")[2] for row in rows] == [
        "SchoolDescribed",
        "ClassDescribed",
        "ClassMembershipSet",
    ]
    described = SchoolDescribed.FromString(rows[0].payload)
    one_class = ClassDescribed.FromString(rows[1].payload)
    member = ClassMembershipSet.FromString(rows[2].payload)
    assert (described.zone, one_class.title) == ("Europe/Moscow", "7Б")
    assert (member.pupil_id, member.valid_until, member.version) == (str(pupil), "2025-10-31", 1)
    assert {row.aggregate_version for row in rows} == {1}


async def test_nothing_else_can_be_told_again(database_url: DatabaseUrl) -> None:
    with pytest.raises(NothingToTell):
        await tell_again(await database_url("diary"), "marks")
