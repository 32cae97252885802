"""``kill -9`` at every point of the password road: nothing is half done, and a repeat comes to the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import grpc
from sqlalchemy import update

from deploy.local.esia.people import Person as Citizen
from school.identity.v1.binding_pb2 import DeclineBindingRequest
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.links.rules import Stage
from services.identity.links.storage import link_transactions
from services.identity.sessions.storage import sessions
from tests.conftest import DatabaseUrl
from tests.integration.identity.test_binding_killed import KILLED, has_heard, heard_of, hearing
from tests.integration.identity.test_process import running
from tests.support.dying import ARMED, CONFIRMING, DECLINING, POINT, PROPOSING
from tests.support.esia import Bench
from tests.support.identity import DEADLINE, Registered, Town, reason
from tests.support.miniature import prepare
from tests.support.waiting import eventually

POINTS = (*PROPOSING, *CONFIRMING, *DECLINING)
# From these on what was asked for has happened, whatever the browser hears.
HAPPENED = frozenset(
    (
        "the proposal is committed",
        "before the proposal is shown",
        "committed",
        "before the reply to who confirms",
        "the end is committed",
    )
)
PASSWORD = "a long enough one"


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody without SNILS at ESIA, in a browser whose step was killed."""

    point: str
    person: Registered
    citizen: Citizen
    login: str
    browser_key: str

    @property
    def me(self) -> str:
        return str(self.person.person_id)


