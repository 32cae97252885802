"""Codes and links of an activation, and everything that comes at once (R16, R17)."""

from __future__ import annotations

import asyncio

from school.access.v1.policy_pb2 import Pending
from services.identity.accounts.storage import accounts
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.identity import Town, reason, refused
from tests.support.newcomer import (
    PERMANENT,
    Kind,
    Newcomer,
    Step,
    a_mobile,
    an_email,
    newcomer,
)

CONFIRM_DATA = Step.ACTIVATION_STEP_CONFIRM_DATA
GIVE_CONTACTS = Step.ACTIVATION_STEP_GIVE_CONTACTS
SET_PASSWORD = Step.ACTIVATION_STEP_SET_PASSWORD
CONFIRM_CONTACTS = Step.ACTIVATION_STEP_CONFIRM_CONTACTS
FINISH = Step.ACTIVATION_STEP_FINISH
DONE = Step.ACTIVATION_STEP_DONE


async def account_row(here: Town, person: Newcomer) -> object:
    (row,) = await here.rows(accounts, accounts.c.id == person.registered.account_id)
    return row


# --- codes and links ---


async def test_a_new_code_kills_the_former_one(here: Town, clock: MovableClock) -> None:
    """A former message that is not sent yet is not sent any more."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    code, link = await person.last_code(), await person.last_link()
    clock.move(seconds=61)

    await person.send_codes()

    first, second = await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)
    assert (first.withdrawn, second.withdrawn) == (True, False)
    if code != second.values["code"]:
        assert await reason(person.confirm_mobile(code)) == "WRONG_CODE"
    assert await reason(person.follow(link)) == "LINK_UNKNOWN"
    assert (await person.confirm_mobile(second.values["code"])).mobile_confirmed
    assert await person.follow(await person.last_link())


async def test_codes_are_sent_again_after_a_minute(here: Town, clock: MovableClock) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    at = await person.standing()

    answer = await refused(person.send_codes())

    assert answer.reason == "TOO_SOON"
    assert 0 < int(answer.metadata["retry_after_s"]) <= 60
    wait = at.codes_again_at.ToDatetime(tzinfo=clock.now().tzinfo) - clock.now()
    assert 0 < wait.total_seconds() <= 60
    clock.move(seconds=60)
    assert not (await person.standing()).HasField("codes_again_at")
    assert (await person.send_codes()).HasField("codes_again_at")


async def test_codes_are_not_sent_without_end(here: Town, clock: MovableClock) -> None:
    """A35: ten a day; then the answer says how long to wait."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    for _ in range(9):
        clock.move(seconds=61)
        person.session = await here.doors.refresh(person.session.refresh_token)
        await person.send_codes()
    clock.move(seconds=61)

    answer = await refused(person.send_codes())

    assert answer.reason == "TOO_SOON"
    assert int(answer.metadata["retry_after_s"]) > 3600
    clock.move(days=1)
    person.session = await here.doors.refresh(person.session.refresh_token)
    assert (await person.send_codes()).next_step == CONFIRM_CONTACTS


async def test_only_what_is_not_confirmed_is_sent_again(here: Town, clock: MovableClock) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    await person.follow(await person.last_link())
    clock.move(seconds=61)

    await person.send_codes()

    assert len(await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL)) == 1
    assert len(await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)) == 2


async def test_a_code_dies_after_five_wrong_ones(here: Town, clock: MovableClock) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    code = await person.last_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    left = [(await refused(person.confirm_mobile(wrong))).metadata["attempts_left"] for _ in range(5)]

    assert left == ["4", "3", "2", "1", "0"]
    assert await reason(person.confirm_mobile(code)) == "CODE_EXPIRED"
    clock.move(seconds=61)
    await person.send_codes()
    assert (await person.confirm_mobile(await person.last_code())).mobile_confirmed


async def test_a_code_is_past_its_time_after_ten_minutes(here: Town, clock: MovableClock) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    code = await person.last_code()
    clock.move(minutes=10)
    person.session = await here.doors.refresh(person.session.refresh_token)

    assert await reason(person.confirm_mobile(code)) == "CODE_EXPIRED"


async def test_a_link_holds_for_a_day_and_once(here: Town, clock: MovableClock) -> None:
    """R16."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    first = await person.last_link()
    clock.move(days=1)
    assert await reason(person.follow(first)) == "LINK_UNKNOWN"
    person.session = await here.doors.refresh(person.session.refresh_token)
    await person.send_codes()
    second = await person.last_link()

    assert await person.follow(second)

    assert await reason(person.follow(second)) == "LINK_UNKNOWN"


async def test_a_mistyped_contact_is_given_again(here: Town) -> None:
    """What went to the wrong one is dead, the right ones hear at once, and a confirmed one stays so."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    code, link = await person.last_code(), await person.last_link()
    await person.follow(link)
    right = a_mobile()

    at = await person.give_contacts(mobile=right)

    assert (at.next_step, at.email_confirmed, at.mobile) == (CONFIRM_CONTACTS, True, right)
    if await person.last_code() != code:
        assert await reason(person.confirm_mobile(code)) == "WRONG_CODE"
    assert (await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE))[-1].to == right
    assert (await person.confirm_mobile(await person.last_code())).next_step == FINISH


