"""First bindings and repeated sign-ins through ESIA, as identity sees them, while the register grows.

Calls go straight to identity over gRPC, between them a browser signs in at the stand-in. Counted is the
processor time of identity without its signer, and of PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qs, urlsplit

import asyncpg
import grpc
import httpx2
from typing_extensions import override

from deploy.local.browser import Browser
from deploy.local.region import Region
from school.identity.v1 import sign_in_pb2, sign_in_pb2_grpc
from services.kit.client import ADDRESS_KEY, DEVICE_KEY, TIME_ZONE_KEY
from services.kit.rpc.channel import channel
from tests.bench.machine import cpu_seconds
from tests.bench.sign_in import AT_ONCE, adults_at_esia
from tests.bench.table import Table

SIZES = (1_000, 100_000)
"""Registered persons, by default; a million takes minutes to register."""
SIGN_INS = 100
WARM = 30
_CHUNK = 50_000
_DEADLINE_S = 30.0

# Persons of whom nobody signs in, each with an account, a role and a SNILS that nobody has.
_REGISTER = """
WITH added AS (
  INSERT INTO people (id, surname, given_name, patronymic, birth_date, registered_at,
                      snils_box, snils_box_key, snils_index, snils_index_key)
  SELECT gen_random_uuid(), 'Ф' || word, 'И' || right(word, 2), 'О' || right(word, 2),
         date '1970-01-01' + n % 15000, now(), sha256('box' || n::text::bytea), 1, sha256(n::text::bytea), 1
  FROM (SELECT n, translate((n % 20000)::text, '0123456789', 'абвгдежзик') AS word
        FROM generate_series($1::int, $2::int) AS n) AS numbered
  RETURNING id
), opened AS (
  INSERT INTO accounts (id, person_id, opened_at) SELECT gen_random_uuid(), id, now() FROM added
)
INSERT INTO person_roles (person_id, school_id, role, granted_at)
SELECT id, (SELECT school_id FROM schools LIMIT 1), 'GUARDIAN', now() FROM added
"""


@dataclass(frozen=True, slots=True)
class _Cost:
    """Milliseconds of processor time for each who came in."""

    identity: float
    postgres: float

    @property
    def together(self) -> float:
        return self.identity + self.postgres


async def measure(region: Region, table: Table, sizes: Sequence[int] = SIZES) -> None:
    """At each size let people enter who never did, and the same ones once more."""
    # From the end: whoever else measures sign-ins begins with the first.
    people = iter(reversed(adults_at_esia(region)))
    first: dict[int, _Cost] = {}
    async with channel(region.place.address("identity")) as to_identity:
        door = _Door(region, to_identity)
        for size in sorted(sizes):
            registered = await _register(region, size)
            await _cost(region, door, [next(people) for _ in range(WARM)])  # caches and pools fill
            entering = [next(people) for _ in range(SIGN_INS)]
            first[registered] = await _cost(region, door, entering)
            _add(table, "first bindings", registered, first[registered], wanted="≥ 60")
            _add(table, "repeated sign-ins", registered, await _cost(region, door, entering))
    fewest, most = min(first), max(first)
    if most > fewest:
        table.add(
            f"cost of a first binding, {most:,} ÷ {fewest:,} registered persons",
            f"{first[most].together / first[fewest].together:.2f}",
            wanted="≤ 1.2",
        )


def _add(table: Table, what: str, registered: int, cost: _Cost, *, wanted: str = "") -> None:
    table.add(
        f"{what} per processor second of identity and database, {registered:,} registered persons",
        f"{1000 / cost.together:.0f}",
        wanted=wanted,
        beside=f"identity {cost.identity:.1f} ms, postgres {cost.postgres:.1f} ms each; the signer apart",
    )


class _Door:
    """Identity, as the gateway calls it for browsers at many addresses."""

    def __init__(self, region: Region, to_identity: grpc.aio.Channel) -> None:
        self._region = region
        self._sign_in = sign_in_pb2_grpc.SignInServiceStub(to_identity)
        self._numbers = count()

    async def enter(self, login: str, password: str) -> bool:
        """Sign in through ESIA; false when refused, for some schools do not know a parent's SNILS yet."""
        number = next(self._numbers)
        client = (
            (ADDRESS_KEY, f"10.{number // 250 % 250}.{number % 250}.1"),
            (DEVICE_KEY, "Chrome, Android"),
            (TIME_ZONE_KEY, "Europe/Moscow"),
        )
        wish = sign_in_pb2.StartEsiaSignInRequest(region_code=self._region.place.code)
        started = await self._sign_in.StartEsiaSignIn(wish, timeout=_DEADLINE_S, metadata=client)
        said = await self._at_esia(started.authorization_url, login, password)
        come_back = sign_in_pb2.CompleteEsiaSignInRequest(
            state=said["state"], code=said["code"], browser_key=started.browser_key
        )
        try:
            await self._sign_in.CompleteEsiaSignIn(come_back, timeout=_DEADLINE_S, metadata=client)
        except grpc.aio.AioRpcError as refused:
            if refused.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL}:
                raise
            return False
        return True

    async def _at_esia(self, address: str, login: str, password: str) -> dict[str, str]:
        """What ESIA's redirect brings to the diary."""
        async with Browser(self._region.url, _UpTo(self._region.url)) as browser:
            page = await browser.open(address)
            page = await browser.submit(page, page.form("/login"), login=login, password=password)
            page = await browser.submit(page, page.form("/consent"), decision="provide")
        return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


class _UpTo(httpx2.AsyncBaseTransport):
    """The network without the diary: what would arrive there is answered by an empty page."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._network = httpx2.AsyncHTTPTransport()

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if str(request.url).startswith(self._home):
            return httpx2.Response(httpx2.codes.OK)
        return await self._network.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        await self._network.aclose()


async def _cost(region: Region, door: _Door, people: Sequence[tuple[str, str]]) -> _Cost:
    places = asyncio.Semaphore(AT_ONCE)

    async def enter(login: str, password: str) -> bool:
        async with places:
            return await door.enter(login, password)

    before = _spent(region)
    entered = sum(await asyncio.gather(*(enter(*one) for one in people)))
    after = _spent(region)
    return _Cost(*(1000 * (late - early) / entered for early, late in zip(before, after, strict=True)))


def _spent(region: Region) -> tuple[float, float]:
    """Processor seconds of identity without its signer, and of PostgreSQL with all its processes."""
    return (
        cpu_seconds([region.pid("identity")], with_children=False),
        cpu_seconds([region.pid("postgres")]),
    )


async def _register(region: Region, size: int) -> int:
    """Register persons until there are ``size``; how many there are, for the region has some already."""
    url = region.database_url("identity").replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(url)
    try:
        present = int(await connection.fetchval("SELECT count(*) FROM people"))
        for first in range(present + 1, size + 1, _CHUNK):
            await connection.execute(_REGISTER, first, min(first + _CHUNK - 1, size))
        # Else the database would begin to tidy up while we count what it costs.
        await connection.execute("VACUUM ANALYZE people, accounts, person_roles")
        return max(present, size)
    finally:
        await connection.close()
