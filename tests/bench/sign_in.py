"""Signing in through ESIA with a first binding: the whole browser's way, per second and per processor second.

The stand-in for ESIA and the signer are not what is measured; what they cost is counted apart and shown.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping

from deploy.local.browser import Browser
from deploy.local.region import Region
from deploy.local.surroundings import esia_folder
from tests.bench.machine import cpu_seconds
from tests.bench.table import Table

SIGN_INS = 200
WARM = 60
AT_ONCE = 8
SERVICES = ("gateway", "identity", "diary", "notifications", "nats")


async def measure(region: Region, table: Table) -> None:
    """Let people enter who never did, and count what that cost each process."""
    logins = adults_at_esia(region)[: SIGN_INS + WARM]
    # Not counted: caches and pools fill, and each of the database's connections learns its statements.
    await _enter_all(region, logins[SIGN_INS:])
    before, began = _spent(region), time.perf_counter()
    bound = await _enter_all(region, logins[:SIGN_INS])
    seconds, after = time.perf_counter() - began, _spent(region)
    each = {name: (after[name] - before[name]) / bound * 1000 for name in after}
    ours = sum(each[name] for name in (*SERVICES, "postgres"))
    table.add(
        "first bindings through ESIA per processor second of services and database",
        f"{1000 / ours:.0f}",
        wanted="≥ 30",
        beside=", ".join(f"{name} {each[name]:.1f} ms" for name in (*SERVICES, "postgres")),
    )
    table.add(
        "the same per second, everything on this machine",
        f"{bound / seconds:.1f}",
        beside=f"{bound} bound of {SIGN_INS} who tried, {AT_ONCE} at once; counted apart, each costs "
        f"the signer {each['signer']:.0f} ms, the ESIA stand-in {each['esia']:.0f} ms",
    )


def adults_at_esia(region: Region) -> list[tuple[str, str]]:
    """Logins and passwords at ESIA of confirmed adults with SNILS, none of the cast."""
    people = json.loads((esia_folder(region.state) / "people.json").read_text())["people"]
    return [
        (str(person["login"]), str(person["password"]))
        for person in people
        if person.get("snils") and person.get("level") == "confirmed" and not person.get("featured")
    ]


def _spent(region: Region) -> Mapping[str, float]:
    """Processor seconds by process so far; the signer is identity's child."""
    spent = {name: cpu_seconds([region.pid(name)], with_children=False) for name in SERVICES}
    spent["postgres"] = cpu_seconds([region.pid("postgres")])
    spent["signer"] = cpu_seconds([region.pid("identity")]) - spent["identity"]
    spent["esia"] = cpu_seconds([region.pid("esia")])
    return spent


async def _enter_all(region: Region, logins: list[tuple[str, str]]) -> int:
    """Let them enter, some at once; how many were bound."""
    places = asyncio.Semaphore(AT_ONCE)

    async def enter(login: str, password: str) -> bool:
        async with places:
            return await _enter(region, login, password)

    return sum(await asyncio.gather(*(enter(*login) for login in logins)))


async def _enter(region: Region, login: str, password: str) -> bool:
    """From the page of doors to the one that says who is bound; whether it was that one.

    Some schools do not know the SNILS of a parent yet: such a parent is refused, as it should be.
    """
    async with Browser(region.url) as browser:
        page = await browser.open(f"/sign-in?region={region.place.code}")
        page = await browser.submit(page, page.form("/sign-in/esia"))
        page = await browser.submit(page, page.form("/login"), login=login, password=password)
        page = await browser.submit(page, page.form("/consent"), decision="provide")
        return page.where.endswith("/welcome")