async def test_another_address_makes_the_confirmed_one_count_no_more(here: Town) -> None:
    """A25: the link is tied to the address."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    old = await person.last_link()

    at = await person.give_contacts(email=an_email())

    assert not at.email_confirmed
    assert await reason(person.follow(old)) == "LINK_UNKNOWN"


async def test_confirmed_contacts_are_not_exchanged_before_the_end(here: Town) -> None:
    person = await (await newcomer(here)).up_to(FINISH)

    answer = await refused(person.give_contacts(email=an_email()))

    assert (answer.reason, answer.metadata) == ("STEP_NOT_DUE", {"next_step": "FINISH"})


async def test_a_family_shares_a_telephone_and_a_crowd_does_not(here: Town) -> None:
    """Five accounts may use one number."""
    shared = a_mobile()
    family = [await (await newcomer(here)).up_to(GIVE_CONTACTS) for _ in range(6)]

    outcomes = await asyncio.gather(
        *(each.give_contacts(mobile=shared) for each in family), return_exceptions=True
    )

    assert [isinstance(outcome, BaseException) for outcome in outcomes].count(True) == 1
    late = family[[isinstance(outcome, BaseException) for outcome in outcomes].index(True)]
    assert await reason(late.give_contacts(mobile=shared)) == "CONTACT_TAKEN"


# --- at once ---


async def test_twenty_confirmations_of_one_code_confirm_once(here: Town) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    code = await person.last_code()

    replies = await asyncio.gather(*(person.confirm_mobile(code) for _ in range(20)))

    assert all(reply.mobile_confirmed for reply in replies)
    audited = await here.audited(person.registered.account_id)
    assert audited.count(("confirm_contact", "MOBILE")) == 1


async def test_twenty_wrong_codes_at_once_are_five_attempts(here: Town) -> None:
    """A21."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    wrong = f"{(int(await person.last_code()) + 1) % 1_000_000:06d}"

    reasons = await asyncio.gather(*(reason(person.confirm_mobile(wrong)) for _ in range(20)))

    assert sorted(reasons) == ["CODE_EXPIRED"] * 15 + ["WRONG_CODE"] * 5


async def test_twenty_browsers_follow_one_link_once(here: Town) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    link = await person.last_link()

    outcomes = await asyncio.gather(*(person.follow(link) for _ in range(20)), return_exceptions=True)

    assert [outcome is True for outcome in outcomes].count(True) == 1
    assert (await person.standing()).email_confirmed


async def test_twenty_first_passwords_at_once_set_one(here: Town) -> None:
    """All twenty are the same request; link and code go out once."""
    person = await (await newcomer(here)).up_to(SET_PASSWORD)

    replies = await asyncio.gather(*(person.set_password() for _ in range(20)))

    assert {reply.next_step for reply in replies} == {CONFIRM_CONTACTS}
    assert len(await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)) == 1
    audited = await here.audited(person.registered.account_id)
    assert audited.count(("set_password", None)) == 1


async def test_twenty_ends_at_once_make_one_session(here: Town) -> None:
    """A19: a new session in the place of the old one, and no more than one."""
    person = await (await newcomer(here)).up_to(FINISH)

    outcomes = await asyncio.gather(*(person.finish() for _ in range(20)), return_exceptions=True)

    assert len([outcome for outcome in outcomes if not isinstance(outcome, BaseException)]) == 1
    live = await here.rows(
        sessions, sessions.c.account_id == person.registered.account_id, sessions.c.ended_at.is_(None)
    )
    assert len(live) == 1
    audited = await here.audited(person.registered.account_id)
    assert audited.count(("activate_account", None)) == 1


async def test_the_session_of_another_device_is_replaced_after_the_end(here: Town) -> None:
    """The telephone finished; the computer that waited is let in by the same step."""
    telephone = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    computer = Newcomer(here, telephone.registered, telephone.login, await telephone.enter(PERMANENT))
    await telephone.follow(await telephone.last_link())
    await telephone.confirm_mobile(await telephone.last_code())
    await telephone.finish()

    whole = await computer.finish()

    assert whole.pending == Pending.PENDING_UNSPECIFIED
