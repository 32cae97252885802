"""Writes the demo region into the databases of a new region, in seconds.

Structure and history go straight into the tables by COPY. What the services tell each other does not: persons
and relations are published from identity's outbox, schools and classes from the diary's, and travel the way
they always do. Marks of past weeks publish nothing, for nobody is to be told of them today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from deploy.local.demo.build import DEFAULT_SEED, build_world
from deploy.local.demo.diary_rows import diary_rows
from deploy.local.demo.esia_people import write_esia_people
from deploy.local.demo.identity_rows import identity_rows
from deploy.local.demo.rows import Filling, copy
from deploy.local.demo.schools import PLANS
from deploy.local.demo.world import World
from services.identity.keyring import Keyring
from services.kit.ids import new_id
from services.kit.tables import audit

_ACTION: Final = "load_demo_region"
_COPYING: Final = frozenset({"diary", "notifications"})
"""Who keeps a copy of who may see whom."""


async def load(
    urls: Mapping[str, str],
    *,
    snils_keys: Path,
    people: Path,
    seed: int = DEFAULT_SEED,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Fill what is not filled yet, and tell what there is to look at.

    A database that was filled before is left alone, and so is its day: the region that is described is the
    one that the databases hold, also when the last attempt ended half-way on an earlier day.

    Args:
        urls: ``postgresql+asyncpg://…`` of ``identity`` and ``diary``, and ``notifications`` if there is one,
            migrated.
        snils_keys: identity's file of keys.
        people: the ESIA stand-in's file of people, to be written.
        seed: chooses the region.
        now: the moment the region is seen at, aware; its day in the westernmost school is the region's.

    Returns:
        ``seed``, ``today`` (YYYY-MM-DD), ``region`` (its code), ``cast``: role → ``name``, ``login`` at ESIA,
        ``person_id`` (empty for a stranger); ``credentials``: role → ``login``, ``password`` that the school
        issued; ``showcase``: ``day``, ``pupil_id``, ``teacher_id``, ``lesson_id``.
    """
    identity = await _connect(urls["identity"])
    try:
        diary = await _connect(urls["diary"])
        try:
            in_identity, in_diary = await _loaded(identity), await _loaded(diary)
            now = now or datetime.now(UTC)
            world = build_world(*(in_identity or in_diary or (seed, _day_of(now))))
            if in_identity is None:
                await _fill(identity, identity_rows(world, Keyring.read(snils_keys), now), world, now)
            if in_diary is None:
                await _fill(diary, diary_rows(world, now), world, now)
        finally:
            await diary.close()
    finally:
        await identity.close()
    for name in _COPYING & urls.keys():
        await _trust_copy(urls[name], now)
    write_esia_people(world, people)
    return facts_of(world)


def facts_of(world: World) -> dict[str, Any]:
    """What there is to look at, as `load` returns it."""
    roles = {member.person_id: member.role for member in world.featured if member.person_id}
    showcase = world.showcase
    return {
        "seed": world.seed,
        "today": world.today.isoformat(),
        "region": world.region.code,
        "cast": {
            member.role: {
                "name": str(member.name),
                "login": member.esia_login or "",
                "person_id": str(member.person_id or ""),
            }
            for member in world.featured
        },
        "credentials": {
            roles[each.person_id]: {"login": each.login, "password": each.password}
            for each in world.credentials
        },
        "showcase": {
            "day": showcase.day.isoformat(),
            "pupil_id": str(showcase.pupil_id),
            "teacher_id": str(showcase.teacher_id),
            "lesson_id": str(showcase.lesson_id),
        },
    }


def _day_of(now: datetime) -> date:
    """The day in the westernmost zone: in no school is it still to come."""
    return min(now.astimezone(ZoneInfo(plan.zone)).date() for plan in PLANS)


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1))


async def _loaded(connection: asyncpg.Connection) -> tuple[int, date] | None:
    """Seed and day of the region that the database holds; None while it holds none."""
    found = await connection.fetchval("SELECT object_id FROM audit WHERE action = $1", _ACTION)
    if found is None:
        return None
    seed, _, day = found.partition(" ")
    return int(seed), date.fromisoformat(day)


async def _trust_copy(url: str, now: datetime) -> None:
    """Have a copy that is still empty count as complete: nothing has ended of which it could lack the end.

    Else nobody could look at their child before the last of thousands of families is told of.
    """
    connection = await _connect(url)
    try:
        await connection.execute(
            "INSERT INTO copies (stream, complete_as_of) VALUES ('IDENTITY', $1) ON CONFLICT DO NOTHING", now
        )
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, filling: Filling, world: World, now: datetime) -> None:
    """Fill a database, and leave the entry by which `_loaded` knows it, all or nothing."""
    entry = {
        "id": new_id(),
        "at": now,
        "actor": "demo",
        "action": _ACTION,
        "object_kind": "region",
        "object_id": f"{world.seed} {world.today}",
    }
    async with connection.transaction():
        await copy(connection, filling)
        await copy(connection, iter([(audit, [entry])]))
