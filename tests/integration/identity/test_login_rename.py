"""The one change of a login."""

from __future__ import annotations

import asyncio

import pytest

from services.identity.accounts.storage import accounts, login_reservations
from tests.support.clock import MovableClock
from tests.support.holder import Holder, Message, holder, outcome
from tests.support.identity import Doors, Town, reason, refused


@pytest.fixture
async def anna(here: Town) -> Holder:
    return await holder(here)


def fresh(here: Town) -> str:
    """A login that nobody has or had; digits would look like letters."""
    return "wish." + here.snils()[:9].translate(str.maketrans("0123456789", "abcdefghjk"))


async def test_the_new_login_opens_and_the_old_one_does_not(here: Town, anna: Holder) -> None:
    """R15."""
    session, wish = await anna.enter(), fresh(here)

    assert await anna.rename(session, f" {wish.upper()} ") == wish

    assert (await anna.enter(login=wish)).access_token
    assert await reason(anna.enter()) == "WRONG_CREDENTIALS"
    mine = await anna.account(session)
    assert (mine.login, mine.login_can_change) == (wish, False)
    told = await anna.letters(Message.MESSAGE_KIND_LOGIN_RENAMED)
    assert {letter.to for letter in told} == {anna.email, anna.mobile}
    assert ("rename_login", None) in await here.audited(anna.registered.account_id)


async def test_a_login_is_renamed_once_ever(here: Town, anna: Holder, clock: MovableClock) -> None:
    await anna.rename(await anna.enter(), fresh(here))
    (row,) = await here.rows(accounts, accounts.c.id == anna.registered.account_id)
    clock.move(days=400)
    session = await anna.enter(login=row.login)

    assert await reason(anna.rename(session, fresh(here))) == "LOGIN_RENAMED_BEFORE"
    assert await reason(anna.rename(session, anna.login)) == "LOGIN_RENAMED_BEFORE"


async def test_of_twenty_renames_of_one_account_at_once_one_is_made(here: Town, anna: Holder) -> None:
    """A24: and the other nineteen wishes are not reserved."""
    session = await anna.enter()
    wishes = [fresh(here) for _ in range(20)]

    answers = await asyncio.gather(*(outcome(anna.rename(session, wish)) for wish in wishes))

    # Five are looked at, the rest must wait: whoever asks on could learn which logins there are.
    assert answers.count("ok") == 1
    assert set(answers) <= {"ok", "LOGIN_RENAMED_BEFORE", "TOO_MANY_ATTEMPTS"}
    (row,) = await here.rows(accounts, accounts.c.id == anna.registered.account_id)
    assert row.login == wishes[answers.index("ok")]
    kept = await here.rows(login_reservations, login_reservations.c.account_id == anna.registered.account_id)
    assert {each.login for each in kept} == {anna.login, row.login}


async def test_of_twenty_accounts_that_want_one_login_one_gets_it(here: Town) -> None:
    """A24."""
    crowd = [await holder(here, contacts=False) for _ in range(20)]
    sessions = [await person.enter() for person in crowd]
    wish = fresh(here)

    answers = await asyncio.gather(
        *(outcome(person.rename(session, wish)) for person, session in zip(crowd, sessions, strict=True))
    )

    assert sorted(answers) == ["LOGIN_TAKEN"] * 19 + ["ok"]
    assert len(await here.rows(accounts, accounts.c.login == wish)) == 1


async def test_a_login_that_looks_like_anothers_present_or_former_one_is_taken(
    here: Town, anna: Holder
) -> None:
    """A24: squatting on what somebody has left behind."""
    boris, former, present = await holder(here), anna.login, fresh(here)
    await anna.rename(await anna.enter(), present)
    session = await boris.enter()

    for wish in (
        present,
        present.replace(".", "-"),
        former,
        former.replace("-", "."),
        former.replace("l", "1"),
    ):
        assert await reason(boris.rename(session, wish)) == "LOGIN_TAKEN"


async def test_ones_own_login_may_change_its_dots(here: Town, anna: Holder) -> None:
    """What looks like one's own is nobody else's."""
    wish = anna.login.replace("-", ".")

    assert await anna.rename(await anna.enter(), wish) == wish


@pytest.mark.parametrize(
    ("wish", "rule"), [("anna", "length"), ("аnna.koroleva", "letters"), ("support1", "name")]
)
async def test_a_login_that_cannot_be_one_is_refused_and_the_change_is_not_spent(
    here: Town, anna: Holder, wish: str, rule: str
) -> None:
    session = await anna.enter()

    told = await refused(anna.rename(session, wish))

    assert (told.reason, told.metadata) == ("BAD_LOGIN", {"rule": rule})
    assert (await anna.account(session)).login_can_change


async def test_whoever_asks_on_for_taken_logins_must_wait(here: Town, anna: Holder) -> None:
    """A22: a rename is no way to learn which logins there are."""
    boris = await holder(here)
    session = await boris.enter()
    for _ in range(5):
        assert await reason(boris.rename(session, anna.login)) == "LOGIN_TAKEN"

    assert await reason(boris.rename(session, anna.login)) == "TOO_MANY_ATTEMPTS"


async def test_without_a_login_there_is_nothing_to_change(here: Town, doors: Doors) -> None:
    snils = here.snils()
    mother = await here.register(snils=snils)
    session = (await doors.enter(here.citizen(snils=snils))).session
    person = Holder(here, mother, "")

    assert await reason(person.rename(session, fresh(here))) == "NO_LOGIN"
    mine = await person.account(session)
    assert (mine.login, mine.login_can_change, mine.has_password, mine.esia_bound) == ("", False, False, True)


async def test_a_rename_needs_a_proof_of_the_last_minutes(
    here: Town, anna: Holder, clock: MovableClock
) -> None:
    session = await anna.enter()
    clock.move(minutes=4)
    session = await here.doors.refresh(session.refresh_token)
    clock.move(minutes=2)

    assert await reason(anna.rename(session, fresh(here))) == "STEP_UP_NEEDED"
