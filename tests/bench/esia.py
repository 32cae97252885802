"""ESIA: tokens believed and requests signed per second by kind, and a sign-in's time split by step."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

from deploy.local.esia.keys import Kind
from deploy.local.region import Region
from services.identity.esia.certificates import TrustedCertificates
from services.identity.esia.gost.process import GostProcess
from services.identity.esia.signers import signer_of
from services.identity.esia.tokens import TokenVerifier
from tests.bench.machine import cpu_seconds
from tests.bench.table import Table
from tests.support.esia import MOTHER, Bench, bench

SIGN_INS = 50
SECONDS = 2.0
_REQUEST = b"DIARY77openid fullname birthdate snils" * 6  # as long as the string of a token request


async def measure(_: Region, table: Table) -> None:
    """On a stand-in of its own, in this process: the region is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        await _measure_pair(Path(folder) / "gost", "GOST", "RS256", table)
        await _measure_pair(Path(folder) / "rsa", "RSA", "GOST", table)


async def _measure_pair(folder: Path, kind: Kind, algorithm: str, table: Table) -> None:
    async with bench(folder, kind=kind, token_algorithm=algorithm) as esia, GostProcess() as gost:
        tokens = await esia.esia.exchange(await esia.code(MOTHER))
        trusted = TrustedCertificates(esia.settings.trusted_certificates)
        verifier = TokenVerifier(esia.settings, trusted, gost)
        await _often(
            f"ESIA tokens believed per second, {algorithm}",
            lambda: verifier.access(tokens.access.text),
            gost,
            table,
        )
        for name in ("gost", "openssl") if kind == "GOST" else ("rsa",):
            signer = await signer_of(esia.settings.model_copy(update={"signer": name}), gost)
            await _often(
                f"ESIA requests signed per second, {name}", partial(signer.sign, _REQUEST), gost, table
            )
        if kind == "GOST":
            await _steps(esia, table)


async def _often(what: str, once: Callable[[], Awaitable[object]], gost: GostProcess, table: Table) -> None:
    """How often ``once`` ends in a second, four at a time as a service would ask, and what each costs."""
    await once()
    counted, spent, until = 0, _spent(gost), time.perf_counter() + SECONDS

    async def again() -> None:
        nonlocal counted
        while time.perf_counter() < until:
            await once()
            counted += 1

    await asyncio.gather(*[again() for _ in range(4)])
    cost = 1000 * (_spent(gost) - spent) / counted
    table.add(what, f"{counted / SECONDS:.0f}", beside=f"{cost:.2f} ms of processor time each")


def _spent(gost: GostProcess) -> float:
    """Processor seconds of this process, its ended children and the GOST process."""
    ours = os.times()
    own = ours.user + ours.system + ours.children_user + ours.children_system
    return own + (cpu_seconds([gost.pid]) if gost.pid else 0.0)


async def _steps(esia: Bench, table: Table) -> None:
    spent: dict[str, list[float]] = {"address": [], "browser": [], "exchange": [], "person": []}
    for _ in range(SIGN_INS):
        state = uuid4()
        marks = [time.perf_counter()]
        address = await esia.esia.authorization_url(state)
        marks.append(time.perf_counter())
        async with esia.browser() as browser:
            answer = await browser.sign_in(address, MOTHER)
        marks.append(time.perf_counter())
        tokens = await esia.esia.exchange(esia.esia.code_of(answer, state=state))
        marks.append(time.perf_counter())
        await esia.esia.person(tokens)
        marks.append(time.perf_counter())
        for name, since, until in zip(spent, marks, marks[1:], strict=False):
            spent[name].append(1000 * (until - since))
    medians = {name: statistics.median(times) for name, times in spent.items()}
    table.add(
        "ESIA sign-in, client and stand-in in one process, p50",
        f"{sum(medians.values()):.0f} ms",
        beside=", ".join(f"{name} {median:.1f} ms" for name, median in medians.items()),
    )
