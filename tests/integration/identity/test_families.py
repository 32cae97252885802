"""Who stands for which pupil: registered by the school, dated, ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from school.identity.v1 import families_pb2, sessions_pb2
from services.identity.families.storage import relations
from services.identity.people.rules import PersonStatus, Role
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason

MOSCOW = ZoneInfo("Europe/Moscow")
PARENT = families_pb2.RELATION_KIND_PARENT


@dataclass
class School:
    """A school with its registrar signed in."""

    here: Town
    doors: Doors
    id: UUID
    registrar: sessions_pb2.Session
    login: str

    async def pupil(self, name: str = "Королёв Пётр Олегович", **changes: object) -> Registered:
        """A pupil of the school."""
        return await self.here.register(name, roles={self.id: frozenset({Role.PUPIL})}, **changes)  # type: ignore[arg-type]

    async def next_working_day(self) -> None:
        """The registrar signs in again: a session of staff does not outlive the night."""
        entered = await self.doors.enter_with_password(self.login, "a long enough one")
        self.registrar = entered.session

    async def parent(self) -> tuple[Registered, sessions_pb2.Session]:
        """A parent, signed in."""
        login = f"parent-{self.here.snils()}"
        person = await self.here.register(login=login, password="a long enough one")
        return person, (await self.doors.enter_with_password(login, "a long enough one")).session

    def wish(
        self,
        guardian: UUID,
        pupil: UUID,
        *,
        until: str = "",
        kind: families_pb2.RelationKind.ValueType = PARENT,
    ) -> families_pb2.RegisterRelationRequest:
        """A request to register a relation."""
        return families_pb2.RegisterRelationRequest(
            school_id=str(self.id),
            request_id=uuid4().hex,
            guardian_id=str(guardian),
            pupil_id=str(pupil),
            kind=kind,
            valid_until=until,
        )

    async def send(self, request: families_pb2.RegisterRelationRequest) -> families_pb2.Relation:
        """Register it."""
        reply = await self.doors.families.RegisterRelation(
            request, timeout=DEADLINE, metadata=bearer(self.registrar)
        )
        return reply.relation

    async def relate(
        self, guardian: Registered, pupil: Registered, *, until: str = ""
    ) -> families_pb2.Relation:
        """Register that one stands for the other."""
        return await self.send(self.wish(guardian.person_id, pupil.person_id, until=until))

    async def end(self, relation_id: str, school: UUID | None = None) -> None:
        """End a relation."""
        request = families_pb2.EndRelationRequest(
            school_id=str(school or self.id), relation_id=relation_id, reason=" court\x00\ndecision 12/34 "
        )
        await self.doors.families.EndRelation(request, timeout=DEADLINE, metadata=bearer(self.registrar))


@pytest.fixture
async def school(here: Town, doors: Doors) -> School:
    """A school of the test's own."""
    school, login = uuid4(), f"registrar-{here.snils()}"
    await here.register(
        roles={school: frozenset({Role.REGISTRAR})}, login=login, password="a long enough one"
    )
    session = (await doors.enter_with_password(login, "a long enough one")).session
    return School(here, doors, school, session, login)


async def children(doors: Doors, session: sessions_pb2.Session) -> list[str]:
    """The given names of the caller's children, in the order they come."""
    reply = await doors.families.ListMyChildren(
        families_pb2.ListMyChildrenRequest(), timeout=DEADLINE, metadata=bearer(session)
    )
    return [child.name.given_name for child in reply.children]


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
    here: Town, doors: Doors, school: School
) -> None:
    """A34."""
    parent, session = await school.parent()
    stranger = await here.register(roles={uuid4(): frozenset({Role.PUPIL})})
    relation = await school.relate(parent, await school.pupil())
    other_school = uuid4()
    login = f"registrar-{here.snils()}"
    await here.register(
        roles={other_school: frozenset({Role.REGISTRAR})}, login=login, password="a long enough one"
    )
    other = School(
        here,
        doors,
        other_school,
        (await doors.enter_with_password(login, "a long enough one")).session,
        login,
    )

    assert await reason(school.relate(parent, stranger)) == "NOT_THEIR_SCHOOL"
    assert await reason(other.end(relation.relation_id)) == "NOT_THEIR_SCHOOL"
    assert await reason(other.end(relation.relation_id, school=school.id)) == "NOT_THEIR_SCHOOL"
    assert await reason(school.end(str(uuid4()))) == "UNKNOWN_RELATION"
    assert await children(doors, session) == ["Пётр"]


async def test_a_pupil_who_has_left_is_nobodys_child_here(doors: Doors, school: School) -> None:
    parent, session = await school.parent()
    await school.relate(parent, await school.pupil(status=PersonStatus.LEFT))

    assert await children(doors, session) == []
