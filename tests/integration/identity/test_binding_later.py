"""What changes at ESIA and at the school after a binding: who goes on, who is refused, who is told."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from deploy.local.esia.people import Person as Citizen
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts, lock_account
from services.identity.binding.storage import bindings
from services.identity.cases.storage.tables import case_people, cases
from services.identity.corrections.storage import data_for_update
from services.identity.links.storage import link_transactions
from services.identity.people.rules import Snils
from services.identity.people.storage import hide_snils, people, snils_digests
from tests.support.case_office import GUARDIAN, Resolution, case_desk
from tests.support.clock import MovableClock
from tests.support.identity import Doors, Registered, Town, reason, refused, somebody_waits
from tests.support.waiting import eventually

NAME = "Королёва Алёна Сергеевна"


async def test_a_changed_surname_goes_on_and_the_school_is_told_once(here: Town, doors: Doors) -> None:
    """A14: entries go on under the old binding; one case, however often the person enters."""
    person, citizen = await _bound(here)
    here.at_esia(citizen, surname="Иванова")

    for _ in range(3):
        assert (await doors.enter(citizen)).person.person_id == str(person.person_id)

    assert await _cases(here, person) == [("NAME_CHANGED", "surname")]


async def test_another_birth_date_goes_on_and_the_school_is_told(here: Town, doors: Doors) -> None:
    """A14."""
    person, citizen = await _bound(here)
    here.at_esia(citizen, birth_date="1986-04-13")

    assert not (await doors.enter(citizen)).bound_now

    assert await _cases(here, person) == [("BIRTH_DATE_DIFFERS", "")]


async def test_the_same_name_spelled_otherwise_is_no_change(here: Town, doors: Doors) -> None:
    """A13: ё, case and hyphens are nobody's business."""
    person, citizen = await _bound(here)
    here.at_esia(citizen, surname="КОРОЛЕВА")

    await doors.enter(citizen)

    assert await _cases(here, person) == []


async def test_another_snils_ends_the_entry_and_the_school_is_told_once(here: Town, doors: Doors) -> None:
    """A11, A14."""
    person, citizen = await _bound(here)
    here.at_esia(citizen, snils=here.snils())

    said = [await refused(doors.enter(citizen)) for _ in range(2)]

    assert {each.reason for each in said} == {"SNILS_DIFFERS"}
    assert said[0].metadata == {"next_step": "own_profile"}
    assert await _cases(here, person) == [("SNILS_DIFFERS", "")]


@pytest.mark.parametrize("status", ["DELETED", "DISABLED"])
async def test_a_profile_that_is_closed_at_esia_opens_nothing(here: Town, doors: Doors, status: str) -> None:
    """The person needs another way in, and the school learns of it."""
    person, citizen = await _bound(here)
    here.at_esia(citizen, status=status)

    said = await refused(doors.enter(citizen))

    assert (said.reason, said.metadata) == ("ESIA_PROFILE_CLOSED", {"next_step": "restore_profile"})
    assert await _cases(here, person) == [("PROFILE_CLOSED", "")]


async def test_a_closed_profile_is_not_bound_either(here: Town, doors: Doors) -> None:
    snils = here.snils()
    person = await here.register(NAME, snils=snils)
    citizen = here.citizen(NAME, snils=snils)
    here.at_esia(citizen, status="DELETED")

    assert await reason(doors.enter(citizen)) == "ESIA_PROFILE_CLOSED"
    assert await here.rows(bindings, bindings.c.account_id == person.account_id) == []


async def test_a_merged_profile_is_told_the_way(here: Town, doors: Doors) -> None:
    """A10: the same human being under a new oid: never by itself; the old binding has to be ended first."""
    person, citizen = await _bound(here)
    merged = here.at_esia(citizen, oid=citizen.oid + 500_000)

    said = await refused(doors.enter(merged))

    assert (said.reason, said.metadata) == ("BOUND_TO_ANOTHER_PROFILE", {"next_step": "unbind"})
    assert await _cases(here, person) == [("BOUND_TO_ANOTHER_PROFILE", "")]


