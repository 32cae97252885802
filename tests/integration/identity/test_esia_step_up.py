"""Showing at ESIA once more who one is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import update

from deploy.local.esia.people import Person as Citizen
from school.identity.v1 import sessions_pb2, sign_in_pb2
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.esia.tokens import IdToken, TokenVerifier
from services.identity.sessions.storage import sessions
from tests.support.clock import MovableClock
from tests.support.esia import Browser
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, refused
from tests.support.sessions import claims, is_in, session_id


@dataclass
class Bound:
    """Somebody whose profile is bound, in a browser that stays signed in at ESIA."""

    doors: Doors
    person: Registered
    citizen: Citizen
    browser: Browser
    session: sessions_pb2.Session

    async def start(self) -> sign_in_pb2.StartEsiaStepUpResponse:
        call = sign_in_pb2.StartEsiaStepUpRequest()
        return await self.doors.sign_in.StartEsiaStepUp(call, timeout=DEADLINE, metadata=bearer(self.session))

    async def back(
        self, citizen: Citizen | None = None, browser: Browser | None = None
    ) -> sign_in_pb2.CompleteEsiaSignInRequest:
        """From the start of a step-up to ESIA and back."""
        started = await self.start()
        answer = await (browser or self.browser).sign_in(started.authorization_url, citizen or self.citizen)
        return sign_in_pb2.CompleteEsiaSignInRequest(**answer, browser_key=started.browser_key)


@pytest.fixture
async def bound(here: Town, doors: Doors) -> AsyncIterator[Bound]:
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
    async with doors.bench.browser() as browser:
        started = await doors.start()
        answer = await browser.sign_in(started.authorization_url, citizen)
        redirect = sign_in_pb2.CompleteEsiaSignInRequest(**answer, browser_key=started.browser_key)
        entered = (await doors.complete(redirect)).signed_in
        yield Bound(doors, person, citizen, browser, entered.session)


async def test_a_step_up_through_esia_replaces_the_session(
    here: Town, doors: Doors, bound: Bound, clock: MovableClock
) -> None:
    """A19; nothing is bound, no other session ends."""
    other = await doors.enter(bound.citizen)
    clock.move(minutes=2)

    reply = await doors.complete(await bound.back())

    fresh = reply.signed_in.session
    assert (reply.signed_in.person.person_id, reply.signed_in.bound_now) == (
        str(bound.person.person_id),
        False,
    )
    assert session_id(fresh) != session_id(bound.session)
    assert await is_in(doors, bound.session) == "SESSION_ENDED"
    assert await is_in(doors, fresh) == await is_in(doors, other.session) == ""
    live = sessions.c.ended_at.is_(None)
    assert len(await here.rows(sessions, sessions.c.account_id == bound.person.account_id, live)) == 2


async def test_the_gate_opens_by_the_time_that_esia_tells(
    here: Town, doors: Doors, bound: Bound, clock: MovableClock
) -> None:
    """R19: single sign-on asks nobody; whoever signed in there earlier has shown it earlier."""
    clock.move(minutes=3)

    fresh = (await doors.complete(await bound.back())).signed_in.session

    assert abs(int(str(claims(fresh)["auth_time"])) + 180 - int(clock.now().timestamp())) < 30


async def test_who_was_not_asked_for_long_signs_in_at_esia_anew(
    here: Town, doors: Doors, bound: Bound, clock: MovableClock
) -> None:
    """An unlocked computer with Gosuslugi open shows nothing."""
    async with doors.bench.browser() as browser:
        switches = doors.bench.stand.switches
        switches.clock_ahead = -280
        try:
            await browser.sign_in((await doors.start()).authorization_url, bound.citizen)
        finally:
            switches.clock_ahead = 0
        clock.move(seconds=40)

        told = await refused(doors.complete(await bound.back(browser=browser)))

        assert told.reason == "ESIA_PROOF_TOO_OLD"
        await browser.open(told.metadata["esia_logout_url"])
        assert (await doors.complete(await bound.back(browser=browser))).HasField("signed_in")


async def test_an_esia_that_does_not_tell_when_steps_nobody_up(
    doors: Doors, bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Single sign-on may have asked nobody; without a time that is not known."""
    told = TokenVerifier.identity

    async def silent(self: TokenVerifier, token: str, *, oid: int) -> IdToken:
        return replace(await told(self, token, oid=oid), authenticated_at=None)

    monkeypatch.setattr(TokenVerifier, "identity", silent)

    assert await reason(doors.complete(await bound.back())) == "ESIA_PROOF_TOO_OLD"


async def test_another_profile_steps_nobody_up(here: Town, doors: Doors, bound: Bound) -> None:
    """A10, A14: also one that is bound to another account; that one does not come in either."""
    snils = here.snils()
    await here.register("Петрова Анна Олеговна", snils=snils)
    other = here.citizen("Петрова Анна Олеговна", snils=snils)
    await doors.enter(other)

    async with doors.bench.browser() as browser:
        told = await reason(doors.complete(await bound.back(other, browser)))

    assert told == "BOUND_TO_ANOTHER_PROFILE"
    assert await is_in(doors, bound.session) == ""


async def test_a_step_up_of_an_ended_session_is_over(doors: Doors, bound: Bound) -> None:
    redirect = await bound.back()
    call = sessions_pb2.EndSessionRequest()
    await doors.sessions.EndSession(call, timeout=DEADLINE, metadata=bearer(bound.session))

    assert await reason(doors.complete(redirect)) == "SESSION_ENDED"


async def test_a_step_up_is_used_once_and_by_its_browser(doors: Doors, bound: Bound) -> None:
    """A1, A2."""
    redirect = await bound.back()
    foreign = sign_in_pb2.CompleteEsiaSignInRequest()
    foreign.CopyFrom(redirect)
    foreign.browser_key = "another browser's"

    assert await reason(doors.complete(foreign)) == "SIGN_IN_UNKNOWN"
    assert (await doors.complete(redirect)).HasField("signed_in")
    assert await reason(doors.complete(redirect)) == "SIGN_IN_UNKNOWN"


async def test_who_is_blocked_meanwhile_steps_up_no_more(here: Town, doors: Doors, bound: Bound) -> None:
    """A16."""
    redirect = await bound.back()
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts)
            .where(accounts.c.id == bound.person.account_id)
            .values(state=AccountState.BLOCKED)
        )

    assert await reason(doors.complete(redirect)) == "ACCOUNT_BLOCKED"


async def test_who_has_no_profile_bound_steps_up_by_password(here: Town, doors: Doors) -> None:
    login = f"parent-{here.snils()}"
    await here.register(login=login, password="a long enough one")
    session = (await doors.enter_with_password(login, "a long enough one")).session

    call = doors.sign_in.StartEsiaStepUp(
        sign_in_pb2.StartEsiaStepUpRequest(), timeout=DEADLINE, metadata=bearer(session)
    )

    assert await reason(call) == "NOT_BOUND"
