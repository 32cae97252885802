"""A confirmation that is sent again, at once or a moment later: the same answer, while it holds (A9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from school.access.v1.policy_pb2 import ROLE_REGISTRAR
from school.identity.v1.binding_pb2 import DeclineBindingRequest
from school.identity.v1.sessions_pb2 import EndSessionRequest
from services.identity.accounts.storage import accounts
from services.identity.binding.rules.endings import WhyEnded
from services.identity.binding.storage import bindings
from services.identity.people.rules import Role
from services.identity.sessions.rules import GRACE
from services.identity.sessions.storage import sessions
from services.kit.caller import Caller
from services.kit.ids import new_id
from tests.integration.identity.issuing.office import open_office
from tests.support.clock import MovableClock
from tests.support.identity import DEADLINE, Doors, Registered, Town, bearer, reason, somebody_waits
from tests.support.keys import REGION, make_keys
from tests.support.waiting import eventually

PASSWORD = "a long enough one"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A browser that shows whom its profile would be bound to."""

    browser_key: str
    person: Registered

    @property
    def me(self) -> str:
        return str(self.person.person_id)


@pytest.fixture
async def proposed(here: Town, doors: Doors) -> Proposed:
    """Somebody who is about to say "this is me"."""
    login = f"parent-{here.snils()}"
    person = await here.register(login=login, password=PASSWORD)
    browser_key = await doors.password_needed(here.citizen(snils=None))
    await doors.propose(browser_key, login, PASSWORD)
    return Proposed(browser_key, person)


async def test_a09_ten_confirmations_at_once_are_answered_the_same(
    here: Town, doors: Doors, proposed: Proposed
) -> None:
    """A9: ten presses of one button: one binding, one session, told and written down once."""
    key, account = proposed.browser_key, proposed.person.account_id

    answers = await asyncio.gather(*(doors.confirm(key, proposed.me) for _ in range(10)))

    assert all(each.bound_now and each.person == answers[0].person for each in answers)
    assert answers[0].person.person_id == proposed.me
    (refresh_token,) = {each.session.refresh_token for each in answers}
    assert len(await here.rows(bindings, bindings.c.account_id == account)) == 1
    assert len(await here.rows(sessions, sessions.c.account_id == account)) == 1
    assert await here.told(account) == ["ProfileBound"]
    assert await here.audited(proposed.person.person_id) == [("bind_profile", "PASSWORD")]
    assert (await doors.refresh(refresh_token)).access_token


async def test_the_grace_is_ten_seconds(
    here: Town, doors: Doors, proposed: Proposed, clock: MovableClock
) -> None:
    """A7: the session that the first press began, and after the grace nothing."""
    first = await doors.confirm(proposed.browser_key, proposed.me)
    clock.move(seconds=GRACE.total_seconds())
    again = await doors.confirm(proposed.browser_key, proposed.me)
    clock.move(seconds=1)

    assert again.session.refresh_token == first.session.refresh_token
    assert await reason(doors.confirm(proposed.browser_key, proposed.me)) == "SIGN_IN_UNKNOWN"
    assert (await doors.refresh(first.session.refresh_token)).access_token, "nobody was put out by it"


async def test_who_has_used_the_answer_gets_no_other(doors: Doors, proposed: Proposed) -> None:
    """A7: the first answer has arrived: its refresh token was renewed."""
    first = await doors.confirm(proposed.browser_key, proposed.me)
    await doors.refresh(first.session.refresh_token)

    assert await reason(doors.confirm(proposed.browser_key, proposed.me)) == "SIGN_IN_UNKNOWN"


async def test_a_session_that_has_ended_is_not_handed_out_again(doors: Doors, proposed: Proposed) -> None:
    """A7: signed out within the grace."""
    first = await doors.confirm(proposed.browser_key, proposed.me)
    await doors.sessions.EndSession(EndSessionRequest(), timeout=DEADLINE, metadata=bearer(first.session))

    assert await reason(doors.confirm(proposed.browser_key, proposed.me)) == "SIGN_IN_UNKNOWN"


async def test_what_was_unbound_within_the_grace_stays_unbound(
    here: Town, doors: Doors, tmp_path: Path
) -> None:
    """A7: the school ends the binding a moment after it was made; pressing again brings nothing back."""
    assert here.inside is not None
    office = await open_office(here, make_keys(tmp_path))
    login = f"parent-{here.snils()}"
    roles = {office.school_id: frozenset({Role.GUARDIAN})}
    person = await here.register(login=login, password=PASSWORD, roles=roles)
    browser_key = await doors.password_needed(here.citizen(snils=None))
    me = (await doors.bind(browser_key, login, PASSWORD)).person.person_id
    who = office.registrar
    by = Caller(who.person_id, who.account_id, new_id(), roles=frozenset({ROLE_REGISTRAR}), region=REGION)
    await here.inside.use_cases.entry.unbindings.unbind_theirs(
        by, office.school_id, person.person_id, WhyEnded.WRONG_PERSON
    )

    assert await reason(doors.confirm(browser_key, me)) == "SIGN_IN_UNKNOWN"
    (binding,) = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert binding.ended_at is not None


async def test_after_a_refusal_of_the_person_there_is_nothing_to_repeat(
    doors: Doors, proposed: Proposed
) -> None:
    """A8: "this is not me" is not undone by the other button."""
    await doors.binding.DeclineBinding(
        DeclineBindingRequest(browser_key=proposed.browser_key), timeout=DEADLINE
    )

    assert await reason(doors.confirm(proposed.browser_key, proposed.me)) == "SIGN_IN_UNKNOWN"


async def test_of_two_browsers_each_is_answered_again_as_before(here: Town, doors: Doors) -> None:
    """A9: one binds, the other, which had judged before that, is led in; each gets its own session again."""
    login, citizen = f"parent-{here.snils()}", here.citizen(snils=None)
    person = await here.register(login=login, password=PASSWORD)
    keys = [await doors.password_needed(citizen) for _ in range(2)]
    (me,) = {(await doors.propose(key, login, PASSWORD)).person_id for key in keys}
    async with here.database.transaction() as tx:
        await tx.execute(select(accounts.c.id).where(accounts.c.id == person.account_id).with_for_update())
        confirming = [asyncio.create_task(doors.confirm(key, me)) for key in keys]
        await eventually(lambda: somebody_waits(here, many=2))

    answers = await asyncio.gather(*confirming)
    again = await asyncio.gather(*(doors.confirm(key, me) for key in keys))

    assert sorted(each.bound_now for each in answers) == [False, True]
    assert [each.bound_now for each in again] == [each.bound_now for each in answers]
    tokens = [each.session.refresh_token for each in answers]
    assert [each.session.refresh_token for each in again] == tokens
    assert len(set(tokens)) == 2
