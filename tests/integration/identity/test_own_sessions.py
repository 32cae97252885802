"""A person's own sessions: seen, ended, replaced, and the role they act in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import pytest
from jose import jwt
from sqlalchemy import update

from school.access.v1.policy_pb2 import Role as WireRole
from school.identity.v1 import sessions_pb2, sign_in_pb2
from services.identity.accounts.rules import AccountState
from services.identity.accounts.storage import accounts
from services.identity.people.rules import Role
from services.identity.sessions.rules import EndReason
from services.identity.sessions.storage import sessions
from services.kit.client import DEVICE_KEY, TIME_ZONE_KEY
from services.kit.errors import SessionEnded
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, refused
from tests.support.sessions import acts_in, caller_of, claims, is_in, session_id

PASSWORD = "a long enough one"


@dataclass
class Guest:
    """Somebody with a password, as their sessions call."""

    doors: Doors
    person: Registered
    login: str

    async def enter(self, device: str = "", zone: str = "") -> sessions_pb2.Session:
        """One more session, from a device."""
        request = sign_in_pb2.SignInWithPasswordRequest(login=self.login, password=PASSWORD)
        told = ((DEVICE_KEY, device), (TIME_ZONE_KEY, zone))
        reply = await self.doors.sign_in.SignInWithPassword(request, timeout=DEADLINE, metadata=told)
        return reply.signed_in.session

    async def list(self, session: sessions_pb2.Session) -> list[sessions_pb2.SessionInfo]:
        call = sessions_pb2.ListMySessionsRequest()
        reply = await self.doors.sessions.ListMySessions(call, timeout=DEADLINE, metadata=bearer(session))
        return list(reply.sessions)

    async def end(self, session: sessions_pb2.Session, session_id: str) -> None:
        call = sessions_pb2.EndMySessionRequest(session_id=session_id)
        await self.doors.sessions.EndMySession(call, timeout=DEADLINE, metadata=bearer(session))

    async def step_up(
        self, session: sessions_pb2.Session, password: str = PASSWORD, code: str = ""
    ) -> sessions_pb2.Session:
        call = sessions_pb2.StepUpWithPasswordRequest(password=password, code=code)
        reply = await self.doors.sessions.StepUpWithPassword(call, timeout=DEADLINE, metadata=bearer(session))
        return reply.session

    async def switch(self, session: sessions_pb2.Session, role: WireRole.ValueType) -> sessions_pb2.Session:
        call = sessions_pb2.SwitchRoleRequest(role=role)
        reply = await self.doors.sessions.SwitchRole(call, timeout=DEADLINE, metadata=bearer(session))
        return reply.session


async def guest(here: Town, doors: Doors, *roles: Role) -> Guest:
    login = f"parent-{here.snils()}"
    granted = {uuid4(): frozenset(roles or {Role.GUARDIAN})}
    return Guest(doors, await here.register(login=login, password=PASSWORD, roles=granted), login)


async def test_sessions_are_listed_the_calling_one_first_then_the_last_used(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    me = await guest(here, doors)
    phone = await me.enter("Chrome, Android", "Asia/Kamchatka")
    clock.move(minutes=1)
    await me.enter("Firefox, Windows", "<script>")
    clock.move(minutes=1)
    await me.enter()
    clock.move(minutes=1)
    fresh = await doors.refresh(phone.refresh_token)
    clock.move(minutes=1)
    calling = await me.enter("App")

    found = await me.list(calling)

    assert [(one.device, one.time_zone) for one in found] == [
        ("App", ""),
        ("Chrome, Android", "Asia/Kamchatka"),
        ("", ""),
        ("Firefox, Windows", ""),
    ]
    assert [one.current for one in found] == [True, False, False, False]
    assert {one.door for one in found} == {sessions_pb2.SESSION_DOOR_PASSWORD}
    assert found[1].session_id == str(session_id(fresh))
    assert (found[1].last_used_at.ToDatetime() - found[1].began_at.ToDatetime()).seconds == 180
    assert (found[0].ends_at.ToDatetime() - found[0].began_at.ToDatetime()).days == 90


async def test_no_address_is_kept_of_a_session(here: Town, doors: Doors) -> None:
    me = await guest(here, doors)
    request = sign_in_pb2.SignInWithPasswordRequest(login=me.login, password=PASSWORD)
    told = (("x-client-address", "203.0.113.77"),)
    await doors.sign_in.SignInWithPassword(request, timeout=DEADLINE, metadata=told)

    (row,) = await here.rows(sessions, sessions.c.account_id == me.person.account_id)

    assert "203.0.113.77" not in repr(row)


async def test_an_ended_session_is_refused_at_once_and_the_others_go_on(here: Town, doors: Doors) -> None:
    me = await guest(here, doors)
    here_, there = await me.enter(), await me.enter()

    await me.end(here_, str(session_id(there)))
    await me.end(here_, str(session_id(there)))  # twice is harmless

    assert await is_in(doors, there) == "SESSION_ENDED"
    assert await reason(doors.refresh(there.refresh_token)) == "SESSION_ENDED"
    assert await is_in(doors, here_) == ""
    assert [one.current for one in await me.list(here_)] == [True]
    assert await here.told(session_id(there)) == ["SessionEnded"]
    assert await here.audited(session_id(there)) == [("begin_session", "password"), ("end_session", None)]


@pytest.mark.parametrize("whose", ["nobody's", "somebody else's", "no id"])
async def test_only_ones_own_sessions_can_be_ended(here: Town, doors: Doors, whose: str) -> None:
    """A34: another person's session is as unknown as none."""
    me, other = await guest(here, doors), await guest(here, doors)
    mine, theirs = await me.enter(), await other.enter()
    wished = {"nobody's": str(uuid4()), "somebody else's": str(session_id(theirs)), "no id": "x"}[whose]

    told = await reason(me.end(mine, wished))

    assert told == ("BAD_ID" if whose == "no id" else "UNKNOWN_SESSION")
    assert await is_in(doors, theirs) == ""