async def test_a09_a_way_by_password_that_is_killed_anywhere_goes_on_or_is_over(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """I1, I2, I3, A9, R22: at most one binding, one session and one event, each with its effect once."""
    url, armed = await database_url("identity"), tmp_path / "armed"
    bound: list[str] = []
    numbers = count(600_000)  # of all who ever come, whichever process they meet
    async with hearing(await database_url("kit", prepare), nats_url) as heard:
        killed: Sitting | None = None
        for point in (*POINTS, ""):
            module = "tests.support.dying" if point else "services.identity"
            dying = {POINT: point, ARMED: str(armed)}
            async with running(
                tmp_path, stand, database_url=url, nats_url=nats_url, module=module, more=dying
            ) as service:
                here = replace(service.town, _numbers=numbers)
                if killed:
                    bound.append(await goes_on(here, killed))
                if point:
                    killed = await is_killed(here, service.process, point, armed)
                else:
                    await eventually(lambda: has_heard(heard, bound))
        counted = await heard_of(heard, bound)
    assert counted == [1] * len(POINTS), dict(zip(POINTS, counted, strict=True))


async def is_killed(here: Town, process: asyncio.subprocess.Process, point: str, armed: Path) -> Sitting:
    """Somebody goes the way by password, and the process dies at the point."""
    login = f"parent-{here.snils()}"
    person, citizen = await here.register(login=login, password=PASSWORD), here.citizen(snils=None)
    sitting = Sitting(point, person, citizen, login, await here.doors.password_needed(citizen))
    if point not in PROPOSING:
        await here.doors.propose(sitting.browser_key, login, PASSWORD)
    armed.touch()
    outcome = (await asyncio.gather(_step(here, sitting), return_exceptions=True))[0]
    assert await asyncio.wait_for(process.wait(), 20) == KILLED, f"{point}: it lived on"
    armed.unlink()
    if isinstance(outcome, BaseException):
        assert isinstance(outcome, grpc.aio.AioRpcError), outcome
        assert outcome.code() is grpc.StatusCode.UNAVAILABLE, point
    else:
        assert point in HAPPENED, f"{point}: the browser was told of what had not been committed"
    return sitting


async def _step(here: Town, sitting: Sitting) -> object:
    """The step of the way that has the point."""
    if sitting.point in PROPOSING:
        return await here.doors.propose(sitting.browser_key, sitting.login, PASSWORD)
    if sitting.point in CONFIRMING:
        return await here.doors.confirm(sitting.browser_key, sitting.me)
    return await _decline(here, sitting)


async def _decline(here: Town, sitting: Sitting) -> object:
    request = DeclineBindingRequest(browser_key=sitting.browser_key)
    return await here.doors.binding.DeclineBinding(request, timeout=DEADLINE)


async def goes_on(here: Town, sitting: Sitting) -> str:
    """What the killed process left is whole; the same step once more leads on. Returns the binding's id."""
    happened = sitting.point in HAPPENED
    if sitting.point in PROPOSING:
        await proposes_again(here, sitting, happened=happened)
    elif sitting.point in CONFIRMING:
        await confirms_again(here, sitting, happened=happened)
    else:
        await declines_again(here, sitting, happened=happened)
    [binding] = await here.rows(bindings, bindings.c.account_id == sitting.person.account_id)
    assert binding.subject == str(sitting.citizen.oid)
    assert await here.told(sitting.person.account_id) == ["ProfileBound"], sitting.point
    assert not (await here.doors.enter(sitting.citizen)).bound_now, sitting.point
    return str(binding.id)


async def proposes_again(here: Town, sitting: Sitting, *, happened: bool) -> None:
    """The password counted, nothing else did; or somebody was proposed. Given again, it leads on."""
    [link] = await _links(here, sitting)
    waits = Stage.CONFIRMATION_NEEDED if happened else Stage.PASSWORD_NEEDED
    person = sitting.person if happened else None
    assert (link.stage, link.passwords_tried) == (waits, 1), sitting.point
    assert (link.person_id, link.account_id) == (
        (person.person_id, person.account_id) if person else (None, None)
    ), sitting.point
    assert await done(here, sitting) == NOTHING, sitting.point

    again = await here.doors.propose(sitting.browser_key, sitting.login, PASSWORD)

    assert again.person_id == sitting.me
    assert (await here.doors.confirm(sitting.browser_key, sitting.me)).bound_now
    assert await done(here, sitting) == ONCE, sitting.point


async def confirms_again(here: Town, sitting: Sitting, *, happened: bool) -> None:
    """Bound and in, or neither; pressed again, one is in by one session, the same in both cases."""
    assert await done(here, sitting) == (ONCE if happened else NOTHING), sitting.point
    # As if the service had been back at once: later the person signs in anew.
    async with here.database.transaction() as tx:
        own = sessions.c.account_id == sitting.person.account_id
        await tx.execute(update(sessions).where(own).values(began_at=here.clock.now()))

    again = await here.doors.confirm(sitting.browser_key, sitting.me)

    assert (again.person.person_id, again.bound_now) == (sitting.me, True), sitting.point
    assert (await here.doors.refresh(again.session.refresh_token)).access_token
    assert await done(here, sitting) == ONCE, sitting.point


async def declines_again(here: Town, sitting: Sitting, *, happened: bool) -> None:
    """Ended or not, the sign-in ends by pressing again, and is written down once; another one may bind."""
    if happened:
        assert await reason(_decline(here, sitting)) == "SIGN_IN_UNKNOWN"
    else:
        await _decline(here, sitting)
    assert await reason(here.doors.confirm(sitting.browser_key, sitting.me)) == "SIGN_IN_UNKNOWN"
    [link] = await _links(here, sitting)
    assert (link.stage, link.profile_box) == (Stage.REFUSED, None), sitting.point
    assert await here.audited(sitting.person.person_id) == [("decline_binding", None)], sitting.point
    assert await here.rows(bindings, bindings.c.account_id == sitting.person.account_id) == []

    other = await here.doors.password_needed(sitting.citizen)
    assert (await here.doors.bind(other, sitting.login, PASSWORD)).bound_now


NOTHING = {"bindings": 0, "sign-ins that are done": 0, "sessions": 0, "events": 0, "audit": 0, "versions": 0}
ONCE = dict.fromkeys(NOTHING, 1)


async def done(here: Town, sitting: Sitting) -> dict[str, int]:
    """All that stands or falls with a binding, counted."""
    who = sitting.person
    [account] = await here.rows(accounts, accounts.c.id == who.account_id)
    return {
        "bindings": len(await here.rows(bindings, bindings.c.account_id == who.account_id)),
        "sign-ins that are done": [each.stage for each in await _links(here, sitting)].count(Stage.DONE),
        "sessions": len(await here.rows(sessions, sessions.c.account_id == who.account_id)),
        "events": len(await here.told(who.account_id)),
        "audit": len(await here.audited(who.person_id)),
        "versions": account.version - 1,
    }


async def _links(here: Town, sitting: Sitting) -> list[Any]:
    return await here.rows(link_transactions, link_transactions.c.subject == str(sitting.citizen.oid))
