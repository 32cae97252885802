"""The way through ESIA: who gets in, and what is left behind when nobody does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import people_pb2, sign_in_pb2
from services.identity.binding.storage import bindings
from services.identity.links.storage import link_transactions
from services.identity.people.rules import PersonStatus
from services.identity.people.storage import people
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.identity import BORN, DEADLINE, Doors, Registered, Town, bearer, reason, refused


async def nothing_but_the_register(here: Town, *registered: Registered) -> bool:
    """Whether none of these has a binding or a session, and no event was told of them."""
    for person in registered:
        for table in (bindings, sessions):
            assert await here.rows(table, table.c.account_id == person.account_id) == []
        assert await here.told(person.account_id) == []
    return True


async def test_first_entry_binds_the_one_person_whose_name_and_snils_agree(here: Town, doors: Doors) -> None:
    """R21: on to the personal page, with a session, an event and an audit entry."""
    snils = here.snils()
    mother = await here.register("Королева Алена Сергеевна", snils=snils)

    entered = await doors.enter(here.citizen("КОРОЛЁВА Алёна Сергеевна", snils=snils))

    assert (entered.person.person_id, entered.bound_now) == (str(mother.person_id), True)
    assert entered.person.roles == [WireRole.ROLE_GUARDIAN]
    me = await doors.people.GetMe(
        people_pb2.GetMeRequest(), timeout=DEADLINE, metadata=bearer(entered.session)
    )
    assert (me.person.name.surname, me.esia_bound) == ("Королева", True)
    assert await here.told(mother.account_id) == ["ProfileBound"]
    assert await here.audited(mother.person_id) == [("bind_profile", "SNILS")]


async def test_later_entries_need_esia_alone(here: Town, doors: Doors) -> None:
    """R24, A14, A19: issuer and oid are the key by now, the session is another one each time."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    first = await doors.enter(citizen)

    again = await doors.enter(citizen)

    assert (again.person.person_id, again.bound_now) == (str(mother.person_id), False)
    assert again.session.refresh_token != first.session.refresh_token
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1


async def test_a_new_surname_at_esia_changes_nothing_once_bound(here: Town, doors: Doors) -> None:
    """A14."""
    snils = here.snils()
    await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    await doors.enter(citizen)
    known = here.bench.stand.people
    known._by_oid[citizen.oid] = citizen.model_copy(update={"surname": "Петрова"})

    assert not (await doors.enter(citizen)).bound_now


async def test_another_snils_at_esia_ends_the_entry_of_a_bound_profile(here: Town, doors: Doors) -> None:
    """A11, A14: the profile never was this person's."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    await doors.enter(citizen)
    known = here.bench.stand.people
    known._by_oid[citizen.oid] = citizen.model_copy(update={"snils": here.snils()})

    assert await reason(doors.enter(citizen)) == "SNILS_DIFFERS"
    assert (await here.audited(mother.person_id))[-1] == ("refuse_binding", "SNILS_DIFFERS")


async def test_a_snils_that_no_school_has_is_told_and_binds_nothing(here: Town, doors: Doors) -> None:
    """R23, A12: zero matches."""
    bystander = await here.register(snils=here.snils())

    assert await reason(doors.enter(here.citizen(snils=here.snils()))) == "SNILS_UNKNOWN"
    assert await nothing_but_the_register(here, bystander)


async def test_another_name_is_told_with_its_part_and_binds_nothing(here: Town, doors: Doors) -> None:
    """R23."""
    snils = here.snils()
    mother = await here.register("Королёва Алёна Сергеевна", snils=snils)

    said = await refused(doors.enter(here.citizen("Королёва Алина Сергеевна", snils=snils)))

    assert (said.reason, said.metadata) == (
        "NAME_DIFFERS",
        {"part": "given_name", "next_step": "correct_data"},
    )
    assert await nothing_but_the_register(here, mother)
    assert await here.audited(mother.person_id) == [("refuse_binding", "NAME_DIFFERS:given_name")]


async def test_a_latin_letter_inside_a_russian_name_binds_nothing(here: Town, doors: Doors) -> None:
    """A13."""
    snils = here.snils()
    mother = await here.register("Королёва Алёна Сергеевна", snils=snils)

    said = await refused(doors.enter(here.citizen("Kоролёва Алёна Сергеевна", snils=snils)))

    assert (said.reason, said.metadata) == ("NAME_DIFFERS", {"part": "alphabet", "next_step": "correct_data"})
    assert await nothing_but_the_register(here, mother)


async def test_another_birth_date_binds_nothing(here: Town, doors: Doors) -> None:
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils, birth_date=BORN + timedelta(days=1))

    assert await reason(doors.enter(citizen)) == "BIRTH_DATE_DIFFERS"
    assert await nothing_but_the_register(here, mother)


async def test_two_registered_with_one_snils_are_both_left_alone(here: Town, doors: Doors) -> None:
    """A12, A32: never a guess, although one of the names agrees."""
    snils = here.snils()
    one = await here.register("Королёва Алёна Сергеевна", snils=snils, disputed=True)
    other = await here.register("Иванова Ольга Олеговна", snils=snils, disputed=True)

    assert await reason(doors.enter(here.citizen("Королёва Алёна Сергеевна", snils=snils))) == (
        "SEVERAL_REGISTERED"
    )
    assert await nothing_but_the_register(here, one, other)


@pytest.mark.parametrize(
    ("status", "why"), [(PersonStatus.BLOCKED, "ACCOUNT_BLOCKED"), (PersonStatus.LEFT, "PERSON_LEFT")]
)
async def test_who_is_blocked_or_has_left_does_not_enter(
    here: Town, doors: Doors, status: PersonStatus, why: str
) -> None:
    """A16."""
    snils = here.snils()
    mother = await here.register(snils=snils, status=status)

    assert await reason(doors.enter(here.citizen(snils=snils))) == why
    assert await nothing_but_the_register(here, mother)


async def test_who_was_bound_and_is_blocked_since_does_not_enter(here: Town, doors: Doors) -> None:
    """A16."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    entered = await doors.enter(citizen)
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people).where(people.c.id == mother.person_id).values(status=PersonStatus.BLOCKED)
        )

    assert await reason(doors.enter(citizen)) == "ACCOUNT_BLOCKED"
    assert await reason(doors.refresh(entered.session.refresh_token)) == "SESSION_ENDED"


