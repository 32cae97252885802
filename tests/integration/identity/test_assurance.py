"""The level of the ESIA account, judged at every entry through ESIA (R5, R6, A15)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from deploy.local import ports
from deploy.local.esia.people import Person as Citizen
from school.identity.v1 import sign_in_pb2
from services.identity.binding.rules.assurance import LevelPolicy
from services.identity.binding.storage import bindings
from services.identity.people.rules import PersonStatus, Role
from services.identity.people.storage import people
from services.identity.schools.storage import schools
from services.identity.sessions.storage import sessions
from services.kit.ids import new_id
from tests.support.backbone import Databases
from tests.support.clock import MovableClock
from tests.support.esia import Bench
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, refused, town
from tests.support.keys import make_keys

CHILD = "Королёв Пётр Олегович"
MOSCOW = ZoneInfo("Europe/Moscow")
EARLIEST, LATEST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")
"""26 hours apart."""


def years_before(day: date, years: int) -> date:
    """A birth date; who would be born on 29 February of a common year is born on 28."""
    born = day.replace(day=28) if (day.month, day.day) == (2, 29) else day
    return born.replace(year=born.year - years)


async def school_in(here: Town, zone: ZoneInfo) -> UUID:
    """A school of which the diary has told."""
    school_id = new_id()
    async with here.database.transaction() as tx:
        row = {"school_id": school_id, "title": "Школа № 12", "zone": zone.key, "version": 1}
        await tx.execute(insert(schools).values(**row, source_event=new_id()))
    return school_id


async def pupil(here: Town, born: date, *, level: str, at: UUID | None = None) -> tuple[Registered, Citizen]:
    """A registered pupil with an account at ESIA."""
    snils = here.snils()
    roles = {at or new_id(): frozenset({Role.PUPIL})}
    registered = await here.register(CHILD, snils=snils, birth_date=born, roles=roles)
    return registered, here.citizen(CHILD, snils=snils, birth_date=born, level=level)


async def born(here: Town, registered: Registered, day: date) -> None:
    """Time passes: in the register, for ESIA's own clock cannot be moved."""
    async with here.database.transaction() as tx:
        await tx.execute(update(people).where(people.c.id == registered.person_id).values(birth_date=day))


def raised(here: Town, citizen: Citizen, **changes: object) -> None:
    """Change an account at ESIA."""
    here.bench.stand.people._by_oid[citizen.oid] = citizen.model_copy(update=changes)


