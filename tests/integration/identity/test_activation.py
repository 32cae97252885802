"""Activation, step by step: R8 to R13, R16, R17."""

from __future__ import annotations

import pytest

from school.access.v1.policy_pb2 import Pending
from school.identity.v1 import people_pb2
from services.identity.accounts.storage import accounts
from services.identity.people.storage import people
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Town, bearer, reason, refused
from tests.support.newcomer import (
    PERMANENT,
    TEMPORARY,
    Kind,
    Newcomer,
    Step,
    issue,
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


async def test_the_whole_way_from_the_slip_to_an_account_of_ones_own(here: Town) -> None:
    """R8 to R17: every answer names the next step, and the end opens everything."""
    person = await newcomer(here, snils=here.snils())
    assert person.session.pending == Pending.PENDING_ACTIVATION
    assert (await person.standing()).next_step == CONFIRM_DATA

    assert (await person.confirm_data("F")).next_step == GIVE_CONTACTS
    assert (await person.give_contacts()).next_step == SET_PASSWORD
    assert (await person.set_password()).next_step == CONFIRM_CONTACTS
    assert await person.follow(await person.last_link())
    at = await person.confirm_mobile(await person.last_code())
    assert (at.next_step, at.email_confirmed, at.mobile_confirmed) == (FINISH, True, True)
    whole = await person.finish()

    assert whole.pending == Pending.PENDING_UNSPECIFIED
    me = await here.doors.people.GetMe(people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=bearer(whole))
    assert me.person.person_id == str(person.registered.person_id)
    assert (await person.enter(PERMANENT)).pending == Pending.PENDING_UNSPECIFIED
    assert await here.audited(person.registered.account_id) == [
        ("confirm_data", None),
        ("give_contacts", None),
        ("set_password", None),
        ("confirm_contact", "MOBILE"),
        ("activate_account", None),
    ]


async def test_what_the_school_registered_is_shown_with_the_snils_masked(here: Town) -> None:
    """R9: the person checks what is there, and an onlooker learns no number."""
    snils = here.snils()
    person = await newcomer(here, "Королёва Алёна Сергеевна", snils=snils)

    at = await person.standing()

    assert (at.name.surname, at.name.given_name, at.name.patronymic) == ("Королёва", "Алёна", "Сергеевна")
    assert at.birth_date == "1986-04-12"
    assert at.snils_masked == f"***-***-*{snils[7:9]} {snils[9:]}"
    assert at.HasField("expires_at")
    assert not at.HasField("codes_again_at")


async def test_an_empty_field_is_filled_once_and_a_full_one_is_the_schools(here: Town) -> None:
    """R11; what the school filled goes through a correction."""
    person = await newcomer(here)
    wrong = await refused(person.confirm_data("X"))
    assert (wrong.reason, wrong.metadata) == ("BAD_FIELD", {"field": "gender"})

    assert (await person.confirm_data("F")).gender == "F"

    full = await refused(person.confirm_data("M"))
    assert (full.reason, full.metadata) == ("FIELD_FILLED", {"field": "gender"})
    assert (await person.confirm_data("F")).next_step == GIVE_CONTACTS
    (row,) = await here.rows(people, people.c.id == person.registered.person_id)
    assert row.gender == "F"


async def test_no_step_can_be_skipped(here: Town) -> None:
    """A17: whatever is sent first, the first step is due."""
    person = await newcomer(here)

    for early in (
        person.give_contacts(),
        person.set_password(),
        person.send_codes(),
        person.confirm_mobile("123456"),
        person.finish(),
    ):
        answer = await refused(early)
        assert (answer.reason, answer.metadata) == ("STEP_NOT_DUE", {"next_step": "CONFIRM_DATA"})


async def test_a_session_in_activation_opens_nothing_else(here: Town) -> None:
    person = await newcomer(here)

    call = here.doors.people.GetMe(people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=person.signed)

    assert await reason(call) == "ACTIVATION_NEEDED"


async def test_who_leaves_goes_on_where_they_were(here: Town) -> None:
    """R8: the next sign-in, with the password that is in force by then."""
    person = await (await newcomer(here)).up_to(SET_PASSWORD)
    person.session = await person.enter(TEMPORARY)
    assert (await person.standing()).next_step == SET_PASSWORD
    await person.set_password()

    person.session = await person.enter(PERMANENT)

    assert person.session.pending == Pending.PENDING_ACTIVATION
    assert (await person.standing()).next_step == CONFIRM_CONTACTS


async def test_the_last_step_can_come_twice(here: Town) -> None:
    """A reply that was lost is asked for again."""
    person = await newcomer(here)
    for again in (person.confirm_data, person.give_contacts, person.set_password):
        assert (await again()).next_step == (await again()).next_step
    sent = await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)
    assert len(sent) == 1
    code = await person.last_code()
    await person.confirm_mobile(code)
    assert (await person.confirm_mobile(code)).mobile_confirmed


async def test_an_active_account_has_nothing_left_to_do(here: Town) -> None:
    person = await (await newcomer(here)).up_to(DONE)

    assert (await person.standing()).next_step == DONE
    for late in (
        person.confirm_data(),
        person.give_contacts(),
        person.set_password(),
        person.send_codes(),
        person.confirm_mobile("123456"),
        person.finish(),
    ):
        assert await reason(late) == "ALREADY_ACTIVE"


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@post.example.com", "почта@post.example.com"])
async def test_what_cannot_be_an_address_is_refused(here: Town, email: str) -> None:
    person = await (await newcomer(here)).up_to(GIVE_CONTACTS)

    assert await reason(person.give_contacts(email=email)) == "BAD_EMAIL"


