"""An operator says which schools there are and which work with the mesh; the others hear of it (R28)."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from school.diary.v1.events_pb2 import SchoolConnection, SchoolDescribed
from services.diary import tables
from services.diary.schools.connecting import add_school, set_connection
from services.diary.schools.rules import BadConnection, BadSchool, UnknownSchool
from services.kit.database import Database
from services.kit.tables import audit, outbox
from tests.conftest import DatabaseUrl
from tests.integration.diary.school import School


async def told(url: str, school_id: UUID) -> list[SchoolDescribed]:
    """What the others hear of a school."""
    async with Database(url) as database, database.read() as connection:
        rows = await connection.execute(
            select(outbox).where(outbox.c.aggregate_id == school_id).order_by(outbox.c.id)
        )
        return [SchoolDescribed.FromString(row.payload) for row in rows]


async def test_a_school_is_connected_step_by_step_and_everybody_hears_of_it(
    database_url: DatabaseUrl,
) -> None:
    url = await database_url("diary")
    school_id = UUID((await add_school(url, "Asia/Omsk  Школа  № 5 ")).split()[0])

    said = await set_connection(url, f"{school_id} PLANNED 2027-01-11")
    await set_connection(url, f"{school_id} CONNECTED")
    again = await set_connection(url, f"{school_id} CONNECTED")

    assert said == f"{school_id} is PLANNED from 2027-01-11 on"
    assert again.endswith("as it was")
    events = await told(url, school_id)
    assert [(event.connection, event.connects_on, event.version) for event in events] == [
        (SchoolConnection.SCHOOL_CONNECTION_NOT_CONNECTED, "", 1),
        (SchoolConnection.SCHOOL_CONNECTION_PLANNED, "2027-01-11", 2),
        (SchoolConnection.SCHOOL_CONNECTION_CONNECTED, "", 3),
    ]
    assert {(event.title, event.zone) for event in events} == {("Школа № 5", "Asia/Omsk")}
    async with Database(url) as database, database.read() as connection:
        rows = await connection.execute(
            select(audit).where(audit.c.object_id == str(school_id)).order_by(audit.c.id)
        )
        entries = [(row.actor, row.action, row.why) for row in rows]
    assert entries == [
        ("command", "add_school", None),
        ("command", "set_connection", "PLANNED"),
        ("command", "set_connection", "CONNECTED"),
    ]


async def test_a_school_that_was_here_before_is_connected(database_url: DatabaseUrl) -> None:
    url = await database_url("diary")
    async with Database(url) as database:
        school = School(database)
        await school.found()
        [row] = await school.rows(tables.schools, school_id=school.school_id)
    assert (row.connection, row.connects_on) == ("CONNECTED", None)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "x CONNECTED",
        "{id}",
        "{id} connected",
        "{id} CONNECTED 2027-01-11",
        "{id} PLANNED soon",
        "{id} LEFT 1 2",
    ],
)
async def test_what_cannot_be_understood_changes_nothing(database_url: DatabaseUrl, said: str) -> None:
    url = await database_url("diary")
    school_id = UUID((await add_school(url, "Europe/Moscow Школа № 5")).split()[0])
    with pytest.raises(BadConnection):
        await set_connection(url, said.format(id=school_id))
    assert len(await told(url, school_id)) == 1


async def test_a_school_that_is_not_there_is_said_to_be_unknown(database_url: DatabaseUrl) -> None:
    with pytest.raises(UnknownSchool):
        await set_connection(await database_url("diary"), f"{uuid4()} LEFT")


@pytest.mark.parametrize(
    "said", ["", "Европа/Москва Школа", "Europe/Moscow", "Europe/Moscow " + "ш" * 201, "../x y"]
)
async def test_a_school_needs_a_zone_and_a_title(database_url: DatabaseUrl, said: str) -> None:
    with pytest.raises(BadSchool):
        await add_school(await database_url("diary"), said)


async def test_a_plan_may_have_no_day(database_url: DatabaseUrl) -> None:
    url = await database_url("diary")
    school_id = UUID((await add_school(url, "Europe/Moscow Школа № 5")).split()[0])
    await set_connection(url, f"{school_id} PLANNED")
    async with Database(url) as database:
        [row] = await School(database).rows(tables.schools, school_id=school_id)
    assert (row.connection, row.connects_on) == ("PLANNED", None)
    await set_connection(url, f"{school_id} PLANNED 2027-09-01")
    async with Database(url) as database:
        [row] = await School(database).rows(tables.schools, school_id=school_id)
    assert row.connects_on == date(2027, 9, 1)
