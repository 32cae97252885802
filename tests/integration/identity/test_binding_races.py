"""Many at once, on real PostgreSQL: one binding; everybody else gets the same answer or a typed refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import grpc
from sqlalchemy import update

from school.identity.v1 import sign_in_pb2
from services.identity.binding.storage import bindings
from services.identity.people.rules import PersonStatus, Snils
from services.identity.people.storage import hide_snils, people
from services.identity.sessions.storage import sessions
from services.identity.sessions.usecases import SignedIn
from services.kit.rpc.status import refusal
from tests.support.identity import Doors, Registered, Town, reason, somebody_waits
from tests.support.profiles import a_profile, come, returned
from tests.support.waiting import eventually

PASSWORD = "a long enough one"


async def test_fifty_first_entries_of_one_profile_make_one_binding(here: Town, doors: Doors) -> None:
    """A9: all fifty are in, one of them was the first."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    redirects = await asyncio.gather(*(doors.back_from_esia(citizen) for _ in range(50)))

    replies = await asyncio.gather(*(doors.complete(redirect) for redirect in redirects))

    first = replies[0].signed_in.person
    assert first.person_id == str(mother.person_id)
    assert all(reply.signed_in.person == first for reply in replies)
    assert [reply.signed_in.bound_now for reply in replies].count(True) == 1
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1
    assert await here.told(mother.account_id) == ["ProfileBound"]
    assert await here.audited(mother.person_id) == [("bind_profile", "SNILS")]


async def test_a09_a_hundred_transactions_that_bind_one_profile_make_one_binding(here: Town) -> None:
    """A9: all with the profile in hand, none seeing another's binding before it tries its own."""
    snils = here.snils()
    mother = await here.register(snils=snils)
    profile = a_profile(f"race-{snils}", snils=snils)
    ways = [(await returned(here))[0] for _ in range(100)]

    outcomes = await asyncio.gather(*(come(here, profile, link) for link in ways))

    entered = [outcome for outcome in outcomes if isinstance(outcome, SignedIn)]
    assert [each.person for each in entered] == [entered[0].person] * 100
    assert entered[0].person.id == mother.person_id
    assert [each.bound_now for each in entered].count(True) == 1
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1
    assert await here.told(mother.account_id) == ["ProfileBound"]


async def test_a09_one_password_given_in_five_browsers_binds_once(here: Town, doors: Doors) -> None:
    """A9, by the password road: as many at once as may try one login; whoever is late begins anew."""
    login = f"parent-{here.snils()}"
    mother = await here.register(login=login, password=PASSWORD)
    citizen = here.citizen(snils=None)
    keys = await asyncio.gather(*(doors.password_needed(citizen) for _ in range(5)))

    outcomes = await asyncio.gather(
        *(doors.bind(key, login, PASSWORD) for key in keys), return_exceptions=True
    )

    first, *_ = [each for each in outcomes if isinstance(each, sign_in_pb2.SignedIn) and each.bound_now]
    assert first.person.person_id == str(mother.person_id)
    # The proof of whoever comes later was of an account that has changed since (A7).
    assert reasons(outcomes) <= {"SIGN_IN_UNKNOWN", "WRONG_CREDENTIALS"}
    assert len(await here.rows(bindings, bindings.c.account_id == mother.account_id)) == 1
    assert await here.told(mother.account_id) == ["ProfileBound"]
    assert not (await doors.enter(citizen)).bound_now


async def test_a10_one_profile_shown_for_two_accounts_at_once_gets_one(here: Town, doors: Doors) -> None:
    """A9, A10: namesakes whose passwords are known to one person; five browsers for each."""
    logins = [f"namesake-{here.snils()}" for _ in range(2)]
    namesakes = [await here.register(login=login, password=PASSWORD) for login in logins]
    citizen = here.citizen(snils=None)
    keys = await asyncio.gather(*(doors.password_needed(citizen) for _ in range(10)))

    outcomes = await asyncio.gather(
        *(doors.bind(key, logins[number % 2], PASSWORD) for number, key in enumerate(keys)),
        return_exceptions=True,
    )

    assert reasons(outcomes) <= {"PROFILE_BOUND_ELSEWHERE", "SIGN_IN_UNKNOWN", "WRONG_CREDENTIALS"}
    [binding] = await here.rows(bindings, bindings.c.subject == str(citizen.oid))
    [other] = [each for each in namesakes if each.account_id != binding.account_id]
    assert await here.rows(sessions, sessions.c.account_id == other.account_id) == []
    assert await here.told(other.account_id) == []


def reasons(outcomes: Iterable[object]) -> set[str]:
    """Why some of them were refused."""
    return {refusal(each).reason for each in outcomes if isinstance(each, grpc.aio.AioRpcError)}


async def test_a16_who_is_blocked_while_binding_is_bound_or_refused_and_stays_out(
    here: Town, doors: Doors
) -> None:
    """A16: both at once, twenty times: never half of a binding, and nobody is in afterwards."""
    rounds = []
    for _ in range(20):
        snils = here.snils()
        person = await here.register(snils=snils)
        rounds.append((person, await doors.back_from_esia(here.citizen(snils=snils))))

    for person, redirect in rounds:
        outcome, _ = await asyncio.gather(
            doors.complete(redirect), block(here, person), return_exceptions=True
        )

        bound = await here.rows(bindings, bindings.c.account_id == person.account_id)
        if isinstance(outcome, grpc.aio.AioRpcError):
            assert refusal(outcome).reason == "ACCOUNT_BLOCKED"
            assert (bound, await here.told(person.account_id)) == ([], [])
        else:
            assert isinstance(outcome, sign_in_pb2.CompleteEsiaSignInResponse)
            assert (len(bound), await here.told(person.account_id)) == (1, ["ProfileBound"])
            token = outcome.signed_in.session.refresh_token
            assert await reason(doors.refresh(token)) == "SESSION_ENDED"


async def test_a14_a_first_entry_waits_for_a_correction_that_was_first(here: Town, doors: Doors) -> None:
    """A14: the SNILS by which the person was found is theirs no more; nothing is bound by it."""
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
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
    assert await here.rows(bindings, bindings.c.account_id == person.account_id) == []
    assert await here.rows(sessions, sessions.c.account_id == person.account_id) == []
    assert await reason(doors.enter(citizen)) == "SNILS_UNKNOWN"


async def block(here: Town, person: Registered) -> None:
    """The school blocks somebody."""
    async with here.database.transaction() as tx:
        await tx.execute(
            update(people).where(people.c.id == person.person_id).values(status=PersonStatus.BLOCKED)
        )


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
