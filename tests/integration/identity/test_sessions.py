"""Staying in, and getting out."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, timedelta

import pytest

from school.identity.v1 import people_pb2, sessions_pb2
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason


async def somebody(here: Town, doors: Doors) -> tuple[Registered, sessions_pb2.Session]:
    """A person who has just signed in."""
    login = f"parent-{here.snils()}"
    person = await here.register(login=login, password="a long enough one")
    return person, (await doors.enter_with_password(login, "a long enough one")).session


async def test_a_refresh_gives_another_pair_that_works(here: Town, doors: Doors, clock: MovableClock) -> None:
    person, session = await somebody(here, doors)
    clock.move(minutes=6)
    call = people_pb2.GetMeRequest()
    assert (
        await reason(doors.people.GetMe(call, timeout=DEADLINE, metadata=bearer(session))) == "TOKEN_EXPIRED"
    )

    fresh = await doors.refresh(session.refresh_token)

    me = await doors.people.GetMe(call, timeout=DEADLINE, metadata=bearer(fresh))
    assert me.person.person_id == str(person.person_id)
    assert fresh.refresh_token != session.refresh_token


async def test_tabs_that_refresh_at_once_get_the_same_successor(here: Town, doors: Doors) -> None:
    """A20: twenty of one token at once; the session moves on by one."""
    person, session = await somebody(here, doors)

    pairs = await asyncio.gather(*(doors.refresh(session.refresh_token) for _ in range(20)))

    assert len({pair.refresh_token for pair in pairs}) == 1
    (row,) = await here.rows(sessions, sessions.c.account_id == person.account_id)
    assert (row.generation, row.ended_at) == (2, None)


async def test_an_old_token_after_the_grace_ends_the_session(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A20: somebody else may hold it; the thief's and the owner's successors die together."""
    person, session = await somebody(here, doors)
    successor = await doors.refresh(session.refresh_token)
    clock.move(seconds=11)

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert await reason(doors.refresh(successor.refresh_token)) == "SESSION_ENDED"
    (row,) = await here.rows(sessions, sessions.c.account_id == person.account_id)
    assert row.end_reason == "reused_token"
    assert (await here.audited(row.id))[-1] == ("end_session", "reused_token")


async def test_a_token_two_generations_old_ends_the_session_at_once(here: Town, doors: Doors) -> None:
    """A20: no tab is that slow."""
    _, session = await somebody(here, doors)
    second = await doors.refresh(session.refresh_token)
    third = await doors.refresh(second.refresh_token)

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"
    assert await reason(doors.refresh(third.refresh_token)) == "SESSION_ENDED"


async def test_a_forged_token_ends_nobodys_session(here: Town, doors: Doors) -> None:
    """A20: else anybody who knows a session's id could end it."""
    _, session = await somebody(here, doors)
    raw = bytearray(base64.urlsafe_b64decode(session.refresh_token))
    raw[-1] ^= 1
    raw[19] = 0  # the generation before the first

    forged = base64.urlsafe_b64encode(bytes(raw)).decode()

    assert await reason(doors.refresh(forged)) == "SESSION_ENDED"
    assert (await doors.refresh(session.refresh_token)).refresh_token


@pytest.mark.parametrize("nonsense", ["", "x", "ё" * 70, "A" * 70, "A" * 4000, "====", "\x00"])
async def test_what_is_no_token_is_refused_like_an_old_one(doors: Doors, nonsense: str) -> None:
    assert await reason(doors.refresh(nonsense)) == "SESSION_ENDED"


async def test_a_session_that_nobody_refreshes_is_over(here: Town, doors: Doors, clock: MovableClock) -> None:
    _, session = await somebody(here, doors)
    clock.move(days=13)
    session = await doors.refresh(session.refresh_token)
    clock.move(days=14)

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"


async def test_a_session_is_over_some_day_however_often_it_is_refreshed(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    _, session = await somebody(here, doors)
    for _ in range(8):
        clock.move(days=10)
        session = await doors.refresh(session.refresh_token)
    clock.move(days=9)
    session = await doors.refresh(session.refresh_token)
    left = session.refresh_expires_at.ToDatetime(tzinfo=UTC) - clock.now()
    assert left <= timedelta(days=1)
    clock.move(hours=23, minutes=58)
    session = await doors.refresh(session.refresh_token)
    assert session.access_expires_at == session.refresh_expires_at, "no access token outlives its session"
    clock.move(minutes=2)

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"


async def test_signing_out_ends_this_session_and_no_other(here: Town, doors: Doors) -> None:
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    one, other = [(await doors.enter_with_password(login, "a long enough one")).session for _ in range(2)]
    request = sessions_pb2.EndSessionRequest()

    await doors.sessions.EndSession(request, timeout=DEADLINE, metadata=bearer(one))
    again = doors.sessions.EndSession(request, timeout=DEADLINE, metadata=bearer(one))

    assert await reason(again) == "SESSION_ENDED"
    assert await reason(doors.refresh(one.refresh_token)) == "SESSION_ENDED"
    assert (await doors.refresh(other.refresh_token)).access_token


async def test_signing_out_needs_somebody_who_is_in(doors: Doors) -> None:
    call = doors.sessions.EndSession(sessions_pb2.EndSessionRequest(), timeout=DEADLINE)

    assert await reason(call) == "SIGN_IN_NEEDED"


async def test_the_database_holds_nothing_that_makes_a_token(here: Town, doors: Doors) -> None:
    """A stolen table lets nobody in."""
    person, session = await somebody(here, doors)
    proof = base64.urlsafe_b64decode(session.refresh_token)[20:]

    (row,) = await here.rows(sessions, sessions.c.account_id == person.account_id)

    assert all(proof not in value for value in row if isinstance(value, bytes))
