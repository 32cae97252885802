"""Many at once, on real PostgreSQL: one binding; everybody else gets the same answer or a typed refusal."""

from __future__ import annotations

import asyncio

import grpc

from services.identity.binding.storage import bindings
from services.identity.sessions.storage import sessions
from services.kit.rpc.status import refusal
from tests.support.identity import Doors, Town, reason


async def test_twenty_first_entries_of_one_profile_make_one_binding(here: Town, doors: Doors) -> None:
    """A9: all twenty are in, one of them was the first."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    redirects = await asyncio.gather(*(doors.back_from_esia(citizen) for _ in range(20)))

    replies = await asyncio.gather(*(doors.complete(redirect) for redirect in redirects))

    assert {reply.signed_in.person.person_id for reply in replies} == {str(mother.person_id)}
    assert [reply.signed_in.bound_now for reply in replies].count(True) == 1
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1
    assert await here.told(mother.account_id) == ["ProfileBound"]
    assert await here.audited(mother.person_id) == [("bind_profile", "SNILS")]


async def test_of_two_profiles_with_one_persons_data_one_is_bound(here: Town, doors: Doors) -> None:
    """A9, A10: ESIA has a double; ten entries of each at once."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    doubles = [here.citizen(snils=snils), here.citizen(snils=snils)]
    redirects = await asyncio.gather(*(doors.back_from_esia(citizen) for citizen in doubles * 10))

    outcomes = await asyncio.gather(
        *(doors.complete(redirect) for redirect in redirects), return_exceptions=True
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert {refusal(error).reason for error in refusals} == {"BOUND_TO_ANOTHER_PROFILE"}
    assert {error.code() for error in refusals} == {grpc.StatusCode.ALREADY_EXISTS}
    assert len(refusals) == 10
    (binding,) = await here.rows(bindings, bindings.c.account_id == mother.account_id)
    assert binding.subject in {str(citizen.oid) for citizen in doubles}


async def test_a_second_profile_comes_too_late(here: Town, doors: Doors) -> None:
    """A10: refused, written down, and no session of anybody is switched."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    first = await doors.enter(here.citizen(snils=snils))

    assert await reason(doors.enter(here.citizen(snils=snils))) == "BOUND_TO_ANOTHER_PROFILE"

    assert [why for _, why in await here.audited(mother.person_id)] == ["SNILS", "BOUND_TO_ANOTHER_PROFILE"]
    assert len(await here.rows(sessions, sessions.c.account_id == mother.account_id)) == 1
    assert (await doors.refresh(first.session.refresh_token)).access_token


async def test_binding_ends_every_other_session_of_the_account(here: Town, doors: Doors) -> None:
    """A6: whoever sat in the account before does not stay in it."""
    snils, login = here.snils(), f"parent-{here.snils()}"
    await here.register(snils=snils, login=login, password="a long enough one")
    squatter = await doors.enter_with_password(login, "a long enough one")

    entered = await doors.enter(here.citizen(snils=snils))

    assert await reason(doors.refresh(squatter.session.refresh_token)) == "SESSION_ENDED"
    assert (await doors.refresh(entered.session.refresh_token)).access_token


async def test_a_later_entry_leaves_other_sessions_alone(here: Town, doors: Doors) -> None:
    """Sessions that end each other are what people complain of elsewhere."""
    snils = here.snils()
    await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    telephone = await doors.enter(citizen)
    await doors.enter(citizen)

    assert (await doors.refresh(telephone.session.refresh_token)).access_token
