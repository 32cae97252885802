"""Passwords: judged, changed, kept at the cost of the day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from services.identity.accounts.storage import accounts
from services.identity.credentials.usecases import NewPassword
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.holder import PASSWORD, Holder, Message, holder, outcome
from tests.support.identity import Doors, Town, reason, refused

FRESH = "Жёлтый-автобус-ждёт-57"


@pytest.fixture
async def anna(here: Town) -> Holder:
    return await holder(here)


async def test_a_password_is_judged_by_what_is_known_of_its_person(anna: Holder) -> None:
    session = await anna.enter()

    judged = await anna.judge(session, "Korolyova12.04.1986")

    assert list(judged.broken_rules) == [4, 6]  # BIRTH_DATE, NAME
    assert (judged.strength, judged.least_length) == (1, 10)
    assert not (await anna.judge(session, FRESH)).broken_rules


async def test_a_changed_password_opens_and_the_former_one_does_not(anna: Holder) -> None:
    """R13."""
    session = await anna.enter()
    await anna.change(session, FRESH)

    assert await reason(anna.enter(PASSWORD)) == "WRONG_CREDENTIALS"
    assert (await anna.enter(FRESH)).access_token


async def test_a_change_ends_every_other_session_and_tells_the_person_everywhere(
    here: Town, doors: Doors, anna: Holder
) -> None:
    one, other, third = [await anna.enter() for _ in range(3)]

    assert await anna.change(one, FRESH) == 2

    assert await reason(doors.refresh(other.refresh_token)) == "SESSION_ENDED"
    assert await reason(doors.refresh(third.refresh_token)) == "SESSION_ENDED"
    assert (await doors.refresh(one.refresh_token)).access_token
    told = await anna.letters(Message.MESSAGE_KIND_PASSWORD_CHANGED)
    assert {letter.to for letter in told} == {anna.email, anna.mobile}
    assert [action for action, _ in await here.audited(anna.registered.account_id)] == ["set_password"]


async def test_a_password_that_breaks_rules_is_refused_with_their_names(anna: Holder) -> None:
    session = await anna.enter()

    told = await refused(anna.change(session, "alyona86"))

    assert (told.reason, told.metadata) == ("BAD_PASSWORD", {"rules": "LENGTH,NAME,COMMON"})


async def test_the_present_password_is_no_new_one(anna: Holder) -> None:
    session = await anna.enter()

    told = await refused(anna.change(session, PASSWORD))

    assert told.metadata == {"rules": "SAME"}


async def test_an_endless_password_is_refused_before_it_costs_anything(anna: Holder) -> None:
    """A35."""
    session = await anna.enter()

    assert (await refused(anna.change(session, "д1" * 600))).metadata == {"rules": "TOO_LONG"}


async def test_a_change_needs_a_proof_of_the_last_minutes(anna: Holder, clock: MovableClock) -> None:
    session = await anna.enter()
    clock.move(minutes=4)
    session = await anna.town.doors.refresh(session.refresh_token)
    clock.move(minutes=2)

    assert await reason(anna.change(session, FRESH)) == "STEP_UP_NEEDED"


async def test_an_account_that_only_esia_has_opened_gets_its_first_password(here: Town, doors: Doors) -> None:
    """The contract: whoever steps up through ESIA may set it, once the school has issued a login."""
    snils = here.snils()
    mother = await here.register(snils=snils, login=f"mother-{snils}")
    session = (await doors.enter(here.citizen(snils=snils))).session
    person = Holder(here, mother, f"mother-{snils}")

    await person.change(session, FRESH)

    assert (await person.enter(FRESH)).access_token


async def test_who_has_forgotten_the_password_comes_back_through_esia(here: Town, doors: Doors) -> None:
    """The road of recovery for a bound account: nobody asks for the former password, which is dead then."""
    snils = here.snils()
    mother = await here.register(snils=snils, login=f"mother-{snils}", password=PASSWORD)
    session = (await doors.enter(here.citizen(snils=snils))).session
    person = Holder(here, mother, f"mother-{snils}")

    await person.change(session, FRESH)

    assert await outcome(person.enter()) == "WRONG_CREDENTIALS"
    assert (await person.enter(FRESH)).access_token


async def test_without_a_login_there_is_nothing_for_a_password_to_open(here: Town, doors: Doors) -> None:
    snils = here.snils()
    mother = await here.register(snils=snils)
    session = (await doors.enter(here.citizen(snils=snils))).session

    assert await reason(Holder(here, mother, "").change(session, FRESH)) == "NO_LOGIN"


async def test_of_twenty_changes_at_once_one_is_made(
    here: Town, anna: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was judged against the password that was in force; only one finds it still so."""
    session = await anna.enter()
    wishes = [f"{FRESH}-{number}" for number in range(20)]
    assert here.inside is not None
    credentials = here.inside.use_cases.account.credentials
    prepare, all_are_judged = credentials.prepare, asyncio.Barrier(len(wishes))

    async def judged_with_the_others(account_id: UUID, password: str) -> NewPassword:
        # Else a slow machine judges the last one by what the first has set.
        new = await prepare(account_id, password)
        await all_are_judged.wait()
        return new

    monkeypatch.setattr(credentials, "prepare", judged_with_the_others)
    answers = await asyncio.gather(*(outcome(anna.change(session, wish)) for wish in wishes))

    assert answers.count("ok") == 1
    assert answers.count("PASSWORD_MOVED") == 19
    assert (await anna.enter(wishes[answers.index("ok")])).access_token


