"""The password door: sign-ins, refreshes, verifications per processor second, and whether time tells.

Calls go straight to identity over gRPC: the gateway's share is the same for every call and is not what is
asked here. Counted is the processor time of identity and of PostgreSQL.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import asyncpg
import grpc

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from school.identity.v1 import (
    passwords_pb2,
    passwords_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    sign_in_pb2,
    sign_in_pb2_grpc,
)
from services.identity.passwords import LEAST_COST, Hasher
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, TIME_ZONE_KEY
from services.kit.clock import SystemClock
from services.kit.rpc.channel import channel
from services.kit.tokens import TokenIssuer, TokenVerifier, issuer_of
from tests.bench.machine import cpu_seconds
from tests.bench.table import Table

ACCOUNTS = 64
AT_ONCE = 8
SIGN_INS = 512
REFRESHES = 4096
TOKENS = 2000
# Guesses at one login need not wait up to here; each known login is asked for so often.
GUESSES_EACH = 4
_PASSWORD = "Синий-трамвай-уехал-41"
_DEADLINE = 30.0


class _Door:
    """Identity, as the gateway calls it for browsers at a thousand addresses."""

    def __init__(self, to_identity: grpc.aio.Channel) -> None:
        self._sign_in = sign_in_pb2_grpc.SignInServiceStub(to_identity)
        self._sessions = sessions_pb2_grpc.SessionsServiceStub(to_identity)
        self._passwords = passwords_pb2_grpc.PasswordsServiceStub(to_identity)
        self._numbers = count()

    async def enter(self, login: str, password: str = _PASSWORD) -> sessions_pb2.Session:
        request = sign_in_pb2.SignInWithPasswordRequest(login=login, password=password)
        reply = await self._sign_in.SignInWithPassword(request, timeout=_DEADLINE, metadata=self._client())
        return reply.signed_in.session

    async def refresh(self, token: str) -> str:
        request = sessions_pb2.RefreshSessionRequest(refresh_token=token)
        reply = await self._sessions.RefreshSession(request, timeout=_DEADLINE, metadata=self._client())
        return reply.session.refresh_token

    async def forget(self, login: str) -> None:
        request = passwords_pb2.StartRecoveryRequest(login=login)
        await self._passwords.StartRecovery(request, timeout=_DEADLINE, metadata=self._client())

    def _client(self) -> tuple[tuple[str, str], ...]:
        number = next(self._numbers) % 1000
        address = f"10.{number // 250}.{number % 250}.1"
        return ((ADDRESS_KEY, address), (DEVICE_KEY, "Chrome, Android"), (TIME_ZONE_KEY, "Europe/Moscow"))


async def measure(region: Region, table: Table) -> None:
    """Give some people of the region a login and a password, and let them in again and again."""
    logins = await _with_passwords(region)
    async with channel(region.place.address("identity")) as to_identity:
        door = _Door(to_identity)
        sessions = await _sign_ins(region, door, logins, table)
        await _refreshes(region, door, [session.refresh_token for session in sessions], table)
        await _alike("a wrong password", door.enter, logins, table)
        await _alike("a forgotten password", lambda login, _: door.forget(login), logins[:32], table, each=1)
    _verifications(region, table)


async def _with_passwords(region: Region) -> list[str]:
    """People with a login; all have one password, and each a hash of their own."""
    hashes = await asyncio.to_thread(lambda: [Hasher().hash(_PASSWORD) for _ in range(ACCOUNTS)])
    url = region.database_url("identity").replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """
            SELECT a.id FROM accounts a JOIN people p ON p.id = a.person_id
            WHERE p.status = 'active' AND a.login IS NULL
              AND EXISTS (SELECT FROM person_roles r WHERE r.person_id = p.id AND r.role = 'GUARDIAN')
              AND NOT EXISTS (
                SELECT FROM person_roles r
                WHERE r.person_id = p.id AND r.role NOT IN ('GUARDIAN', 'PUPIL'))
            ORDER BY md5(a.id::text) LIMIT $1
            """,
            ACCOUNTS,
        )
        logins = [f"bench.{'abcdefghij'[number % 10]}{number}" for number in range(len(rows))]
        await connection.executemany(
            """
            UPDATE accounts SET login = $2, login_skeleton = $2, password_hash = $3, password_set_at = now(),
                                activated_at = now()
            WHERE id = $1
            """,
            [(row["id"], login, one) for row, login, one in zip(rows, logins, hashes, strict=True)],
        )
    finally:
        await connection.close()
    return logins


async def _sign_ins(
    region: Region, door: _Door, logins: Sequence[str], table: Table
) -> list[sessions_pb2.Session]:
    for login in logins[:AT_ONCE]:
        await door.enter(login)  # not counted: pools and caches fill
    turns = [logins[number % len(logins)] for number in range(SIGN_INS)]
    sessions: list[sessions_pb2.Session] = []

    async def enter(login: str) -> None:
        sessions.append(await door.enter(login))

    identity, postgres = await _cost(region, turns, enter)
    table.add(
        "password sign-ins per processor second of identity and database",
        f"{1000 / (identity + postgres):.0f}",
        wanted="≥ 25",
        beside=f"{LEAST_COST}; identity {identity:.1f} ms, postgres {postgres:.1f} ms each",
    )
    return sessions[-len(logins) :]


async def _refreshes(region: Region, door: _Door, tokens: list[str], table: Table) -> None:
    async def refresh(place: int) -> None:
        for _ in range(REFRESHES // len(tokens)):
            tokens[place] = await door.refresh(tokens[place])

    await asyncio.gather(*(refresh_once(door, tokens, place) for place in range(AT_ONCE)))
    before = _spent(region)
    await asyncio.gather(*(refresh(place) for place in range(len(tokens))))
    after = _spent(region)
    done = REFRESHES // len(tokens) * len(tokens)
    identity, postgres = (1000 * (late - early) / done for early, late in zip(before, after, strict=True))
    table.add(
        "refreshes per processor second of identity and database",
        f"{1000 / (identity + postgres):.0f}",
        wanted="≥ 300",
        beside=f"identity {identity:.2f} ms, postgres {postgres:.2f} ms each",
    )


async def refresh_once(door: _Door, tokens: list[str], place: int) -> None:
    """One refresh that is not counted."""
    tokens[place] = await door.refresh(tokens[place])


async def _alike(
    what: str,
    ask: Callable[[str, str], Awaitable[object]],
    logins: Sequence[str],
    table: Table,
    *,
    each: int = GUESSES_EACH,
) -> None:
    """How long an answer takes for logins that there are and for others, asked in turn, one at a time.

    Told is how probable it is that a known one takes longer than an unknown one (Mann and Whitney): a half is
    what somebody who looks at times learns nothing from. Within two spreads (z) of that is chance.
    """
    known: list[float] = []
    unknown: list[float] = []
    for turn in range(each):
        for number, login in enumerate(logins):
            pair = [(known, login), (unknown, f"nobody.{turn}x{number}")]
            for times, asked in pair if number % 2 else reversed(pair):
                began = time.perf_counter()
                with suppress(grpc.aio.AioRpcError):
                    await ask(asked, "a wrong one")
                times.append(1000 * (time.perf_counter() - began))
    likely, z = _known_takes_longer(known, unknown)
    table.add(
        f"time to answer {what}: known to unknown logins, medians",
        f"{statistics.median(known) / statistics.median(unknown):.3f}",
        wanted="-2 < z < 2",
        beside=f"{statistics.median(known):.1f} and {statistics.median(unknown):.1f} ms; a known one takes "
        f"longer with probability {likely:.2f}, z = {z:+.1f}, {len(known)} of each",
    )


def _known_takes_longer(known: Sequence[float], unknown: Sequence[float]) -> tuple[float, float]:
    longer = sum((one > other) + 0.5 * (one == other) for one in known for other in unknown)
    likely = longer / (len(known) * len(unknown))
    spread = math.sqrt((len(known) + len(unknown) + 1) / (12 * len(known) * len(unknown)))
    return likely, (likely - 0.5) / spread


def _verifications(region: Region, table: Table) -> None:
    """Of access tokens, each seen for the first time, and seen again."""
    code, clock = region.place.code, SystemClock()
    issuer = TokenIssuer(
        region.place.keys.signing,
        issuer=issuer_of(code),
        region=code,
        lifetime=timedelta(minutes=5),
        clock=clock,
    )
    verifier = TokenVerifier(region.place.keys.jwks, issuer=issuer_of(code), region=code, clock=clock)
    tokens = [
        issuer.issue(
            person_id=uuid4(),
            account_id=uuid4(),
            session_id=uuid4(),
            roles=frozenset({Role.ROLE_GUARDIAN}),
            authenticated_at=datetime.now(UTC),
        )[0]
        for _ in range(TOKENS)
    ]
    figures: list[float] = []
    for _ in range(2):
        began = time.process_time()
        for token in tokens:
            verifier.verify(token)
        figures.append(TOKENS / (time.process_time() - began))
    table.add(
        "token verifications per processor second",
        f"{figures[0]:.0f}",
        beside=f"ES256, each token seen for the first time; {figures[1]:.0f} of those seen before",
    )


async def _cost(
    region: Region, turns: Sequence[str], once: Callable[[str], Awaitable[None]]
) -> tuple[float, float]:
    """Milliseconds of identity and of PostgreSQL for each turn, some at once; one login never at once."""
    waiting = list(turns)
    before = _spent(region)

    async def work() -> None:
        while waiting:
            await once(waiting.pop(0))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    after = _spent(region)
    identity, postgres = (
        1000 * (late - early) / len(turns) for early, late in zip(before, after, strict=True)
    )
    return identity, postgres


def _spent(region: Region) -> tuple[float, float]:
    """Processor seconds of identity, and of PostgreSQL with all its processes."""
    return (
        cpu_seconds([region.pid("identity")], with_children=False),
        cpu_seconds([region.pid("postgres")]),
    )
