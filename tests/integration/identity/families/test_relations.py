"""Who stands for which pupil: registered by the school, dated, ended."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from school.identity.v1 import corrections_pb2, corrections_pb2_grpc, families_pb2
from services.identity.families.storage import relations
from services.identity.people.rules import PersonStatus, Role
from tests.integration.identity.families.family import (
    MOSCOW,
    REPRESENTATIVE,
    School,
    birthday_near,
    born_years_ago,
    childhood_ends,
    children,
    my_children,
)
from tests.support.case_office import Resolution, case_desk
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Town, bearer, reason


async def test_a_parent_lists_the_children_by_name(here: Town, doors: Doors, school: School) -> None:
    parent, session = await school.parent()
    for name in ("Яковлев Иван", "Ёлкин Пётр", "Елисеев Олег", "Жуков Ян"):
        await school.relate(parent, await school.pupil(name))

    assert await children(doors, session) == ["Олег", "Пётр", "Ян", "Иван"]


async def test_a_relation_is_told_to_other_services(here: Town, school: School) -> None:
    parent, _ = await school.parent()

    relation = await school.relate(parent, await school.pupil())
    await school.end(relation.relation_id)

    assert await here.told(UUID(relation.relation_id)) == ["RelationRegistered", "RelationEnded"]
    assert await here.audited(relation.relation_id) == [
        ("register_relation", None),
        ("end_relation", "court decision 12/34"),
    ]


async def test_an_ended_relation_is_over_at_once_and_may_be_ended_again(
    here: Town, doors: Doors, school: School
) -> None:
    """A30."""
    parent, session = await school.parent()
    relation = await school.relate(parent, await school.pupil())

    await school.end(relation.relation_id)
    await school.end(relation.relation_id)

    assert await children(doors, session) == []
    assert len(await here.told(UUID(relation.relation_id))) == 2


async def test_a_relation_lasts_through_its_last_day(
    doors: Doors, school: School, clock: MovableClock
) -> None:
    """A30: by the region's days, not by UTC's."""
    parent, session = await school.parent()
    tomorrow = clock.today(MOSCOW) + timedelta(days=1)
    await school.relate(parent, await school.pupil(), until=tomorrow.isoformat())

    clock.move(days=1)
    session = await doors.refresh(session.refresh_token)
    assert await children(doors, session) == ["Пётр"]
    clock.move(days=1)
    session = await doors.refresh(session.refresh_token)
    assert await children(doors, session) == []


async def test_who_are_related_are_not_related_twice(here: Town, school: School) -> None:
    """Of eight requests at once one is taken."""
    parent, _ = await school.parent()
    pupil = await school.pupil()

    outcomes = await asyncio.gather(*(school.relate(parent, pupil) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(outcome, families_pb2.Relation) for outcome in outcomes) == 1
    assert await reason(school.relate(parent, pupil)) == "RELATION_EXISTS"
    assert len(await here.rows(relations, relations.c.pupil_id == pupil.person_id)) == 1


async def test_after_an_end_the_two_may_be_related_anew(doors: Doors, school: School) -> None:
    parent, session = await school.parent()
    pupil = await school.pupil()
    await school.end((await school.relate(parent, pupil)).relation_id)

    await school.relate(parent, pupil)

    assert await children(doors, session) == ["Пётр"]


async def test_a_relation_whose_last_day_has_passed_makes_room_for_a_new_one(
    here: Town, doors: Doors, school: School, clock: MovableClock
) -> None:
    parent, _ = await school.parent()
    pupil = await school.pupil()
    old = await school.relate(parent, pupil, until=clock.today(MOSCOW).isoformat())
    clock.move(days=2)
    await school.next_working_day()

    new = await school.relate(parent, pupil)

    assert await here.told(UUID(old.relation_id)) == ["RelationRegistered", "RelationEnded"]
    assert await here.told(UUID(new.relation_id)) == ["RelationRegistered"]


async def test_the_same_request_again_gets_the_same_relation(school: School) -> None:
    parent, _ = await school.parent()
    pupil = await school.pupil()
    request = school.wish(parent.person_id, pupil.person_id)

    replies = await asyncio.gather(*(school.send(request) for _ in range(5)))

    assert len({reply.relation_id for reply in replies}) == 1


async def test_what_cannot_be_related_is_refused_by_its_reason(school: School) -> None:
    parent, _ = await school.parent()
    pupil = await school.pupil()
    one, other = parent.person_id, pupil.person_id

    assert await reason(school.send(school.wish(other, other))) == "BAD_RELATION"
    assert await reason(school.send(school.wish(one, other, until="2001-09-01"))) == "BAD_TERM"
    assert await reason(school.send(school.wish(uuid4(), other))) == "UNKNOWN_PERSON"
    assert await reason(school.send(school.wish(one, uuid4()))) == "NOT_THEIR_SCHOOL"
    assert await reason(school.send(school.wish(one, one))) == "BAD_RELATION"
    unsaid = school.wish(one, other, kind=families_pb2.RELATION_KIND_UNSPECIFIED)
    assert await reason(school.send(unsaid)) == "BAD_RELATION"


async def test_a_registrar_relates_and_ends_at_the_own_school_alone(
    here: Town, doors: Doors, school: School, other_school: School
) -> None:
    """A34."""
    parent, session = await school.parent()
    stranger = await here.register(roles={uuid4(): frozenset({Role.PUPIL})})
    relation = await school.relate(parent, await school.pupil())

    assert await reason(school.relate(parent, stranger)) == "NOT_THEIR_SCHOOL"
    assert await reason(other_school.end(relation.relation_id)) == "NOT_THEIR_SCHOOL"
    assert await reason(other_school.end(relation.relation_id, school=school.id)) == "NOT_THEIR_SCHOOL"
    assert await reason(school.end(str(uuid4()))) == "UNKNOWN_RELATION"
    assert await children(doors, session) == ["Пётр"]


@pytest.mark.parametrize(("status", "shown"), [(PersonStatus.LEFT, ["Пётр"]), (PersonStatus.BLOCKED, [])])
async def test_a_pupil_who_has_left_is_a_child_all_the_same(
    doors: Doors, school: School, status: PersonStatus, shown: list[str]
) -> None:
    """R39: the family reads on what was recorded."""
    parent, session = await school.parent()
    await school.relate(parent, await school.pupil(status=status))

    assert await children(doors, session) == shown


async def test_a_relation_ends_with_childhood_whatever_term_is_asked_for(school: School) -> None:
    """A30: both without a term and with one that is too long."""
    parent, _ = await school.parent()
    grandmother, _ = await school.parent("Королёва Нина Ивановна")
    born = born_years_ago(9, school.today)
    pupil = await school.pupil(birth_date=born)

    unbound = await school.relate(parent, pupil)
    long = await school.relate(grandmother, pupil, until="2099-01-01")

    assert unbound.valid_until == long.valid_until == childhood_ends(born)
    assert (unbound.term, long.term) == ("", "2099-01-01")


async def test_on_the_eighteenth_birthday_a_guardian_sees_nothing_and_is_told_why(
    doors: Doors, school: School, clock: MovableClock
) -> None:
    """A30: the day before they do; with the birthday the pupil is listed as of age."""
    parent, session = await school.parent()
    birthday = birthday_near(school.today + timedelta(days=2), later=True)
    born = _eighteen_on(birthday)
    await school.relate(parent, await school.pupil(birth_date=born))

    clock.move(days=(birthday - school.today).days - 1)
    session = await doors.refresh(session.refresh_token)
    assert await children(doors, session) == ["Пётр"]
    clock.move(days=1)
    session = await doors.refresh(session.refresh_token)
    mine = await my_children(doors, session)

    assert list(mine.children) == []
    assert [(child.name.given_name, child.valid_until) for child in mine.of_age] == [
        ("Пётр", childhood_ends(born))
    ]


@pytest.mark.parametrize(
    ("zone", "seen"),
    [("Asia/Kamchatka", []), ("Europe/Kaliningrad", ["Пётр"])],
)
async def test_the_birthday_begins_with_the_day_at_the_school(
    doors: Doors, school: School, clock: MovableClock, zone: str, seen: list[str]
) -> None:
    """A30: at noon in UTC it is already tomorrow in Kamchatka."""
    now = clock.now()
    birthday = birthday_near(now.date() + timedelta(days=2), later=True)
    noon = now.replace(hour=13, minute=0) + (birthday - now.date() - timedelta(days=1))
    await school.lies_in(zone)
    parent, session = await school.parent()
    await school.relate(parent, await school.pupil(birth_date=_eighteen_on(birthday)))

    clock.move(seconds=(noon - now).total_seconds())
    session = await doors.refresh(session.refresh_token)

    assert await children(doors, session) == seen


async def test_nobody_comes_to_stand_for_who_is_of_age(school: School) -> None:
    parent, _ = await school.parent()
    grown = await school.pupil(birth_date=_eighteen_on(birthday_near(school.today)))

    assert await reason(school.relate(parent, grown)) == "PUPIL_OF_AGE"


async def test_a_corrected_birth_date_moves_the_end_of_childhood(here: Town, school: School) -> None:
    """A30: earlier and later, told each time; a relation that would end before it began is ended."""
    parent, _ = await school.parent()
    born = born_years_ago(9, school.today)
    login = f"pupil-{here.snils()}"
    pupil = await school.pupil(birth_date=born, login=login, password="a long enough one")
    relation = await school.relate(parent, pupil)
    older = born.replace(year=born.year - 3)

    await _correct_birth_date(school, login, older)

    [moved] = (await school.family(pupil)).relations
    assert moved.relation.valid_until == childhood_ends(older)
    assert await here.told(UUID(relation.relation_id)) == ["RelationRegistered", "RelationRegistered"]
    await _correct_birth_date(school, login, born.replace(year=born.year - 20))
    assert list((await school.family(pupil)).relations) == []
    assert (await here.told(UUID(relation.relation_id)))[-1] == "RelationEnded"


async def test_a_representative_brings_a_document(school: School) -> None:
    """R30."""
    aunt, _ = await school.parent("Котова Вера Павловна")
    pupil = await school.pupil()
    bare = school.wish(aunt.person_id, pupil.person_id, kind=REPRESENTATIVE, document=" \n ")
    proven = school.wish(
        aunt.person_id, pupil.person_id, kind=REPRESENTATIVE, document="Постановление опеки\n№ 17"
    )

    assert await reason(school.send(bare)) == "DOCUMENT_NEEDED"
    assert (await school.send(proven)).document == "Постановление опеки № 17"


async def test_a_term_is_changed_for_a_reason_and_told(here: Town, school: School) -> None:
    parent, _ = await school.parent()
    pupil = await school.pupil()
    relation = await school.relate(parent, pupil, until=school.today.isoformat())
    later = (school.today + timedelta(days=40)).isoformat()

    assert await reason(school.change(relation.relation_id, until=later, reason=" ")) == "WHY_NEEDED"
    changed = await school.change(relation.relation_id, until=later, document="Постановление № 18")
    same = await school.change(relation.relation_id, until=later, document="Постановление № 18")

    assert (changed.term, changed.valid_until) == (later, later)
    assert same == changed
    assert await here.told(UUID(relation.relation_id)) == ["RelationRegistered", "RelationRegistered"]
    assert ("change_relation", "суд продлил") in await here.audited(relation.relation_id)
    yesterday = (school.today - timedelta(days=1)).isoformat()
    assert await reason(school.change(relation.relation_id, until=yesterday)) == "BAD_TERM"
    await school.end(relation.relation_id)
    assert await reason(school.change(relation.relation_id, until=later)) == "UNKNOWN_RELATION"


async def test_an_end_has_a_reason(school: School) -> None:
    parent, _ = await school.parent()
    relation = await school.relate(parent, await school.pupil())

    assert await reason(school.end(relation.relation_id, reason=" \x00 ")) == "WHY_NEEDED"


async def test_a_registrar_decides_nothing_in_their_own_family(here: Town, school: School) -> None:
    """Neither for themselves nor about the other parent of their own child."""
    father, _ = await school.parent("Королёв Олег Иванович")
    pupil = await school.pupil()
    login = f"registrar-{here.snils()}"
    mother = await here.register(
        roles={school.id: frozenset({Role.REGISTRAR})}, login=login, password="a long enough one"
    )
    mine, his = await school.relate(mother, pupil), await school.relate(father, pupil)
    school.login = login
    await school.next_working_day()

    assert await reason(school.relate(mother, await school.pupil())) == "OWN_FAMILY"
    assert await reason(school.end(his.relation_id)) == "OWN_FAMILY"
    assert await reason(school.end(mine.relation_id)) == "OWN_FAMILY"
    assert await reason(school.limit(father, pupil)) == "OWN_FAMILY"


async def test_the_school_where_a_pupil_studies_looks_after_what_another_has_registered(
    here: Town, doors: Doors, school: School, other_school: School
) -> None:
    """After a transfer."""
    parent, session = await school.parent()
    pupil = await here.register(
        "Королёв Пётр",
        roles={school.id: frozenset({Role.PUPIL}), other_school.id: frozenset({Role.PUPIL})},
        birth_date=born_years_ago(9, school.today),
    )
    relation = await school.relate(parent, pupil)

    await other_school.end(relation.relation_id)

    assert await children(doors, session) == []


async def test_a_birth_date_that_is_taken_over_from_esia_moves_it_as_well(
    here: Town, doors: Doors, school: School
) -> None:
    """A30: whichever way the register learns it, nobody stands for who is of age."""
    parent, session = await school.parent()
    snils = here.snils()
    relation = await school.relate(parent, await school.pupil(snils=snils))
    grown = here.citizen("Королёв Пётр Олегович", snils=snils)  # of age, says ESIA
    redirect = await doors.back_from_esia(grown)
    assert await reason(doors.complete(redirect)) == "BIRTH_DATE_DIFFERS"
    desk = await case_desk(here, school.id)
    (case,) = (await desk.waiting()).cases

    await desk.settle(case.case_id, Resolution.CASE_RESOLUTION_ACCEPT_ESIA)

    assert await here.told(UUID(relation.relation_id)) == ["RelationRegistered", "RelationEnded"]
    assert await children(doors, session) == []


async def _correct_birth_date(school: School, login: str, right: date) -> None:
    """The pupil asks, the school agrees."""
    stub = corrections_pb2_grpc.CorrectionsServiceStub(school.doors.channel)
    session = (await school.doors.enter_with_password(login, "a long enough one")).session
    asked = await stub.RequestCorrection(
        corrections_pb2.RequestCorrectionRequest(
            request_id=uuid4().hex,
            field=corrections_pb2.CORRECTABLE_FIELD_BIRTH_DATE,
            right_value=right.isoformat(),
        ),
        timeout=DEADLINE,
        metadata=bearer(session),
    )
    await stub.AcceptCorrection(
        corrections_pb2.AcceptCorrectionRequest(
            school_id=str(school.id), correction_id=asked.correction.correction_id
        ),
        timeout=DEADLINE,
        metadata=bearer(school.registrar),
    )


def _eighteen_on(day: date) -> date:
    """A birth date whose 18th birthday is ``day``."""
    return day.replace(year=day.year - 18)