async def test_a_temporary_password_past_its_days_gets_the_answer_of_a_wrong_one(
    here: Town, clock: MovableClock
) -> None:
    """A22, A23."""
    person = await holder(here, contacts=False)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == person.registered.account_id)
            .values(activated_at=None, temporary_until=clock.now() + timedelta(days=30))
        )
    assert (await person.enter()).pending
    clock.move(days=30)

    past, wrong = [await refused(person.enter(word)) for word in (PASSWORD, "a wrong one")]

    assert past.reason == "WRONG_CREDENTIALS"
    assert (past.code, past.title, past.metadata) == (wrong.code, wrong.title, wrong.metadata)


async def test_a_hash_of_another_cost_is_renewed_at_the_next_sign_in(here: Town) -> None:
    """Parameters rise, and nobody has to choose a new password for that."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    person = await holder(here)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == person.registered.account_id)
            .values(password_hash=cheap.hash(PASSWORD))
        )

    assert (await person.enter()).access_token

    (row,) = await here.rows(accounts, accounts.c.id == person.registered.account_id)
    assert "m=19456,t=2,p=1" in row.password_hash
    assert (await person.enter()).access_token


async def test_a_wrong_password_renews_nothing(here: Town) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    person = await holder(here)
    account = accounts.c.id == person.registered.account_id
    async with here.database.transaction() as tx:
        await tx.execute(update(accounts).where(account).values(password_hash=cheap))

    assert await reason(person.enter("a wrong one")) == "WRONG_CREDENTIALS"

    assert [row.password_hash for row in await here.rows(accounts, account)] == [cheap]


async def test_one_sees_what_one_has_to_enter_with(here: Town, anna: Holder, clock: MovableClock) -> None:
    session = await anna.enter()

    mine = await anna.account(session)

    assert (mine.login, mine.login_can_change, mine.has_password) == (anna.login, True, True)
    assert (mine.esia_bound, mine.second_factor) == (False, False)
    assert mine.HasField("activated_at")
    assert len(await here.rows(sessions, sessions.c.account_id == anna.registered.account_id)) == 1


async def test_a_sign_in_that_began_with_the_former_password_opens_nothing_once_another_is_set(
    here: Town, anna: Holder
) -> None:
    """A6: who knows the former password signs in all the while; nothing of it outlives the change."""
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == anna.registered.account_id)
            .values(password_hash=PasswordHasher().hash(FRESH), version=accounts.c.version + 1)
        )
        late = asyncio.create_task(reason(anna.enter(PASSWORD)))
        await asyncio.wait({late}, timeout=1)

    assert await late == "WRONG_CREDENTIALS"