async def test_all_others_end_at_once(here: Town, doors: Doors) -> None:
    me, other = await guest(here, doors), await guest(here, doors)
    calling, *mine = [await me.enter() for _ in range(4)]
    theirs = await other.enter()

    call = sessions_pb2.EndOtherSessionsRequest()
    reply = await doors.sessions.EndOtherSessions(call, timeout=DEADLINE, metadata=bearer(calling))

    assert reply.ended_count == 3
    for session in mine:
        assert await is_in(doors, session) == "SESSION_ENDED"
    assert await is_in(doors, calling) == await is_in(doors, theirs) == ""


async def test_a_step_up_replaces_the_session(here: Town, doors: Doors, clock: MovableClock) -> None:
    """A19: a new id, nothing of the old one is good any more, age and device go on."""
    me = await guest(here, doors)
    old = await me.enter("Chrome, Android")
    before = (await me.list(old))[0]
    clock.move(minutes=4)

    new = await me.step_up(old)

    assert session_id(new) != session_id(old)
    assert await is_in(doors, old) == "SESSION_ENDED"
    assert await reason(doors.refresh(old.refresh_token)) == "SESSION_ENDED"
    assert claims(new)["auth_time"] == int(clock.now().timestamp())
    (after,) = await me.list(new)
    assert (after.device, after.began_at, after.ends_at) == (before.device, before.began_at, before.ends_at)
    assert (await doors.refresh(new.refresh_token)).access_token


async def test_who_showed_a_token_of_the_replaced_session_late_ends_its_successor(
    here: Town, doors: Doors, clock: MovableClock
) -> None:
    """A20: within the grace it may be a tab that is late; after it somebody else holds the old one."""
    me = await guest(here, doors)
    old = await me.enter()
    new = await me.step_up(old)

    early = await refused(doors.refresh(old.refresh_token))
    assert (early.reason, early.metadata) == ("SESSION_ENDED", {"replaced": "true"})
    new = await doors.refresh(new.refresh_token)
    clock.move(seconds=11)
    late = await refused(doors.refresh(old.refresh_token))

    assert (late.reason, late.metadata) == ("SESSION_ENDED", {})
    assert await is_in(doors, new) == "SESSION_ENDED"
    assert await reason(doors.refresh(new.refresh_token)) == "SESSION_ENDED"


async def test_a_double_click_signs_nobody_out(here: Town, doors: Doors) -> None:
    """Both calls have shown the password, and both get the one new session."""
    me = await guest(here, doors)
    old = await me.enter()

    fresh = await asyncio.gather(*(me.step_up(old) for _ in range(4)))

    assert len({session_id(one) for one in fresh}) == 1
    assert await is_in(doors, fresh[-1]) == ""


async def test_twenty_step_ups_at_once_make_one_session(here: Town, doors: Doors) -> None:
    """Behind the count of guesses, which lets twenty passwords at once through to nobody."""
    assert here.inside is not None
    use_cases, me = here.inside.use_cases, await guest(here, doors)
    old = await me.enter()
    caller = caller_of(old)

    async def step_up() -> str:
        async with here.database.transaction() as tx:
            return (await use_cases.proof.sessions.replace(tx, caller, shown=True)).access

    fresh = await asyncio.gather(*(step_up() for _ in range(20)))

    assert len({jwt.get_unverified_claims(token)["sid"] for token in fresh}) == 1
    live = await here.rows(
        sessions, sessions.c.account_id == me.person.account_id, sessions.c.ended_at.is_(None)
    )
    assert [str(row.id) for row in live] == [jwt.get_unverified_claims(fresh[0])["sid"]]


async def test_of_two_steps_at_once_the_one_that_shows_nothing_gets_nothing(here: Town, doors: Doors) -> None:
    """A19: a step that asks for no proof must not lead into a session whose person was asked."""
    assert here.inside is not None
    use_cases, me = here.inside.use_cases, await guest(here, doors)
    caller = caller_of(await me.enter())
    async with here.database.transaction() as tx:
        await use_cases.proof.sessions.replace(tx, caller, shown=True)

    with pytest.raises(SessionEnded):
        async with here.database.transaction() as tx:
            await use_cases.proof.sessions.replace(tx, caller, shown=False)


