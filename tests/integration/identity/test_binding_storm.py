"""Entries, unbindings and blocks of one person, all at once on real PostgreSQL: what is left is one truth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from school.access.v1.policy_pb2 import ROLE_REGISTRAR
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.binding.rules.endings import WhyEnded
from services.identity.binding.storage import bindings
from services.identity.binding.usecases.admission import Refused
from services.identity.sessions.storage import sessions
from services.identity.sessions.usecases import SignedIn
from services.kit.caller import Caller
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.tables import outbox
from tests.integration.identity.issuing.office import Office, open_office
from tests.support.identity import Registered, Town
from tests.support.keys import REGION, make_keys
from tests.support.profiles import a_profile, come, returned

# Of the service's pool: who waits for a place in it too long is told that there is none.
_CONNECTIONS = 10
# What may be said to whoever comes second; anything else is a fault.
_REASONS = {
    "ACCOUNT_BLOCKED",
    "BOUND_TO_ANOTHER_PROFILE",
    "NOT_BOUND",
    "SIGN_IN_UNKNOWN",
}


async def reason(call: Awaitable[object]) -> str:
    """What a use case came to: "in", "done", or why it was refused."""
    try:
        outcome = await call
    except DomainError as error:
        return error.reason
    if isinstance(outcome, Refused):
        return outcome.error.reason
    return "in" if isinstance(outcome, SignedIn) else "done"


async def storm(here: Town, office: Office, person: Registered, snils: str) -> list[str]:
    """Forty entries by two profiles, ten unbindings, five blocks and five openings."""
    assert here.inside is not None
    unbindings, blocks = here.inside.use_cases.entry.unbindings, here.inside.use_cases.office.blocks
    registrar = Caller(
        office.registrar.person_id,
        office.registrar.account_id,
        new_id(),
        roles=frozenset({ROLE_REGISTRAR}),
        region=REGION,
    )
    doubles = [a_profile(f"storm-{number}-{snils}", snils=snils) for number in range(2)]
    # Every other one was begun after whatever is unbound meanwhile, so there is binding and binding again.
    ways = [(await returned(here, begun_s=(-1, 1)[way // 2 % 2]))[0] for way in range(40)]
    whom = registrar, office.school_id, person.person_id
    calls: list[Awaitable[Any]] = []
    for number in range(10):
        calls += [come(here, doubles[way % 2], ways[4 * number + way]) for way in range(4)]
        calls.append(unbindings.unbind_theirs(*whom, WhyEnded.PROFILE_LOST))
        calls.append((blocks.unblock if number % 2 else blocks.block)(*whom, "the school's word"))
    places = asyncio.Semaphore(_CONNECTIONS)

    async def in_its_place(call: Awaitable[Any]) -> str:
        async with places:
            return await reason(call)

    return list(await asyncio.gather(*map(in_its_place, calls)))


async def test_a09_a_storm_of_entries_unbindings_and_blocks_leaves_one_truth(
    here: Town, tmp_path_factory: Any
) -> None:
    """A7, A9, A10, A16: five times; every answer is a typed one, and all that is left agrees."""
    office = await open_office(here, make_keys(tmp_path_factory.mktemp("office")))
    bound = 0
    for _ in range(5):
        snils = here.snils()
        person = await office.guardian_of(name="Королёва Алёна Сергеевна", snils=snils)

        said = await storm(here, office, person, snils)

        assert set(said) <= {"in", "done"} | _REASONS
        assert "in" in said
        await assert_one_truth(here, person)
        bound += len(await here.rows(bindings, bindings.c.account_id == person.account_id))
    assert bound > 5, "nobody was bound again: the storm was a breeze"


async def assert_one_truth(here: Town, person: Registered) -> None:
    """Rows, events, audit and sessions tell one story."""
    rows = await here.rows(bindings, bindings.c.account_id == person.account_id)
    active = [row for row in rows if row.ended_at is None]
    assert len(active) <= 1
    told = await here.rows(outbox, outbox.c.aggregate_id == person.account_id)
    told.sort(key=lambda row: row.aggregate_version)
    assert len({row.aggregate_version for row in told}) == len(told)
    story = [row.type.rpartition(".")[2] for row in told]
    story = [each for each in story if each in {"ProfileBound", "ProfileUnbound"}]
    assert story == (["ProfileBound", "ProfileUnbound"] * len(rows))[: 2 * len(rows) - len(active)]
    verbs = {"bind_profile": "ProfileBound", "unbind_profile": "ProfileUnbound"}
    audited = [verbs[action] for action, _ in await here.audited(person.person_id) if action in verbs]
    assert sorted(audited) == sorted(story)
    [account] = await here.rows(accounts, accounts.c.id == person.account_id)
    live = await here.rows(
        sessions, sessions.c.account_id == person.account_id, sessions.c.ended_at.is_(None)
    )
    # Nobody is in by a binding that is over, nor by an account that is shut.
    assert not live or (active and account.state == AccountState.OPEN)
