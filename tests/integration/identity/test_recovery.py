"""A forgotten password: by the link of an e-mail or the code of an SMS, once; strangers learn nothing."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import update

from services.identity.accounts.storage import accounts
from services.identity.contacts.rules import Kind
from services.identity.guesses.storage import guesses
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people
from services.identity.recoveries.rules import LEAST_TIME
from services.identity.recoveries.storage import recoveries
from tests.support.clock import MovableClock
from tests.support.holder import PASSWORD, Device, Holder, Message, confirm, holder, outcome
from tests.support.identity import Doors, Town, reason, refused
from tests.support.newcomer import an_email

FRESH = "Жёлтый-автобус-ждёт-57"


@pytest.fixture
async def anna(here: Town) -> Holder:
    return await holder(here)


async def test_the_link_of_the_email_sets_a_new_password(anna: Holder) -> None:
    await anna.forget()
    (letter,) = await anna.letters(Message.MESSAGE_KIND_RECOVERY_LINK)
    assert (letter.to, letter.values["link"].rpartition("/")[0]) == (
        anna.email,
        "https://77.diary.test/recover",
    )

    await anna.recover(FRESH, token=await anna.last_token())

    assert (await anna.enter(FRESH)).access_token
    assert await reason(anna.enter(PASSWORD)) == "WRONG_CREDENTIALS"


async def test_the_code_of_the_sms_sets_a_new_password(anna: Holder) -> None:
    started = await anna.forget(by_mobile=True)
    (letter,) = await anna.letters(Message.MESSAGE_KIND_RECOVERY_CODE)
    assert letter.to == anna.mobile
    # Five guesses at the codes of many persons, again each hour, are not to open any.
    assert len(await anna.last_code()) == 8

    await anna.recover(FRESH, key=started.recovery_key, code=await anna.last_code())

    assert (await anna.enter(FRESH)).access_token


async def test_every_session_ends_and_the_person_is_told_everywhere(doors: Doors, anna: Holder) -> None:
    """Whoever knew the former password may have entered with it."""
    sessions = [await anna.enter() for _ in range(2)]
    await anna.forget()
    await anna.recover(FRESH, token=await anna.last_token())

    assert [await reason(doors.refresh(each.refresh_token)) for each in sessions] == ["SESSION_ENDED"] * 2
    told = await anna.letters(Message.MESSAGE_KIND_PASSWORD_CHANGED)
    assert {letter.to for letter in told} == {anna.email, anna.mobile}


@pytest.mark.parametrize("by_mobile", [False, True])
async def test_of_twenty_completions_at_once_one_succeeds(anna: Holder, by_mobile: bool) -> None:
    started = await anna.forget(by_mobile=by_mobile)
    proof = (
        {"key": started.recovery_key, "code": await anna.last_code()}
        if by_mobile
        else {"token": await anna.last_token()}
    )

    answers = await asyncio.gather(
        *(outcome(anna.recover(f"{FRESH}-{number}", device=None, **proof)) for number in range(20))
    )

    assert answers.count("ok") == 1
    assert answers.count("RECOVERY_UNKNOWN") == 19
    assert (await anna.enter(f"{FRESH}-{answers.index('ok')}")).access_token


async def test_a_code_can_be_tried_five_times_also_at_once(here: Town, anna: Holder) -> None:
    """A21: the attempt counts before the code is looked at."""
    started = await anna.forget(by_mobile=True)
    code = await anna.last_code()
    wrong = [f"{(int(code) + number) % 100_000_000:08d}" for number in range(1, 21)]

    answers = await asyncio.gather(
        *(outcome(anna.recover(FRESH, key=started.recovery_key, code=each)) for each in wrong)
    )

    assert set(answers) == {"RECOVERY_UNKNOWN"}
    (row,) = await here.rows(recoveries, recoveries.c.account_id == anna.registered.account_id)
    assert row.attempts_left == 0
    assert await reason(anna.recover(FRESH, key=started.recovery_key, code=code)) == "RECOVERY_UNKNOWN"


async def test_a_bad_password_uses_neither_link_nor_attempt_up(here: Town, anna: Holder) -> None:
    started = await anna.forget(by_mobile=True)
    code = await anna.last_code()
    for _ in range(7):
        told = await refused(anna.recover("kx7#1-pq", key=started.recovery_key, code=code))
        assert (told.reason, told.metadata) == ("BAD_PASSWORD", {"rules": "LENGTH"})

    await anna.recover(FRESH, key=started.recovery_key, code=code)
    await anna.forget()
    assert await reason(anna.recover("kx7#1-pq", token=await anna.last_token())) == "BAD_PASSWORD"
    await anna.recover(PASSWORD, token=await anna.last_token())


async def test_nothing_that_was_used_or_replaced_or_is_past_its_time_holds(
    anna: Holder, clock: MovableClock
) -> None:
    await anna.forget()
    replaced = await anna.last_token()
    await anna.forget()
    used = await anna.last_token()
    assert await reason(anna.recover(FRESH, token=replaced)) == "RECOVERY_UNKNOWN"
    await anna.recover(FRESH, token=used)
    assert await reason(anna.recover(PASSWORD, token=used)) == "RECOVERY_UNKNOWN"

    started = await anna.forget(by_mobile=True)
    clock.move(minutes=10)
    code = await anna.last_code()
    assert await reason(anna.recover(PASSWORD, key=started.recovery_key, code=code)) == "RECOVERY_UNKNOWN"


async def test_a_replaced_link_is_not_sent_any_more(anna: Holder) -> None:
    await anna.forget()
    await anna.forget()

    letters = await anna.letters(Message.MESSAGE_KIND_RECOVERY_LINK)

    assert [letter.withdrawn for letter in letters] == [True, False]


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "nul\x00"])
async def test_a_key_that_is_none_is_an_unknown_one(anna: Holder, key: str) -> None:
    assert await reason(anna.recover(FRESH, key=key, code="123456")) == "RECOVERY_UNKNOWN"


async def test_a_code_of_one_recovery_fits_no_other(here: Town, anna: Holder) -> None:
    boris = await holder(here)
    await anna.forget(by_mobile=True)
    started = await boris.forget(by_mobile=True)

    code = await anna.last_code()
    assert code != await boris.last_code(), "equal once in a hundred million"

    assert await reason(boris.recover(FRESH, key=started.recovery_key, code=code)) == "RECOVERY_UNKNOWN"


async def test_a_link_sent_to_an_address_that_was_changed_since_is_dead(anna: Holder) -> None:
    """A25, A26."""
    await anna.forget()
    token = await anna.last_token()
    await confirm(anna, Kind.EMAIL, an_email())

    assert await reason(anna.recover(FRESH, token=token)) == "RECOVERY_UNKNOWN"


async def test_a_change_of_the_password_voids_what_was_sent(anna: Holder) -> None:
    await anna.forget()
    token = await anna.last_token()
    await anna.change(await anna.enter(), FRESH)

    assert await reason(anna.recover(PASSWORD, token=token)) == "RECOVERY_UNKNOWN"
    (letter,) = await anna.letters(Message.MESSAGE_KIND_RECOVERY_LINK)
    assert letter.withdrawn


async def test_strangers_learn_nothing(here: Town, anna: Holder, clock: MovableClock) -> None:
    """A22: unknown, without contacts, blocked, not activated: one answer, after one time."""
    silent, blocked, fresh = await holder(here, contacts=False), await holder(here), await holder(here)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people)
            .where(people.c.id == blocked.registered.person_id)
            .values(status=PersonStatus.BLOCKED)
        )
        await tx.execute(
            update(accounts).where(accounts.c.id == fresh.registered.account_id).values(activated_at=None)
        )
    asked = [anna.login, silent.login, blocked.login, fresh.login, "nobody-at-all", "", "nul\x00", "x" * 5000]
    answers = []
    for login in asked:
        began = time.perf_counter()
        answers.append((await anna.forget(login=login), time.perf_counter() - began))

    assert {str(reply.expires_at) for reply, _ in answers} == {str(answers[0][0].expires_at)}
    assert all(len(reply.recovery_key) == 36 for reply, _ in answers)
    assert all(took >= LEAST_TIME.total_seconds() * 0.9 for _, took in answers)
    for person in (silent, blocked, fresh):
        assert await person.letters(Message.MESSAGE_KIND_RECOVERY_LINK) == []


async def test_recoveries_of_one_login_wait_for_each_other_known_or_not(
    anna: Holder, clock: MovableClock
) -> None:
    """A21, A22: nobody's telephone is flooded, and the wait tells nothing."""
    for login in (anna.login, f"nobody-{anna.login}"):
        for _ in range(3):
            await anna.forget(login=login)
        told = await refused(anna.forget(login=login))
        assert (told.reason, told.metadata) == ("TOO_MANY_ATTEMPTS", {"retry_after_s": "60"})
    clock.move(seconds=60)
    await anna.forget()

    assert len(await anna.letters(Message.MESSAGE_KIND_RECOVERY_LINK)) == 4


