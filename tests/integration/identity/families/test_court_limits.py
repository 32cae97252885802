"""What a court forbids: nothing to be seen, or nobody to be known; ended by itself or lifted (A30)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from school.identity.v1 import events_pb2, families_pb2
from services.identity.families.storage.limits import court_limits, guardians_who_may_grant
from services.kit.tables import outbox
from tests.integration.identity.families.family import (
    NO_ACCESS,
    NO_CONTACTS,
    School,
    children,
    guardians,
)
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Registered, Town, reason


async def test_whom_a_court_forbids_access_sees_nothing_at_once(
    here: Town, doors: Doors, school: School
) -> None:
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    relation = await school.relate(father, pupil)

    limit = await school.limit(father, pupil)

    assert await children(doors, session) == []
    assert await reason(guardians(doors, session, pupil)) == "NOT_THEIR_FAMILY"
    assert await here.told(UUID(relation.relation_id)) == ["RelationRegistered", "RelationEnded"]
    assert await here.audited(limit.limit_id) == [("place_court_limit", "no_access")]


async def test_a_limit_with_a_last_day_is_over_by_itself(
    here: Town, doors: Doors, school: School, clock: MovableClock
) -> None:
    """What holds again is told at once, with the day on which it begins: no clock can miss it."""
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    relation = await school.relate(father, pupil)
    last = school.today + timedelta(days=1)

    await school.limit(father, pupil, until=last)
    again = await _relations_told(here, father)

    assert [each.valid_from for each in again] == [
        school.today.isoformat(),
        (last + timedelta(days=1)).isoformat(),
    ]
    assert {each.valid_until for each in again} == {relation.valid_until}
    clock.move(days=1)
    session = await doors.refresh(session.refresh_token)
    assert await children(doors, session) == []
    clock.move(days=1)
    session = await doors.refresh(session.refresh_token)
    assert await children(doors, session) == ["Пётр"]


async def test_a_lifted_limit_gives_back_what_it_took(doors: Doors, school: School) -> None:
    """Without a last day and with one; not beyond the term that the relation had."""
    for until in (None, school.today + timedelta(days=30)):
        father, session = await school.parent("Королёв Олег Иванович")
        pupil = await school.pupil()
        term = (school.today + timedelta(days=90)).isoformat()
        await school.relate(father, pupil, until=term)
        limit = await school.limit(father, pupil, until=until)

        await school.lift(limit.limit_id)
        await school.lift(limit.limit_id)

        assert await children(doors, session) == ["Пётр"]
        [present] = (await school.family(pupil)).relations
        assert (present.relation.valid_from, present.relation.term) == (school.today.isoformat(), term)


async def test_a_lifted_limit_gives_back_nothing_that_the_school_has_ended(
    doors: Doors, school: School
) -> None:
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.relate(father, pupil)
    limit = await school.limit(father, pupil, until=school.today + timedelta(days=30))
    [waiting] = (await school.family(pupil)).relations
    await school.end(waiting.relation.relation_id)

    await school.lift(limit.limit_id)

    assert await children(doors, session) == []


async def test_a_limit_lifted_before_the_relation_would_begin_keeps_the_term_short(
    doors: Doors, school: School
) -> None:
    """A limit that outlasts the relation's own term: lifted early, the rest of the term holds."""
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.relate(father, pupil, until=(school.today + timedelta(days=5)).isoformat())
    limit = await school.limit(father, pupil, until=school.today + timedelta(days=60))
    assert list((await school.family(pupil)).relations) == []

    await school.lift(limit.limit_id)

    assert await children(doors, session) == ["Пётр"]


async def test_no_other_relation_gets_round_a_limit(
    doors: Doors, school: School, clock: MovableClock
) -> None:
    """Also when the two had none before the court decided; over, it stands in nobody's way."""
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.limit(father, pupil, until=school.today)

    assert await reason(school.relate(father, pupil)) == "COURT_FORBIDS"

    clock.move(days=1)
    await school.next_working_day()
    session = await doors.refresh(session.refresh_token)
    await school.relate(father, pupil)
    assert await children(doors, session) == ["Пётр"]
    await school.limit(father, pupil)
    assert await children(doors, session) == []