async def test_below_fourteen_a_childs_account_is_enough(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R5."""
    _, citizen = await pupil(here, years_before(clock.today(MOSCOW), 12), level="child")

    assert (await doors.enter(citizen)).bound_now


async def test_from_fourteen_a_childs_account_is_told_what_it_lacks_and_binds_nothing(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R5, R6: the level seen and the level needed, also in the audit."""
    registered, citizen = await pupil(here, years_before(clock.today(MOSCOW), 15), level="child")

    said = await refused(doors.enter(citizen))

    assert (said.reason, said.metadata) == (
        "LEVEL_TOO_LOW",
        {"seen": "child", "needed": "standard", "next_step": "raise_level"},
    )
    assert await here.rows(bindings, bindings.c.account_id == registered.account_id) == []
    assert await here.rows(sessions, sessions.c.account_id == registered.account_id) == []
    assert await here.audited(registered.person_id) == [("refuse_binding", "LEVEL_TOO_LOW:child:standard")]


async def test_a_standard_account_is_enough_for_everybody(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R5."""
    _, teenager = await pupil(here, years_before(clock.today(MOSCOW), 15), level="standard")
    snils = here.snils()
    await here.register(snils=snils)

    assert (await doors.enter(teenager)).bound_now
    assert (await doors.enter(here.citizen(snils=snils, level="standard"))).bound_now


@pytest.mark.parametrize(("zone", "is_in"), [(EARLIEST, False), (LATEST, True)])
async def test_the_fourteenth_birthday_begins_with_the_day_at_the_school(
    here: Town, doors: Doors, clock: MovableClock, zone: ZoneInfo, *, is_in: bool
) -> None:
    """R5: the two zones never have the same date; where it is the birthday already, fourteen counts."""
    if years_before(clock.today(EARLIEST), 14).day != clock.today(EARLIEST).day:
        pytest.skip("on a 29 February nobody turns fourteen")
    at = await school_in(here, zone)
    _, citizen = await pupil(here, years_before(clock.today(EARLIEST), 14), level="child", at=at)
    redirect = await doors.back_from_esia(citizen)

    if is_in:
        assert (await doors.complete(redirect)).signed_in.bound_now
    else:
        assert await reason(doors.complete(redirect)) == "LEVEL_TOO_LOW"


async def test_a_bound_child_who_has_turned_fourteen_needs_an_account_of_their_own(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A15: judged at every entry; the binding stays for the account that is raised."""
    today = clock.today(MOSCOW)
    registered, citizen = await pupil(here, years_before(today, 12), level="child")
    await doors.enter(citizen)
    await born(here, registered, years_before(today, 15))

    assert await reason(doors.enter(citizen)) == "LEVEL_TOO_LOW"
    raised(here, citizen, level="standard")
    assert not (await doors.enter(citizen)).bound_now
    assert len(await here.rows(bindings, bindings.c.account_id == registered.account_id)) == 1


async def test_a_bound_account_that_is_lowered_at_esia_is_refused(here: Town, doors: Doors) -> None:
    """A15: bound by SNILS, it has none any more; nothing else vouches for it."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    await doors.enter(citizen)
    raised(here, citizen, level="simplified", snils=None)

    said = await refused(doors.enter(citizen))

    assert (said.reason, said.metadata) == (
        "LEVEL_TOO_LOW",
        {"seen": "simplified", "needed": "standard", "next_step": "raise_level"},
    )
    assert (await here.audited(mother.person_id))[-1] == (
        "refuse_binding",
        "LEVEL_TOO_LOW:simplified:standard",
    )


async def test_a_step_up_through_esia_needs_the_level_too(here: Town, doors: Doors) -> None:
    """A15."""
    snils = here.snils()
    await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    entered = await doors.enter(citizen)
    started = await doors.sign_in.StartEsiaStepUp(
        sign_in_pb2.StartEsiaStepUpRequest(), timeout=DEADLINE, metadata=bearer(entered.session)
    )
    raised(here, citizen, level="simplified", snils=None)
    redirect = await doors.at_esia(
        citizen,
        sign_in_pb2.StartEsiaSignInResponse(
            authorization_url=started.authorization_url, browser_key=started.browser_key
        ),
    )

    assert await reason(doors.complete(redirect)) == "LEVEL_TOO_LOW"


async def test_who_is_blocked_hears_that_and_not_of_a_level(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A16: raising the level would not help."""
    registered, citizen = await pupil(here, years_before(clock.today(MOSCOW), 15), level="child")
    async with here.database.transaction() as tx:
        of_pupil = people.c.id == registered.person_id
        await tx.execute(update(people).where(of_pupil).values(status=PersonStatus.BLOCKED))

    assert await reason(doors.enter(citizen)) == "ACCOUNT_BLOCKED"


async def test_a_childs_account_does_not_go_the_password_road_from_fourteen_on(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R5, R22: the password stands for a missing SNILS, not for an account of one's own."""
    login, today = f"pupil-{here.snils()}", clock.today(MOSCOW)
    birth = years_before(today, 15)
    registered = await here.register(CHILD, birth_date=birth, login=login, password="a long enough one")
    citizen = here.citizen(CHILD, snils=None, birth_date=birth, level="child")
    browser_key = await doors.password_needed(citizen)

    said = await refused(doors.bind(browser_key, login, "a long enough one"))

    assert (said.reason, said.metadata) == (
        "LEVEL_TOO_LOW",
        {"seen": "child", "needed": "standard", "next_step": "raise_level"},
    )
    assert await here.rows(bindings, bindings.c.account_id == registered.account_id) == []


async def test_below_fourteen_a_childs_account_goes_the_password_road(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R5, R22."""
    login = f"pupil-{here.snils()}"
    birth = years_before(clock.today(MOSCOW), 12)
    await here.register(CHILD, birth_date=birth, login=login, password="a long enough one")
    citizen = here.citizen(CHILD, snils=None, birth_date=birth, level="child")

    entered = await doors.bind(await doors.password_needed(citizen), login, "a long enough one")

    assert entered.bound_now
    assert not (await doors.enter(citizen)).bound_now


@pytest.fixture(scope="module")
async def strict(
    databases: Databases, stand: Bench, the_clock: MovableClock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """A region that asks for confirmed accounts."""
    folder = tmp_path_factory.mktemp("strict")
    async with town(
        folder,
        stand,
        make_keys(folder),
        database_url=await databases.fresh("identity"),
        nats_url=f"nats://127.0.0.1:{ports.any_free()}",
        clock=the_clock,
        esia_level=LevelPolicy.CONFIRMED,
    ) as running:
        # Two towns share one ESIA: their people have numbers of their own.
        running._numbers = count(500_001)
        yield running


async def test_a_region_may_ask_for_confirmed_accounts_of_all(strict: Town) -> None:
    """The setting of a region; with it the password road is shut to all but confirmed accounts."""
    doors, snils = strict.doors, strict.snils()
    await strict.register(snils=snils)
    citizen = strict.citizen(snils=snils, level="standard")

    said = await refused(doors.enter(citizen))
    assert (said.reason, said.metadata) == (
        "LEVEL_TOO_LOW",
        {"seen": "standard", "needed": "confirmed", "next_step": "raise_level"},
    )
    raised(strict, citizen, level="confirmed")
    assert (await doors.enter(citizen)).bound_now
    without = await refused(doors.enter(strict.citizen(snils=None, level="simplified")))
    assert (without.reason, without.metadata["needed"]) == ("LEVEL_TOO_LOW", "confirmed")
    assert await doors.password_needed(strict.citizen(snils=None))


async def test_a_region_that_asks_for_confirmed_accounts_takes_a_childs_below_fourteen(
    strict: Town, clock: MovableClock
) -> None:
    """A child cannot have more: a parent with a confirmed account has made it."""
    _, citizen = await pupil(strict, years_before(clock.today(MOSCOW), 12), level="child")

    assert (await strict.doors.enter(citizen)).bound_now
