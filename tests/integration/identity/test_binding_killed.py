"""``kill -9`` at every point of a first entry: bound or not bound, never half; and the next entry works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import grpc
from google.protobuf.message import Message
from sqlalchemy import insert

from deploy.local.esia.people import Person as Citizen
from school.identity.v1 import sign_in_pb2
from school.identity.v1.events_pb2 import ProfileBound
from services.identity.accounts.storage import accounts
from services.identity.binding.storage import bindings
from services.identity.links.rules import Stage
from services.identity.links.storage import link_transactions
from services.identity.sessions.storage import sessions
from services.kit.database import Transaction
from services.kit.messaging.consumer import Consumer
from services.kit.messaging.effects import Hearing
from services.kit.messaging.envelope import EventMeta
from tests.conftest import DatabaseUrl
from tests.integration.identity.test_process import running
from tests.support.dying import ARMED, POINT, POINTS
from tests.support.esia import Bench
from tests.support.identity import Registered, Town
from tests.support.miniature import Listener, effects, listener, prepare
from tests.support.waiting import eventually

KILLED = -9
# From the commit on the person is bound, whatever the browser hears.
BOUND = frozenset(list(POINTS)[list(POINTS).index("committed") :])


async def test_a09_a_first_entry_that_is_killed_anywhere_is_whole_or_has_not_been(
    tmp_path: Path, stand: Bench, database_url: DatabaseUrl, nats_url: str
) -> None:
    """I1, I2, I3, A9: at most one binding, nothing half done, its event has its effect exactly once."""
    url, armed = await database_url("identity"), tmp_path / "armed"
    bound: list[str] = []
    numbers = count(500_000)  # of all who ever come, whichever process they meet
    async with hearing(await database_url("kit", prepare), nats_url) as heard:
        killed: tuple[str, Registered, Citizen] | None = None
        for point in (*POINTS, ""):
            dying = {POINT: point, ARMED: str(armed)}
            module = "tests.support.dying" if point else "services.identity"
            async with running(
                tmp_path, stand, database_url=url, nats_url=nats_url, module=module, more=dying
            ) as service:
                here = replace(service.town, _numbers=numbers)
                if killed:
                    bound.append(await enters_again(here, *killed))
                if point:
                    killed = await is_killed(here, service.process, point, armed)
                else:
                    await eventually(lambda: has_heard(heard, bound))
    counted = await heard_of(heard, bound)
    assert counted == [1] * len(POINTS), dict(zip(POINTS, counted, strict=True))


async def is_killed(
    here: Town, process: asyncio.subprocess.Process, point: str, armed: Path
) -> tuple[str, Registered, Citizen]:
    """Somebody enters for the first time, and the process dies at the point."""
    snils = here.snils()
    person, citizen = await here.register(snils=snils), here.citizen(snils=snils)
    redirect = await here.doors.back_from_esia(citizen)
    armed.touch()
    outcome = (await asyncio.gather(here.doors.complete(redirect), return_exceptions=True))[0]
    assert await asyncio.wait_for(process.wait(), 20) == KILLED, f"{point}: it lived on"
    armed.unlink()
    if isinstance(outcome, sign_in_pb2.CompleteEsiaSignInResponse):
        assert point in BOUND, f"{point}: the browser was told of what had not been committed"
    else:
        assert isinstance(outcome, grpc.aio.AioRpcError), outcome
        assert outcome.code() is grpc.StatusCode.UNAVAILABLE, point
    return point, person, citizen


async def enters_again(here: Town, point: str, person: Registered, citizen: Citizen) -> str:
    """What the killed process left is whole; entering once more works. Returns the binding's id."""
    before = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert len(before) == (1 if point in BOUND else 0), point
    await assert_whole(here, point, person, was_bound=bool(before))

    entered = await here.doors.enter(citizen)

    assert entered.person.person_id == str(person.person_id), point
    assert entered.bound_now == (not before), point
    [binding] = await here.rows(bindings, bindings.c.account_id == person.account_id)
    assert binding.subject == str(citizen.oid)
    assert await here.audited(person.person_id) == [("bind_profile", "SNILS")], point
    assert await here.told(person.account_id) == ["ProfileBound"], point
    return str(binding.id)


async def assert_whole(here: Town, point: str, person: Registered, *, was_bound: bool) -> None:
    """All that stands or falls with a binding does."""
    done = await here.rows(
        link_transactions,
        link_transactions.c.person_id == person.person_id,
        link_transactions.c.stage == Stage.DONE,
    )
    [account] = await here.rows(accounts, accounts.c.id == person.account_id)
    left = {
        "sign-ins that are done": len(done),
        "sessions": len(await here.rows(sessions, sessions.c.account_id == person.account_id)),
        "entries of the audit": len(await here.audited(person.person_id)),
        "events": len(await here.told(person.account_id)),
        "activations": int(account.activated_at is not None),
        "versions": account.version - 1,
    }
    assert left == dict.fromkeys(left, int(was_bound)), point


@asynccontextmanager
async def hearing(database_url: str, nats_url: str) -> AsyncIterator[Listener]:
    """Another service, which writes a row for each binding it is told of."""
    async with listener(database_url, nats_url) as heard:
        durable = "listener-bindings"
        async with Consumer(
            heard.bus, heard.database, Hearing("IDENTITY", durable, {ProfileBound: count_binding})
        ):
            yield heard


async def count_binding(tx: Transaction, event: Message, meta: EventMeta) -> None:
    """The effect of a binding: one row."""
    assert isinstance(event, ProfileBound)
    await tx.execute(insert(effects).values(what=event.binding_id, version=meta.aggregate_version))


async def heard_of(heard: Listener, bound: Iterable[str]) -> list[int]:
    """How many effects each binding has had."""
    counted = await heard.counted()
    return [counted[binding] for binding in bound]


async def has_heard(heard: Listener, bound: Iterable[str]) -> bool:
    """Whether every binding has had an effect."""
    return 0 not in await heard_of(heard, bound)