async def test_a_binding_by_password_is_proven_once_esia_knows_the_snils(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """R22, A15: quietly; from then on it counts as by SNILS, also for the level of the account."""
    snils = here.snils()
    person, citizen = await _bound_by_password(here, snils=snils)
    here.at_esia(citizen, snils=snils, level="standard")
    clock.move(minutes=1)

    assert not (await doors.enter(citizen)).bound_now

    (row,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert (row.road, row.reverified_at) == ("SNILS", clock.now())
    assert (await here.audited(person.person_id))[-1] == ("reverify_binding", "SNILS")
    # Without its SNILS again, the account counts as simplified, for which the password no longer speaks.
    here.at_esia(citizen, snils=None, level="simplified")
    assert await reason(doors.enter(citizen)) == "LEVEL_TOO_LOW"


async def test_a_binding_by_password_ends_its_entries_when_esia_shows_another_snils(
    here: Town, doors: Doors
) -> None:
    """A11: it was somebody else's Gosuslugi all the time."""
    person, citizen = await _bound_by_password(here, snils=here.snils())
    here.at_esia(citizen, snils=here.snils())

    assert await reason(doors.enter(citizen)) == "SNILS_DIFFERS"

    (row,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert (row.road, row.reverified_at) == ("PASSWORD", None)
    assert await _cases(here, person) == [("SNILS_DIFFERS", "")]


async def test_a_snils_that_the_school_does_not_know_is_not_written_unseen(here: Town, doors: Doors) -> None:
    """The person is in; the school is asked, and a school alone writes."""
    person, citizen = await _bound_by_password(here, snils=None)
    here.at_esia(citizen, snils=here.snils())

    assert not (await doors.enter(citizen)).bound_now

    (row,) = await here.rows(people, people.c.id == person.person_id)
    assert row.snils_box is None
    (binding,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert binding.road == "PASSWORD"
    assert await _cases(here, person) == [("SNILS_UNREGISTERED", "")]


async def test_the_school_takes_over_the_snils_by_one_press(here: Town, doors: Doors) -> None:
    """From then on the binding is proven by it."""
    desk = await case_desk(here)
    login = f"parent-{here.snils()}"
    person = await here.register(
        NAME, login=login, password="a long enough one", roles={desk.school_id: GUARDIAN}
    )
    citizen = here.citizen(NAME, snils=None, level="simplified")
    await doors.bind(await doors.password_needed(citizen), login, "a long enough one")
    here.at_esia(citizen, snils=here.snils())
    await doors.enter(citizen)
    (case,) = (await desk.waiting()).cases

    await desk.settle(case.case_id, Resolution.CASE_RESOLUTION_ACCEPT_ESIA)

    assert not (await doors.enter(citizen)).bound_now
    (row,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert row.road == "SNILS"


async def test_the_snils_of_a_profile_is_remembered_as_an_index_alone(here: Town) -> None:
    """A5, A33: enough to compare, nothing to read."""
    person, citizen = await _bound(here)

    (row,) = await here.rows(bindings, bindings.c.account_id == person.account_id)

    assert citizen.snils is not None
    assert row.snils_seen in snils_digests(here.keyring, Snils(citizen.snils))


async def test_a_school_that_corrects_the_snils_pauses_what_was_opened_through_esia(
    here: Town, doors: Doors
) -> None:
    """A14: the profile is another person's after all: sessions end at once, the next entry says why."""
    person, citizen = await _bound(here)
    inside = (await doors.enter(citizen)).session

    await _correct(here, person, here.snils())

    assert await reason(doors.refresh(inside.refresh_token)) == "SESSION_ENDED"
    assert (await here.audited(person.person_id))[-1] == ("pause_binding", "SNILS_DIFFERS")
    assert await reason(doors.enter(citizen)) == "SNILS_DIFFERS"
    # Also when ESIA shows no SNILS any more: the one it showed last counts.
    here.at_esia(citizen, snils=None, level="confirmed")
    assert await reason(doors.enter(citizen)) == "SNILS_DIFFERS"


async def test_an_entry_waits_for_a_correction_that_was_first(here: Town, doors: Doors) -> None:
    """A14: it had compared with what was registered before; no session is left by it."""
    person, citizen = await _bound(here)
    redirect = await doors.back_from_esia(citizen)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people)
            .where(people.c.id == person.person_id)
            .values(
                **hide_snils(here.keyring, person.person_id, Snils(here.snils())),
                version=people.c.version + 1,
            )
        )
        entering = asyncio.create_task(reason(doors.complete(redirect)))
        await eventually(lambda: somebody_waits(here))

    assert await entering == "SIGN_IN_UNKNOWN"
    assert await reason(doors.enter(citizen)) == "SNILS_DIFFERS"


async def test_an_entry_waits_for_a_block_that_was_first(here: Town, doors: Doors) -> None:
    """A16: it had found the account open; no session is left by it."""
    person, citizen = await _bound(here)
    redirect = await doors.back_from_esia(citizen)
    async with here.database.transaction() as tx:
        await lock_account(tx.connection, person.account_id)
        await tx.execute(
            update(accounts).where(accounts.c.id == person.account_id).values(state=AccountState.BLOCKED)
        )
        entering = asyncio.create_task(reason(doors.complete(redirect)))
        await eventually(lambda: somebody_waits(here))

    assert await entering == "SIGN_IN_UNKNOWN"
    assert await reason(doors.enter(citizen)) == "ACCOUNT_BLOCKED"


async def test_a_correction_taken_back_lets_the_profile_in_again(here: Town, doors: Doors) -> None:
    """A pause is no end."""
    person, citizen = await _bound(here)
    assert citizen.snils is not None
    await _correct(here, person, here.snils())
    await _correct(here, person, citizen.snils)

    assert not (await doors.enter(citizen)).bound_now


async def test_a_correction_that_agrees_with_the_profile_pauses_nothing(here: Town, doors: Doors) -> None:
    person, citizen = await _bound_by_password(here, snils=None)
    snils = here.snils()
    here.at_esia(citizen, snils=snils)
    inside = (await doors.enter(citizen)).session

    await _correct(here, person, snils)

    assert (await doors.refresh(inside.refresh_token)).access_token
    assert not (await doors.enter(citizen)).bound_now
    (row,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert row.road == "SNILS"


async def test_a_sign_in_begun_in_another_region_ends_nowhere(here: Town, doors: Doors) -> None:
    """A31."""
    snils = here.snils()
    person = await here.register(NAME, snils=snils)
    redirect = await doors.back_from_esia(here.citizen(NAME, snils=snils))
    async with here.database.transaction() as tx:
        await tx.execute(update(link_transactions).values(region="50"))

    said = await refused(doors.complete(redirect))

    assert (said.reason, said.metadata) == ("REGION_DIFFERS", {"next_step": "begin_again"})
    assert await here.rows(bindings, bindings.c.account_id == person.account_id) == []


async def _bound(here: Town) -> tuple[Registered, Citizen]:
    snils = here.snils()
    person = await here.register(NAME, snils=snils)
    citizen = here.citizen(NAME, snils=snils)
    await here.doors.enter(citizen)
    return person, citizen


async def _bound_by_password(here: Town, *, snils: str | None) -> tuple[Registered, Citizen]:
    login = f"parent-{here.snils()}"
    person = await here.register(NAME, snils=snils, login=login, password="a long enough one")
    citizen = here.citizen(NAME, snils=None, level="simplified")
    await here.doors.bind(await here.doors.password_needed(citizen), login, "a long enough one")
    return person, citizen


async def _correct(here: Town, person: Registered, snils: str) -> None:
    """What the acceptance of a correction does to the register, and then to the binding."""
    assert here.inside is not None
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people)
            .where(people.c.id == person.person_id)
            .values(hide_snils(here.keyring, person.person_id, Snils(snils)))
        )
        present = await data_for_update(tx.connection, here.keyring, person.person_id)
        assert present is not None
        await here.inside.use_cases.entry.cases.register_changed(tx, person.person_id, present)


async def _cases(here: Town, person: Registered) -> list[tuple[str, str]]:
    """The open cases about somebody: kind and detail."""
    about = await here.rows(case_people, case_people.c.person_id == person.person_id)
    found = await here.rows(
        cases,
        (cases.c.person_id == person.person_id) | cases.c.id.in_([row.case_id for row in about]),
    )
    return [(row.kind, row.detail) for row in found]
