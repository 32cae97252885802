"""ESIA has no SNILS: the diary's own login and password show whose profile it is (R22)."""

from __future__ import annotations

import asyncio
from datetime import date

from services.identity.binding.storage import bindings
from services.identity.cases.storage.tables import cases
from services.identity.links.rules import MOST_PASSWORDS
from services.identity.links.storage import link_transactions
from services.identity.people.rules import PersonStatus
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Town, reason, refused


async def test_login_and_password_bind_a_profile_without_snils(here: Town, doors: Doors) -> None:
    """R22; from then on ESIA alone is enough (R24)."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    citizen = here.citizen(snils=None, level="simplified")

    entered = await doors.bind(await doors.password_needed(citizen), login, "a long enough one")

    assert (entered.person.person_id, entered.bound_now) == (str(mother.person_id), True)
    assert not (await doors.enter(citizen)).bound_now
    assert await here.told(mother.account_id) == ["ProfileBound"]
    assert await here.audited(mother.person_id) == [("bind_profile", "PASSWORD")]


async def test_a_parents_profile_is_never_bound_to_the_childs_account(here: Town, doors: Doors) -> None:
    """A11: the password is right, the profile is somebody else's."""
    login = f"child-{here.snils()}"
    child = await here.register("Королёв Пётр Олегович", login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen("Королёва Алёна Сергеевна", snils=None))

    said = await refused(doors.bind(browser_key, login, "a long enough one"))

    assert (said.reason, said.metadata) == ("NAME_DIFFERS", {"part": "surname", "next_step": "correct_data"})
    assert await here.rows(bindings, bindings.c.account_id == child.account_id) == []
    assert await here.rows(sessions, sessions.c.account_id == child.account_id) == []
    assert await here.audited(child.person_id) == [("refuse_binding", "NAME_DIFFERS:surname")]


async def test_a_school_is_not_asked_to_make_one_person_of_a_parent_and_a_child(
    here: Town, doors: Doors
) -> None:
    """A11: taking over what ESIA says would rename the child; an equal birth date is another matter."""
    login, own = f"child-{here.snils()}", f"own-{here.snils()}"
    child = await here.register(
        "Королёв Пётр Олегович", login=login, password="a long enough one", birth_date=date(2014, 9, 1)
    )
    mother = await here.register("Каралёва Алёна Сергеевна", login=own, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen("Королёва Алёна Сергеевна", snils=None))

    assert await reason(doors.propose(browser_key, login, "a long enough one")) == "NAME_DIFFERS"
    assert await reason(doors.propose(browser_key, own, "a long enough one")) == "NAME_DIFFERS"

    assert await here.rows(cases, cases.c.person_id == child.person_id) == []
    (case,) = await here.rows(cases, cases.c.person_id == mother.person_id)
    assert (case.kind, case.detail) == ("NAME_DIFFERS", "surname")


async def test_a_parents_profile_with_snils_is_never_offered_the_password_road(
    here: Town, doors: Doors
) -> None:
    """A11: a SNILS that the school does not know is a refusal, not a detour."""
    login = f"child-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    redirect = await doors.back_from_esia(here.citizen(snils=here.snils()))

    assert await reason(doors.complete(redirect)) == "SNILS_UNKNOWN"
    assert await reason(doors.bind(redirect.browser_key, login, "a long enough one")) == "SIGN_IN_UNKNOWN"


async def test_the_right_account_may_be_shown_after_the_wrong_one(here: Town, doors: Doors) -> None:
    """A mother who typed her child's login first is not sent back to ESIA."""
    own, childs = f"own-{here.snils()}", f"child-{here.snils()}"
    await here.register("Королёва Алёна Сергеевна", login=own, password="a long enough one")
    await here.register("Королёв Пётр Олегович", login=childs, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen("Королёва Алёна Сергеевна", snils=None))
    await refused(doors.bind(browser_key, childs, "a long enough one"))

    assert (await doors.bind(browser_key, own, "a long enough one")).bound_now


