"""A binding makes the account its person's own: what others may have prepared in it is dead (A6, A23)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import insert, update

from services.identity.accounts.storage import accounts
from services.identity.contacts.storage import contacts
from services.identity.recoveries.storage import recoveries
from services.kit.ids import new_id
from tests.integration.identity.test_contacts import EMAIL, change
from tests.support.identity import Town, reason, somebody_waits
from tests.support.newcomer import (
    PERMANENT,
    TEMPORARY,
    Kind,
    Step,
    an_email,
    newcomer,
)
from tests.support.waiting import eventually

NAME = "Королёва Алёна Сергеевна"


async def test_a_binding_activates_and_the_slip_is_worthless(here: Town) -> None:
    """A23: whoever found the slip comes too late, and whoever is in by it is out."""
    snils = here.snils()
    finder = await newcomer(here, NAME, snils=snils)

    entered = await here.doors.enter(here.citizen(NAME, snils=snils))

    assert entered.bound_now
    assert await reason(finder.enter(TEMPORARY)) == "WRONG_CREDENTIALS"
    assert await reason(here.doors.refresh(finder.session.refresh_token)) == "SESSION_ENDED"
    (row,) = await here.rows(accounts, accounts.c.id == finder.registered.account_id)
    assert (row.password_hash, row.temporary_until, row.activated_at) == (None, None, here.clock.now())


async def test_contacts_of_a_half_done_activation_are_forgotten(here: Town) -> None:
    """A6: also the one that was confirmed, for who confirmed it is not known."""
    snils = here.snils()
    finder = await (await newcomer(here, NAME, snils=snils)).up_to(Step.ACTIVATION_STEP_CONFIRM_CONTACTS)
    await finder.follow(await finder.last_link())

    await here.doors.enter(here.citizen(NAME, snils=snils))

    assert await here.rows(contacts, contacts.c.account_id == finder.registered.account_id) == []
    (message,) = await finder.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)
    assert message.withdrawn
    assert await finder.letters(Kind.MESSAGE_KIND_PROFILE_BOUND) == []


async def test_a_change_of_contact_dies_and_the_person_is_told(here: Town) -> None:
    """A6: an active account keeps its contacts and its password, and its person hears of the binding."""
    snils = here.snils()
    person = await (await newcomer(here, NAME, snils=snils)).up_to(Step.ACTIVATION_STEP_DONE)
    await change(person, EMAIL, an_email())
    link = await person.last_link()

    await here.doors.enter(here.citizen(NAME, snils=snils))

    assert await reason(person.follow(link)) == "LINK_UNKNOWN"
    assert (await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL))[-1].withdrawn
    told = await person.letters(Kind.MESSAGE_KIND_PROFILE_BOUND)
    assert {each.to for each in told} == {person.email, person.mobile}
    assert (await person.enter(PERMANENT)).access_token


async def test_a_recovery_that_was_begun_is_dead(here: Town) -> None:
    """A6."""
    snils = here.snils()
    person = await (await newcomer(here, NAME, snils=snils)).up_to(Step.ACTIVATION_STEP_DONE)
    now, message_id = here.clock.now(), new_id()
    async with here.database.transaction() as tx:
        await tx.execute(
            insert(recoveries).values(
                id=new_id(),
                account_id=person.registered.account_id,
                contact="EMAIL",
                address_digest=b"address",
                proof_digest=new_id().bytes,
                begun_at=now,
                expires_at=now + timedelta(hours=1),
                attempts_left=1,
                message_id=message_id,
            )
        )

    await here.doors.enter(here.citizen(NAME, snils=snils))

    assert await here.rows(recoveries, recoveries.c.account_id == person.registered.account_id) == []
    assert await here.told(message_id) == ["MessageWithdrawn"]


async def test_a_refused_binding_takes_nothing_from_the_account(here: Town) -> None:
    """A10: the profile is another account's by now; this one still serves its person as before."""
    login = f"first-{here.snils()}"
    await here.register(NAME, login=login, password="a long enough one")
    second = await (await newcomer(here, NAME)).up_to(Step.ACTIVATION_STEP_DONE)
    profile = here.citizen(NAME, snils=None)
    here_key, there_key = [await here.doors.password_needed(profile) for _ in range(2)]
    await here.doors.bind(here_key, login, "a long enough one")

    refused = here.doors.bind(there_key, second.login, PERMANENT)

    assert await reason(refused) == "PROFILE_BOUND_ELSEWHERE"
    assert (await here.doors.refresh(second.session.refresh_token)).access_token
    assert (await second.enter(PERMANENT)).access_token


async def test_a_binding_by_password_takes_over_as_well(here: Town) -> None:
    """A6, R22: sessions and pending changes end, the password that its person chose stays."""
    person = await (await newcomer(here, NAME)).up_to(Step.ACTIVATION_STEP_DONE)
    await change(person, EMAIL, an_email())
    link = await person.last_link()
    key = await here.doors.password_needed(here.citizen(NAME, snils=None))

    entered = await here.doors.bind(key, person.login, PERMANENT)

    assert entered.bound_now
    assert await reason(here.doors.refresh(person.session.refresh_token)) == "SESSION_ENDED"
    assert await reason(person.follow(link)) == "LINK_UNKNOWN"
    told = await person.letters(Kind.MESSAGE_KIND_PROFILE_BOUND)
    assert {each.to for each in told} == {person.email, person.mobile}
    assert (await person.enter(PERMANENT)).access_token


async def test_a_binding_waits_for_who_changes_the_account_and_then_counts_on(here: Town) -> None:
    """The row is locked first, so the binding sees what the other has left: here, a slip issued meanwhile."""
    snils = here.snils()
    person = await newcomer(here, NAME, snils=snils)
    (before,) = await here.rows(accounts, accounts.c.id == person.registered.account_id)
    redirect = await here.doors.back_from_esia(here.citizen(NAME, snils=snils))

    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == before.id)
            .values(version=accounts.c.version + 1, password_hash="issued meanwhile")
        )
        binding = asyncio.create_task(here.doors.complete(redirect))
        await eventually(lambda: somebody_waits(here))
    entered = (await binding).signed_in

    assert entered.bound_now
    (after,) = await here.rows(accounts, accounts.c.id == before.id)
    assert (after.version, after.password_hash) == (before.version + 2, None)
