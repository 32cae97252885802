"""A guardian's children with all that the family's pages show of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity.families.rules.relations import (
    Child,
    Place,
    RelationKind,
    last_day_of_childhood,
)
from services.identity.families.storage.labels import child_labels
from services.identity.families.storage.standing import relations
from services.identity.people.rules import FullName, PersonStatus
from services.identity.people.storage import people
from services.identity.schools.storage import classes, memberships, schools
from services.kit.reader import Query, Reader

_registering = schools.alias("registering_school")

# Asked for with every family's first page, so in one statement: each child, once for each class.
# Days are asked for generously, for the zone of each school decides; see `my_children`.
_MY_CHILDREN = (
    select(
        people.c.id,
        people.c.surname,
        people.c.given_name,
        people.c.patronymic,
        people.c.birth_date,
        relations.c.kind,
        relations.c.valid_from,
        relations.c.valid_until,
        _registering.c.zone,
        child_labels.c.label,
        memberships.c.valid_from.label("studies_from"),
        memberships.c.valid_until.label("studies_until"),
        classes.c.title.label("class_title"),
        schools.c.school_id,
        schools.c.title.label("school_title"),
        schools.c.zone.label("school_zone"),
    )
    .join_from(relations, people, people.c.id == relations.c.pupil_id)
    .outerjoin(_registering, _registering.c.school_id == relations.c.school_id)
    .outerjoin(
        child_labels,
        and_(
            child_labels.c.guardian_id == relations.c.guardian_id,
            child_labels.c.pupil_id == relations.c.pupil_id,
        ),
    )
    .outerjoin(
        memberships,
        and_(
            memberships.c.pupil_id == relations.c.pupil_id,
            memberships.c.valid_from <= bindparam("latest"),
            or_(memberships.c.valid_until.is_(None), memberships.c.valid_until >= bindparam("earliest")),
        ),
    )
    .outerjoin(classes, classes.c.class_id == memberships.c.class_id)
    .outerjoin(schools, schools.c.school_id == memberships.c.school_id)
    .where(
        relations.c.guardian_id == bindparam("guardian"),
        relations.c.ended_at.is_(None),
        relations.c.valid_from <= bindparam("latest"),
        # A pupil who has left the region is their child all the same: what was recorded is read on (R39).
        people.c.status != PersonStatus.BLOCKED,
    )
    .order_by(people.c.id, memberships.c.valid_from, classes.c.title)
)


_READ_MY_CHILDREN: Final = Query(_MY_CHILDREN)


class _Row(NamedTuple):
    """A row of `_MY_CHILDREN`; in no class all of a class is None."""

    id: UUID
    surname: str
    given_name: str
    patronymic: str
    birth_date: date
    kind: str
    valid_from: date
    valid_until: date | None
    zone: str | None
    label: str | None
    studies_from: date
    studies_until: date | None
    class_title: str | None
    school_id: UUID | None
    school_title: str
    school_zone: str | None


@dataclass(frozen=True, slots=True)
class MyChildren:
    """A guardian's children, and those who were until they came of age."""

    present: tuple[Child, ...]
    of_age: tuple[Child, ...]


async def my_children(reader: Reader, guardian_id: UUID, *, now: datetime, zone: ZoneInfo) -> MyChildren:
    """The pupils whom a guardian stands for, by the day at the school that registered it.

    ``zone``: of a school of which the diary has not told.
    """
    return _mine(await reader.rows(_READ_MY_CHILDREN, **_asked(guardian_id, now)), now, zone)


async def my_children_now(
    connection: AsyncConnection, guardian_id: UUID, *, now: datetime, zone: ZoneInfo
) -> MyChildren:
    """The same, as the transaction has it."""
    found = await connection.execute(_MY_CHILDREN, _asked(guardian_id, now))
    return _mine(found.all(), now, zone)


def _asked(guardian_id: UUID, now: datetime) -> dict[str, Any]:
    day = now.date()
    return {"guardian": guardian_id, "earliest": day - timedelta(days=1), "latest": day + timedelta(days=1)}


def _mine(found: Iterable[Sequence[Any]], now: datetime, zone: ZoneInfo) -> MyChildren:
    rows: dict[UUID, list[_Row]] = {}
    for row in map(_Row._make, found):
        rows.setdefault(row.id, []).append(row)
    present, of_age = [], []
    for each in rows.values():
        row = each[0]
        today = _today(now, row.zone, zone)
        if row.valid_from > today:
            continue
        if row.valid_until is None or row.valid_until >= today:
            present.append(_child(each, now, zone))
        elif row.valid_until == last_day_of_childhood(row.birth_date):
            of_age.append(_child(each, now, zone))
    return MyChildren(tuple(present), tuple(of_age))


def _child(rows: list[_Row], now: datetime, zone: ZoneInfo) -> Child:
    row = rows[0]
    places = {
        Place(each.school_id, each.school_title, each.class_title or "")
        for each in rows
        if each.school_id is not None and _studies(each, _today(now, each.school_zone, zone))
    }
    return Child(
        row.id,
        FullName(row.surname, row.given_name, row.patronymic),
        RelationKind(row.kind),
        row.label or "",
        tuple(sorted(places, key=lambda place: (place.school, place.class_title))),
        row.valid_from,
        row.valid_until,
    )


def _studies(row: _Row, today: date) -> bool:
    return row.studies_from <= today and (row.studies_until is None or row.studies_until >= today)


def _today(now: datetime, named: str | None, otherwise: ZoneInfo) -> date:
    return now.astimezone(ZoneInfo(named) if named else otherwise).date()
