"""What an operator says of schools at a console: which there are, and which work with the mesh (R28)."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.diary.schools import storage
from services.diary.schools.facts import school_described
from services.diary.schools.rules import (
    BadConnection,
    BadSchool,
    Connection,
    UnknownSchool,
    connects_on,
    school_title,
)
from services.kit.database import Database, Transaction
from services.kit.errors import BadDate, BadId
from services.kit.ids import new_id
from services.kit.rpc.parse import date_or_none, uuid_of

ADD_SCHOOL: Final = "add-school"
SET_CONNECTION: Final = "set-connection"
_ACTOR: Final = "command"


async def add_school(database_url: str, said: str) -> str:
    """Make a school known that does not work with the mesh yet; ``said``: its zone, a space, its title.

    Raises:
        BadSchool: the zone is none, or the title is empty or too long.
        Unavailable: the database does not answer.
    """
    zone, _, rest = said.strip().partition(" ")
    title = school_title(rest)
    try:
        key = ZoneInfo(zone).key
    except (OSError, KeyError, ValueError):  # which of them a wrong name is, differs by the name
        raise BadSchool from None
    school_id = new_id()
    async with Database(database_url, pool_size=1) as database, database.transaction() as tx:
        await storage.insert_school(
            tx.connection, school_id, title=title, zone=key, state=Connection.NOT_CONNECTED
        )
        event = school_described(school_id, title=title, zone=key, connection=Connection.NOT_CONNECTED)
        tx.publish(event, aggregate=school_id, version=event.version)
        tx.audit(actor=_ACTOR, action="add_school", object_kind="school", object_id=str(school_id))
    return f"{school_id} is known and not connected"


async def set_connection(database_url: str, said: str) -> str:
    """Say whether a school works with the mesh; ``said``: its id, a state, and a day if one is planned.

    Everybody who asked to be told hears of it once the school is CONNECTED.

    Raises:
        BadConnection: the words are others; a day is said of what is not planned.
        UnknownSchool: there is no such school.
        Unavailable: the database does not answer.
    """
    match said.split():
        case [school, state]:
            day = ""
        case [school, state, day]:
            pass
        case _:
            raise BadConnection
    try:
        school_id, wish = uuid_of(school, "school"), Connection(state)
        on = connects_on(wish, date_or_none(day, "day"))
    except (BadId, BadDate, ValueError):
        raise BadConnection from None
    async with Database(database_url, pool_size=1) as database, database.transaction() as tx:
        changed = await connect(tx, school_id, wish, on)
    return f"{school_id} is {wish}{f' from {on} on' if on else ''}{'' if changed else ', as it was'}"


async def connect(tx: Transaction, school_id: UUID, wish: Connection, on: date | None) -> bool:
    """Set it, tell it, and leave it in the audit; whether it was otherwise. Raises `UnknownSchool`."""
    school = await storage.school_for_update(tx.connection, school_id)
    if school is None:
        raise UnknownSchool
    if (school.connection, school.connects_on) == (wish, on):
        return False
    version = school.version + 1
    await storage.set_connection(tx.connection, school_id, state=wish, on=on, version=version)
    event = school_described(
        school_id, title=school.title, zone=school.zone, connection=wish, connects_on=on, version=version
    )
    tx.publish(event, aggregate=school_id, version=version)
    tx.audit(actor=_ACTOR, action="set_connection", object_kind="school", object_id=str(school_id), why=wish)
    return True