async def test_without_birth_date_a_patronymic_missing_on_one_side_refuses(here: Town, doors: Doors) -> None:
    """A13: two silent witnesses are none."""
    login = f"parent-{here.snils()}"
    await here.register("Ким Ян Сергеевич", login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen("Ким Ян", snils=None, birth_date=None))

    said = await refused(doors.bind(browser_key, login, "a long enough one"))

    assert (said.reason, said.metadata) == (
        "NAME_DIFFERS",
        {"part": "patronymic", "next_step": "correct_data"},
    )


async def test_a_pending_profile_belongs_to_its_browser_and_its_time(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A1."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))

    other = (await doors.start()).browser_key
    assert await reason(doors.bind(other, login, "a long enough one")) == "SIGN_IN_UNKNOWN"
    clock.move(minutes=10)
    assert await reason(doors.bind(browser_key, login, "a long enough one")) == "SIGN_IN_UNKNOWN"


async def test_a_pending_profile_is_sealed_and_forgotten_when_its_time_is_over(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A33: what lies in the table is no readable name, and does not lie there for long."""
    citizen = here.citizen("Королёва Алёна Сергеевна", snils=None)
    await doors.password_needed(citizen)
    mine = link_transactions.c.subject == str(citizen.oid)

    (waiting,) = await here.rows(link_transactions, mine)
    assert "Королёва".encode() not in waiting.profile_box
    assert b"\\u041a" not in waiting.profile_box
    clock.move(minutes=10)
    await here.sweep()
    (over,) = await here.rows(link_transactions, mine)
    assert over.profile_box is None
    clock.move(days=1)
    await here.sweep()
    assert await here.rows(link_transactions, mine) == []


async def test_a_pending_profile_takes_few_passwords(here: Town, doors: Doors) -> None:
    """A21: guesses at many logins are bounded by the sign-in they are made in."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    browser_key = await doors.password_needed(here.citizen(snils=None))

    guesses = await asyncio.gather(
        *(reason(doors.bind(browser_key, f"guess-{number}", "guess")) for number in range(20))
    )

    assert guesses.count("WRONG_CREDENTIALS") == MOST_PASSWORDS
    assert guesses.count("SIGN_IN_UNKNOWN") == 20 - MOST_PASSWORDS
    assert await reason(doors.bind(browser_key, login, "a long enough one")) == "SIGN_IN_UNKNOWN"


async def test_a_bound_account_takes_no_second_profile_by_password(here: Town, doors: Doors) -> None:
    """A9, A10."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password="a long enough one")
    await doors.bind(await doors.password_needed(here.citizen(snils=None)), login, "a long enough one")
    second = await doors.password_needed(here.citizen(snils=None))

    assert await reason(doors.bind(second, login, "a long enough one")) == "BOUND_TO_ANOTHER_PROFILE"
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1


async def test_a_profile_goes_to_one_of_two_namesakes_who_know_their_passwords(
    here: Town, doors: Doors
) -> None:
    """A10: one profile in two browsers, two accounts of the same name, both at once."""
    logins = [f"namesake-{here.snils()}" for _ in range(2)]
    namesakes = [await here.register(login=login, password="a long enough one") for login in logins]
    citizen = here.citizen(snils=None)
    browsers = [await doors.password_needed(citizen) for _ in logins]

    outcomes = await asyncio.gather(
        *(
            doors.bind(browser, login, "a long enough one")
            for browser, login in zip(browsers, logins, strict=True)
        ),
        return_exceptions=True,
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(refusals) == 1
    rows = await here.rows(
        bindings, bindings.c.account_id.in_([namesake.account_id for namesake in namesakes])
    )
    assert len(rows) == 1
    loser = next(i for i, outcome in enumerate(outcomes) if isinstance(outcome, BaseException))
    assert (await here.audited(namesakes[loser].person_id))[-1][1] == "PROFILE_BOUND_ELSEWHERE"


async def test_a_blocked_account_is_not_bound(here: Town, doors: Doors) -> None:
    """A16."""
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one", status=PersonStatus.BLOCKED)
    browser_key = await doors.password_needed(here.citizen(snils=None))

    assert await reason(doors.bind(browser_key, login, "a long enough one")) == "ACCOUNT_BLOCKED"