async def test_a_step_up_is_refused_by_its_reason(here: Town, doors: Doors) -> None:
    me = await guest(here, doors)
    session = await me.enter()

    assert await reason(me.step_up(session, "another one")) == "WRONG_CREDENTIALS"
    assert await is_in(doors, session) == ""
    for _ in range(6):
        last = await refused(me.step_up(session, "another one"))
    assert last.reason == "TOO_MANY_ATTEMPTS"
    assert int(last.metadata["retry_after_s"]) > 0


async def test_who_has_no_password_steps_up_through_esia(here: Town, doors: Doors) -> None:
    snils = here.snils()
    await here.register(snils=snils)
    citizen = here.citizen(snils=snils)
    entered = await doors.enter(citizen)
    me = Guest(doors, Registered(uuid4(), uuid4()), "")

    assert await reason(me.step_up(entered.session)) == "NO_PASSWORD"


async def test_a_role_is_chosen_and_left_again(here: Town, doors: Doors) -> None:
    """Also over refreshes; the refresh token that the client has goes on."""
    me = await guest(here, doors, Role.GUARDIAN, Role.TEACHER)
    session = await me.enter()
    assert acts_in(session) == ["ROLE_GUARDIAN", "ROLE_TEACHER"]

    teaching = await me.switch(session, WireRole.ROLE_TEACHER)

    assert acts_in(teaching) == ["ROLE_TEACHER"]
    assert (teaching.refresh_token, session_id(teaching)) == ("", session_id(session))
    fresh = await doors.refresh(session.refresh_token)
    assert acts_in(fresh) == ["ROLE_TEACHER"]
    stepped = await me.step_up(fresh)
    assert acts_in(stepped) == ["ROLE_TEACHER"]
    both = await me.switch(stepped, WireRole.ROLE_UNSPECIFIED)
    assert acts_in(both) == ["ROLE_GUARDIAN", "ROLE_TEACHER"]


@pytest.mark.parametrize("role", [WireRole.ROLE_OPERATOR, 99])
async def test_a_role_that_is_not_held_is_refused(here: Town, doors: Doors, role: WireRole.ValueType) -> None:
    me = await guest(here, doors)
    session = await me.enter()

    assert await reason(me.switch(session, role)) == "ROLE_NOT_HELD"


async def test_staff_sessions_end_with_the_working_day(here: Town, doors: Doors, clock: MovableClock) -> None:
    me = await guest(here, doors, Role.TEACHER, Role.GUARDIAN)
    session = await me.enter()
    clock.move(hours=7)
    session = await doors.refresh(session.refresh_token)
    clock.move(hours=8)

    assert await reason(doors.refresh(session.refresh_token)) == "SESSION_ENDED"


async def test_a_blocked_person_can_replace_no_session(here: Town, doors: Doors) -> None:
    """A16: whatever the access token still says."""
    me = await guest(here, doors, Role.GUARDIAN, Role.TEACHER)
    session = await me.enter()
    async with here.database.transaction() as tx:
        await tx.execute(
            update(accounts).where(accounts.c.id == me.person.account_id).values(state=AccountState.BLOCKED)
        )

    assert await reason(me.step_up(session)) == "ACCOUNT_BLOCKED"
    assert await reason(me.switch(session, WireRole.ROLE_TEACHER)) == "SESSION_ENDED"


async def test_whoever_ends_all_sessions_of_an_account_is_heard(here: Town, doors: Doors) -> None:
    """What blocking, a new password or a lost role does."""
    assert here.inside is not None
    me = await guest(here, doors)
    mine = [await me.enter() for _ in range(3)]
    keep = session_id(mine[0])

    async with here.database.transaction() as tx:
        ended = await here.inside.use_cases.proof.sessions.end_all(
            tx, me.person.account_id, reason=EndReason.ACCOUNT_BLOCKED, keep=keep
        )

    assert {one.id for one in ended} == {session_id(session) for session in mine[1:]}
    assert [await is_in(doors, session) for session in mine] == ["", "SESSION_ENDED", "SESSION_ENDED"]


async def test_sign_out_offers_the_end_at_esia_to_who_came_from_there(here: Town, doors: Doors) -> None:
    snils = here.snils()
    await here.register(snils=snils)
    entered = await doors.enter(here.citizen(snils=snils))
    me = await guest(here, doors)
    call = sessions_pb2.EndSessionRequest()

    by_esia = await doors.sessions.EndSession(call, timeout=DEADLINE, metadata=bearer(entered.session))
    by_password = await doors.sessions.EndSession(call, timeout=DEADLINE, metadata=bearer(await me.enter()))

    assert "/idp/ext/Logout?client_id=" in by_esia.esia_logout_url
    assert "&redirect_url=" in by_esia.esia_logout_url
    assert by_password.esia_logout_url == ""