@pytest.mark.parametrize("mobile", ["", "12345", "+74951234567", "+380501234567", "+77012345678"])
async def test_only_russian_mobiles_get_a_code(here: Town, mobile: str) -> None:
    person = await (await newcomer(here)).up_to(GIVE_CONTACTS)

    assert await reason(person.give_contacts(mobile=mobile)) == "BAD_MOBILE"


async def test_both_contacts_are_required(here: Town) -> None:
    """R12."""
    person = await (await newcomer(here)).up_to(GIVE_CONTACTS)

    assert await reason(person.give_contacts(email="")) == "BAD_EMAIL"
    assert await reason(person.give_contacts(mobile="")) == "BAD_MOBILE"
    assert (await person.standing()).next_step == GIVE_CONTACTS


async def test_a_number_in_any_spelling_is_the_same_number(here: Town) -> None:
    person = await (await newcomer(here)).up_to(GIVE_CONTACTS)

    at = await person.give_contacts(mobile="8 (916) 123-45-67")

    assert at.mobile == "+79161234567"


async def test_nothing_is_sent_before_the_password_is_set(here: Town) -> None:
    person = await (await newcomer(here)).up_to(SET_PASSWORD)
    assert await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL) == []

    await person.set_password()

    (letter,) = await person.letters(Kind.MESSAGE_KIND_CONFIRM_EMAIL)
    (message,) = await person.letters(Kind.MESSAGE_KIND_CONFIRM_MOBILE)
    assert letter.to == person.email
    assert letter.values["link"].startswith("https://77.diary.test/confirm-email/")
    assert message.to == person.mobile
    assert len(message.values["code"]) == 6


async def test_the_temporary_password_is_dead_once_another_is_set(here: Town) -> None:
    """R13; and so is whoever else entered with it."""
    person = await (await newcomer(here)).up_to(SET_PASSWORD)
    other = await person.enter(TEMPORARY)

    await person.set_password()

    assert await reason(person.enter(TEMPORARY)) == "WRONG_CREDENTIALS"
    assert await reason(here.doors.refresh(other.refresh_token)) == "SESSION_ENDED"
    assert (await here.doors.refresh(person.session.refresh_token)).access_token
    assert not (await person.standing()).HasField("expires_at")


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        (TEMPORARY, "TEMPORARY"),
        ("короткий1", "LENGTH"),
        ("королёва-1986-год", "NAME"),
        ("12041986-парус", "BIRTH_DATE"),
    ],
)
async def test_a_bad_first_password_is_refused_and_the_slips_stays(
    here: Town, password: str, rule: str
) -> None:
    """R14."""
    person = await (await newcomer(here)).up_to(SET_PASSWORD)

    answer = await refused(person.set_password(password))

    assert answer.reason == "BAD_PASSWORD"
    assert rule in answer.metadata["rules"].split(",")
    assert (await person.standing()).next_step == SET_PASSWORD
    assert (await person.enter(TEMPORARY)).access_token


async def test_another_password_is_not_set_by_repeating_the_step(here: Town) -> None:
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)

    answer = await refused(person.set_password("Совсем-другой-пароль-7"))

    assert (answer.reason, answer.metadata) == ("STEP_NOT_DUE", {"next_step": "CONFIRM_CONTACTS"})
    assert (await person.enter(PERMANENT)).access_token


async def test_the_step_of_the_password_is_no_place_to_guess_it(here: Town) -> None:
    """A21: after some repetitions not even the right one is looked at."""
    person = await (await newcomer(here)).up_to(CONFIRM_CONTACTS)
    for _ in range(20):
        assert await reason(person.set_password("Совсем-другой-пароль-7")) == "STEP_NOT_DUE"

    assert await reason(person.set_password(PERMANENT)) == "STEP_NOT_DUE"


async def test_a_temporary_password_past_its_days_opens_no_step(here: Town, clock: MovableClock) -> None:
    """A23: also in a session that began before."""
    person = await newcomer(here)
    clock.move(days=10)
    person.session = await here.doors.refresh(person.session.refresh_token)
    clock.move(days=10)
    person.session = await here.doors.refresh(person.session.refresh_token)
    clock.move(days=10)

    assert await reason(person.enter(TEMPORARY)) == "WRONG_CREDENTIALS"
    assert await reason(here.doors.refresh(person.session.refresh_token)) == "SESSION_ENDED"


async def test_a_session_from_before_does_no_step_past_the_days_of_the_slip(
    here: Town, clock: MovableClock
) -> None:
    """A23: an access token outlives the temporary password by minutes, and does nothing then."""
    person = await newcomer(here)
    for _ in range(3):
        clock.move(days=9)
        person.session = await here.doors.refresh(person.session.refresh_token)
    clock.move(days=2, hours=23, minutes=58)
    person.session = await here.doors.refresh(person.session.refresh_token)
    clock.move(minutes=3)

    assert await reason(person.standing()) == "SESSION_ENDED"
    assert await reason(person.confirm_data()) == "SESSION_ENDED"


async def test_what_the_school_issues_anew_is_activated_anew(here: Town, clock: MovableClock) -> None:
    """Nothing of the former activation counts, also not a contact that was confirmed then."""
    person = await (await newcomer(here)).up_to(DONE)
    clock.move(seconds=1)
    await issue(here, person.registered)
    person.session = await person.enter(PERMANENT)

    assert (await person.standing()).next_step == CONFIRM_DATA
    await person.confirm_data()
    at = await person.give_contacts()

    assert at.next_step == SET_PASSWORD
    assert not at.email_confirmed
    assert not at.mobile_confirmed