async def test_whom_a_court_forbids_contacts_reads_but_knows_nobody(
    here: Town, doors: Doors, school: School
) -> None:
    father, his = await school.parent("Королёв Олег Иванович")
    mother, hers = await school.parent()
    pupil = await school.pupil()
    await school.relate(father, pupil)
    await school.relate(mother, pupil)

    limit = await school.limit(father, pupil, NO_CONTACTS)

    assert await children(doors, his) == ["Пётр"]
    seen = await guardians(doors, his, pupil)
    assert [one.name.given_name for one in seen.guardians] == ["Олег"]
    assert not seen.may_share
    assert len((await guardians(doors, hers, pupil)).guardians) == 2
    assert await _may_grant(here, school, pupil) == {mother.person_id}
    await school.lift(limit.limit_id)
    assert await _may_grant(here, school, pupil) == {mother.person_id, father.person_id}


async def test_the_same_limit_is_entered_once_and_another_needs_the_first_lifted(
    here: Town, school: School
) -> None:
    """Of eight requests at once all get the same limit."""
    father, _ = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.relate(father, pupil)

    entered = await asyncio.gather(*(school.limit(father, pupil) for _ in range(8)))

    assert len({each.limit_id for each in entered}) == 1
    assert len(await here.rows(court_limits, court_limits.c.pupil_id == pupil.person_id)) == 1
    longer = school.today + timedelta(days=9)
    assert await reason(school.limit(father, pupil, until=longer)) == "LIMIT_EXISTS"


async def test_a_limit_needs_a_decision_that_is_in_force(school: School) -> None:
    father, _ = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    tomorrow, yesterday = school.today + timedelta(days=1), school.today - timedelta(days=1)
    nothing = families_pb2.COURT_LIMIT_KIND_UNSPECIFIED

    assert await reason(school.limit(father, pupil, document=" ")) == "DOCUMENT_NEEDED"
    assert await reason(school.limit(father, pupil, since=tomorrow)) == "BAD_TERM"
    assert await reason(school.limit(father, pupil, since=yesterday, until=yesterday)) == "BAD_TERM"
    assert await reason(school.limit(father, pupil, nothing)) == "BAD_LIMIT"
    assert await reason(school.limit(pupil, pupil)) == "BAD_RELATION"
    assert await reason(school.limit(Registered(uuid4(), uuid4()), pupil)) == "UNKNOWN_PERSON"
    assert await reason(school.lift(str(uuid4()))) == "UNKNOWN_LIMIT"


async def test_a_registrar_limits_and_lifts_at_the_own_school_alone(
    doors: Doors, school: School, other_school: School
) -> None:
    """A34."""
    father, session = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    await school.relate(father, pupil)

    assert await reason(other_school.limit(father, pupil)) == "NOT_THEIR_SCHOOL"
    assert await children(doors, session) == ["Пётр"]
    limit = await school.limit(father, pupil)
    assert await reason(other_school.lift(limit.limit_id)) == "NOT_THEIR_SCHOOL"
    assert await reason(school.lift(limit.limit_id, reason="")) == "WHY_NEEDED"
    assert await children(doors, session) == []


async def test_a_limit_and_a_relation_entered_at_once_leave_no_access(doors: Doors, school: School) -> None:
    """Whichever comes first."""
    for _ in range(5):
        father, session = await school.parent("Королёв Олег Иванович")
        pupil = await school.pupil()

        await asyncio.gather(
            school.relate(father, pupil), school.limit(father, pupil, NO_ACCESS), return_exceptions=True
        )

        assert await children(doors, session) == []


async def _relations_told(here: Town, guardian: Registered) -> list[events_pb2.RelationRegistered]:
    kind = events_pb2.RelationRegistered.DESCRIPTOR.full_name
    async with here.database.read() as connection:
        rows = await connection.execute(select(outbox).where(outbox.c.type == kind).order_by(outbox.c.id))
        told = [events_pb2.RelationRegistered.FromString(row.payload) for row in rows]
    return [each for each in told if each.guardian_id == str(guardian.person_id)]


async def _may_grant(here: Town, school: School, pupil: Registered) -> set[UUID]:
    async with here.database.read() as connection:
        return await guardians_who_may_grant(connection, pupil.person_id, on=school.today)