async def test_a_forged_state_is_unknown(here: Town, doors: Doors) -> None:
    """A1."""
    redirect = await doors.back_from_esia(here.citizen(snils=here.snils()))
    redirect.state = "0b5e7cbe-4f8a-4d2e-9c53-0a6f6f1d8f10"

    assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"


async def test_another_browser_cannot_finish_a_sign_in_nor_spoil_it(here: Town, doors: Doors) -> None:
    """A1: the state alone is worth nothing, and its owner can still use it."""
    snils = here.snils()
    await here.register(snils=snils)
    redirect = await doors.back_from_esia(here.citizen(snils=snils))
    stolen = sign_in_pb2.CompleteEsiaSignInRequest()
    stolen.CopyFrom(redirect)
    stolen.browser_key = (await doors.start()).browser_key

    assert await reason(doors.complete(stolen)) == "SIGN_IN_UNKNOWN"
    assert (await doors.complete(redirect)).signed_in.bound_now


async def test_a_state_is_good_for_one_use(here: Town, doors: Doors) -> None:
    """A1, A2: the second use does not even reach ESIA."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    redirect = await doors.back_from_esia(here.citizen(snils=snils))
    await doors.complete(redirect)

    assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"
    assert len(await here.rows(sessions, sessions.c.account_id == mother.account_id)) == 1


async def test_a_double_submit_lets_in_once(here: Town, doors: Doors) -> None:
    """A2, A9: of ten at once one is let in, the others are told that the sign-in is over."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    redirect = await doors.back_from_esia(here.citizen(snils=snils))

    outcomes = await asyncio.gather(*(doors.complete(redirect) for _ in range(10)), return_exceptions=True)

    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert len(await here.rows(sessions, sessions.c.account_id == mother.account_id)) == 1


async def test_a_code_that_esia_has_taken_already_is_refused(here: Town, doors: Doors) -> None:
    """A2: the code of one sign-in brought into another one."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    used = await doors.back_from_esia(here.citizen(snils=snils))
    await doors.complete(used)
    fresh = await doors.start()
    (state,) = parse_qs(urlsplit(fresh.authorization_url).query)["state"]
    replay = sign_in_pb2.CompleteEsiaSignInRequest(state=state, code=used.code, browser_key=fresh.browser_key)

    assert await reason(doors.complete(replay)) == "ESIA_CODE_REFUSED"
    assert len(await here.rows(sessions, sessions.c.account_id == mother.account_id)) == 1


async def test_a_state_is_over_after_ten_minutes(here: Town, doors: Doors, clock: MovableClock) -> None:
    """A1."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    redirect = await doors.back_from_esia(here.citizen(snils=snils))
    clock.move(minutes=10)

    assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"
    assert await nothing_but_the_register(here, mother)


async def test_refusing_consent_at_esia_is_told_and_ends_the_sign_in(here: Town, doors: Doors) -> None:
    """R20."""
    redirect = await doors.at_esia(here.citizen(snils=here.snils()), await doors.start(), decision="refuse")

    assert await reason(doors.complete(redirect)) == "ESIA_REFUSED"
    assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"


async def test_an_esia_that_is_broken_is_told_as_such(here: Town, doors: Doors) -> None:
    """Not hidden by a repetition of the call, although its status is one that channels repeat."""
    redirect = await doors.back_from_esia(here.citizen(snils=here.snils()))
    here.bench.stand.switches.broken = True
    try:
        said = await refused(doors.complete(redirect))
    finally:
        here.bench.stand.switches.broken = False

    assert (said.reason, said.metadata["esia_reason"]) == ("ESIA_UNAVAILABLE", "ESIA_INTERNAL_ERROR")


@pytest.mark.parametrize(
    ("code", "why"), [("99", "UNKNOWN_REGION"), ("50", "REGION_ELSEWHERE"), ("", "UNKNOWN_REGION")]
)
async def test_only_the_region_here_has_its_door_here(doors: Doors, code: str, why: str) -> None:
    """R18, A31."""
    request = sign_in_pb2.StartEsiaSignInRequest(region_code=code)

    assert await reason(doors.sign_in.StartEsiaSignIn(request, timeout=DEADLINE)) == why


async def test_what_was_refused_is_over_and_has_forgotten_the_profile(here: Town, doors: Doors) -> None:
    snils = here.snils()
    mother = await here.register("Иванова Ольга", snils=snils)
    citizen = here.citizen(snils=snils)
    await reason(doors.enter(citizen))

    (link,) = await here.rows(link_transactions, link_transactions.c.subject == str(citizen.oid))
    assert (link.stage, link.profile_box, link.person_id) == ("refused", None, mother.person_id)