async def test_after_a_recovery_the_person_need_not_wait_for_the_guesses_of_others(anna: Holder) -> None:
    for _ in range(6):
        await reason(anna.enter("a wrong one"))
    assert await reason(anna.enter()) == "TOO_MANY_ATTEMPTS"

    await anna.forget()
    await anna.recover(FRESH, token=await anna.last_token())

    assert (await anna.enter(FRESH)).access_token


async def test_a_blocked_person_recovers_nothing(here: Town, anna: Holder) -> None:
    """A16: also with a link that was sent before."""
    await anna.forget()
    token = await anna.last_token()
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people).where(people.c.id == anna.registered.person_id).values(status=PersonStatus.BLOCKED)
        )

    assert await reason(anna.recover(FRESH, token=token)) == "RECOVERY_UNKNOWN"


async def test_the_database_holds_nothing_that_recovers(here: Town, anna: Holder) -> None:
    """A33: digests alone, of a code keyed ones."""
    await anna.forget()
    await anna.forget(by_mobile=True)
    secrets = [await anna.last_token(), await anna.last_code(), anna.email, anna.mobile]

    rows = await here.rows(recoveries, recoveries.c.account_id == anna.registered.account_id)

    assert len(rows) == 2
    assert not any(secret in str(tuple(row)) for row in rows for secret in secrets)


async def test_what_nobody_completed_is_swept(here: Town, anna: Holder, clock: MovableClock) -> None:
    await anna.forget()
    clock.move(hours=24)
    await here.sweep()

    assert await here.rows(recoveries, recoveries.c.account_id == anna.registered.account_id) == []


async def test_attempts_are_counted_by_their_address_as_well(here: Town, anna: Holder) -> None:
    """A21: whoever tries many keys has no five attempts at each."""
    device = Device("2001:db8:77::1")
    before = len(await here.rows(guesses))

    assert await reason(anna.recover(FRESH, token="x", device=device)) == "RECOVERY_UNKNOWN"

    assert len(await here.rows(guesses)) == before + 2
