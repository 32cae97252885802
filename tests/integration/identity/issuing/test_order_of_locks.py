"""Persons before accounts before what belongs to an account: nobody waits in a circle."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from school.access.v1.policy_pb2 import ROLE_REGISTRAR
from services.identity.accounts.usecases import Accounts
from services.identity.cases.storage import people as cases
from services.identity.contacts.storage import forget_changes
from services.identity.families.rules.relations import RelationKind
from services.identity.families.usecases.adding import NewChild
from services.identity.families.usecases.registering import NewRelation
from services.identity.issuing.rules.people import Capacity
from services.identity.people.rules import Role
from services.identity.sessions.storage import sessions
from services.kit.caller import Caller
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import Office
from tests.support.identity import somebody_waits
from tests.support.keys import REGION
from tests.support.waiting import eventually

PASSWORD = "a long enough one"


async def test_issuing_anew_and_leaving_at_once_wait_for_each_other_in_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9: issuing has ended the sessions and not recorded the consent yet when the school has them leave."""
    here = office.town
    assert here.inside is not None
    snils = here.snils()
    mother = await office.guardian_of(await office.pupil(), snils=snils)
    await here.doors.enter(here.citizen("Ёлкина Мария Олеговна", snils=snils))
    half_way = asyncio.Event()

    async def half_of_it(*positional: Any) -> Any:
        forgotten = await forget_changes(*positional)
        half_way.set()
        await eventually(lambda: somebody_waits(here))
        return forgotten

    monkeypatch.setattr("services.identity.issuing.usecases.desk.forget_changes", half_of_it)
    who = office.registrar
    by = Caller(who.person_id, who.account_id, new_id(), roles=frozenset({ROLE_REGISTRAR}), region=REGION)
    issuing = asyncio.create_task(office.issue(mother, Capacity.PARENT, reissue_reason="No Gosuslugi"))
    await half_way.wait()
    at_school = await here.inside.use_cases.office.leaving.end(
        by, office.school_id, mother.person_id, frozenset({Role.GUARDIAN}), "Nothing to do here any more"
    )

    assert (await issuing).temporary_password
    assert at_school.roles == frozenset()
    alive = sessions.c.account_id == mother.account_id, sessions.c.ended_at.is_(None)
    assert await here.rows(sessions, *alive) == []


async def test_a_child_that_is_added_and_bound_at_once_is_both(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9: the child's password has been compared, the family not locked yet, when the child enters first."""
    here = office.town
    assert here.inside is not None
    snils, login, born = here.snils(), f"child-{here.snils()}", date(2014, 3, 2)
    child = await office.pupil("Ёлкин Пётр Ильич", born=born, snils=snils, login=login, password=PASSWORD)
    mother = await here.register("Ёлкина Мария Олеговна", roles={})
    citizen = here.citizen("Ёлкин Пётр Ильич", snils=snils, birth_date=born)
    redirect = await here.doors.back_from_esia(citizen)
    half_way, unchanged = asyncio.Event(), Accounts.require_unchanged

    async def half_of_it(*positional: Any) -> None:
        await unchanged(*positional)
        half_way.set()
        await eventually(lambda: somebody_waits(here))

    monkeypatch.setattr(Accounts, "require_unchanged", half_of_it)
    by = Caller(mother.person_id, mother.account_id, new_id(), roles=frozenset(), region=REGION)
    adding = asyncio.create_task(
        here.inside.use_cases.family.adding.add(by, NewChild(login, PASSWORD, "Petya", RelationKind.PARENT))
    )
    await half_way.wait()
    entered = (await here.doors.complete(redirect)).signed_in

    assert entered.bound_now
    assert entered.person.person_id == str(child.person_id)
    assert (await adding).person_id == child.person_id


async def test_a_password_that_is_given_again_while_its_person_confirms_lets_both_be(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9, A9: the form is sent once more from the page before, and the button pressed on the next one."""
    here = office.town
    assert here.inside is not None
    road = here.inside.use_cases.entry.password_road  # not through a channel, which repeats what was given up
    login = f"parent-{here.snils()}"
    await here.register(login=login, password=PASSWORD)
    browser_key = await here.doors.password_needed(here.citizen(snils=None))
    me = (await road.propose(browser_key, login, PASSWORD)).person.id
    half_way, unchanged = asyncio.Event(), Accounts.require_unchanged

    async def half_of_it(*positional: Any) -> None:
        await unchanged(*positional)
        half_way.set()
        await eventually(lambda: somebody_waits(here))

    monkeypatch.setattr(Accounts, "require_unchanged", half_of_it)
    again = asyncio.create_task(road.propose(browser_key, login, PASSWORD))
    await half_way.wait()

    assert (await road.confirm(browser_key, me)).bound_now
    assert (await again).person.id == me


async def test_registering_a_relation_does_not_wait_for_a_case_about_the_guardian(office: Office) -> None:
    """I9: who settles a case about a guardian and the pupil holds both; here the pupil alone is locked."""
    here = office.town
    assert here.inside is not None
    pupil, mother = await office.pupil(), await office.guardian_of()
    new = NewRelation(office.school_id, mother.person_id, pupil.person_id, RelationKind.PARENT, None)
    who = office.registrar
    by = Caller(who.person_id, who.account_id, new_id(), roles=frozenset({ROLE_REGISTRAR}), region=REGION)
    async with here.database.transaction() as settling:
        await cases.lock(settling.connection, [mother.person_id])
        registering = here.inside.use_cases.family.registering.register(by, new, request_id=str(new_id()))
        registered = await asyncio.wait_for(registering, 20)

    assert registered.guardian_id == mother.person_id
