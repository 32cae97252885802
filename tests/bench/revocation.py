"""How long a right that was taken away can still be used: relations and sessions, through the public door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

import asyncpg
import httpx2

from deploy.local.region import Region
from school.access.v1.policy_pb2 import Role
from tests.bench.load import percentiles_ms
from tests.bench.table import Table
from tests.support.people import People

RELATIONS = 60
SESSIONS = 30
# What is not refused by then is counted as never refused.
PATIENCE_S = 30.0
_WANTED = "≤ 5 s"


@dataclass(frozen=True, slots=True)
class Kin:
    """A relation, and the registrar of the school that registered it."""

    relation_id: UUID
    school_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    registrar_id: UUID


async def measure(region: Region, table: Table) -> None:
    """End rights one by one; time each from the answer of the ending to the first refusal."""
    people = People(region)
    async with httpx2.AsyncClient(base_url=region.url, timeout=30, trust_env=False) as http:
        relations = [await _relation(http, people, kin) for kin in await _kin(region)]
        _add(table, "relation ended → the guardian is refused the diary", relations)
        sessions = [await _session(http, region) for _ in range(SESSIONS)]
        _add(table, "session ended → its access token is refused", sessions)


async def _relation(http: httpx2.AsyncClient, people: People, kin: Kin) -> float:
    guardian = _bearer(people.token(kin.guardian_id, Role.ROLE_GUARDIAN))
    week = f"/v1/pupils/{kin.pupil_id}/week"
    (await http.get(week, headers=guardian)).raise_for_status()
    ended = await http.post(
        f"/v1/schools/{kin.school_id}/relations/{kin.relation_id}:end",
        headers=_bearer(people.token(kin.registrar_id, Role.ROLE_REGISTRAR)),
        json={"reason": "bench"},
    )
    ended.raise_for_status()
    return await _until_refused(lambda: http.get(week, headers=guardian), HTTPStatus.FORBIDDEN)


async def _session(http: httpx2.AsyncClient, region: Region) -> float:
    assert region.demo is not None
    [known, *_] = region.demo.facts["credentials"].values()
    entered = await http.post(
        "/v1/sign-in/password", json={"login": known["login"], "password": known["password"]}
    )
    entered.raise_for_status()
    bearer = _bearer(entered.json()["signed_in"]["session"]["access_token"])
    # Asked of the diary, which learns of ended sessions by an event, as the gateway does.
    asked = "/v1/me/pupils"
    (await http.get(asked, headers=bearer)).raise_for_status()
    (await http.post("/v1/sessions:end", headers=bearer, json={})).raise_for_status()
    return await _until_refused(lambda: http.get(asked, headers=bearer), HTTPStatus.UNAUTHORIZED)


async def _until_refused(ask: Callable[[], Awaitable[httpx2.Response]], refusal: HTTPStatus) -> float:
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < PATIENCE_S:
        if (await ask()).status_code == refusal:
            return passed
        await asyncio.sleep(0.002)
    return PATIENCE_S


async def _kin(region: Region) -> list[Kin]:
    connection = await asyncpg.connect(region.database_url("identity").replace("+asyncpg", "", 1))
    try:
        rows: list[Any] = await connection.fetch(
            """
            SELECT DISTINCT ON (r.id) r.id, r.school_id, r.guardian_id, r.pupil_id, staff.person_id
            FROM relations r
            JOIN person_roles staff ON staff.school_id = r.school_id AND staff.role = 'REGISTRAR'
            WHERE r.ended_at IS NULL AND (r.valid_until IS NULL OR r.valid_until > current_date + 1)
              AND staff.person_id NOT IN (r.guardian_id, r.pupil_id)
            ORDER BY r.id LIMIT $1
            """,
            RELATIONS,
        )
    finally:
        await connection.close()
    return [Kin(*row) for row in rows]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _add(table: Table, what: str, delays: list[float]) -> None:
    p50, p99 = percentiles_ms(delays)
    never = sum(delay >= PATIENCE_S for delay in delays)
    table.add(f"{what}, p50", f"{p50:.0f} ms", wanted=_WANTED)
    table.add(
        f"{what}, p99", f"{p99:.0f} ms", wanted=_WANTED, beside=f"{len(delays)} ended, {never} never refused"
    )
