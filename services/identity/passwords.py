"""Password hashes: argon2id, computed beside the event loop."""

from __future__ import annotations

import asyncio
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class HashCost:
    """What a hash costs: the parameters of argon2id (RFC 9106).

    The defaults are the least that OWASP's password storage cheat sheet admits; a region may raise them.
    """

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1

    def __str__(self) -> str:
        return f"argon2id, {self.memory_kib / 1024:g} MiB, t={self.passes}, p={self.lanes}"


LEAST_COST: Final = HashCost()


def cost_of(present: str) -> HashCost | None:
    """What a hash cost; None when it is none of ours."""
    try:
        known = extract_parameters(present)
    except InvalidHashError:
        return None
    return HashCost(known.memory_cost, known.time_cost, known.parallelism)


class Hasher:
    """Hashes at one cost; knows hashes of every cost."""

    def __init__(self, cost: HashCost = LEAST_COST) -> None:
        self.cost = cost
        self._argon2 = PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=32,
            salt_len=16,
            type=Type.ID,
        )

    def hash(self, password: str) -> str:
        """The PHC string of a password, some 20 ms of one processor."""
        return self._argon2.hash(_normal(password))

    def matches(self, present: str, password: str) -> bool:
        """Whether the password has this hash."""
        try:
            return self._argon2.verify(present, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, present: str) -> bool:
        """Whether a hash was computed at another cost than a new one would be."""
        try:
            return self._argon2.check_needs_rehash(present)
        except InvalidHashError:
            return False


def hash_password(password: str) -> str:
    """The PHC string of a password at the least cost, for whoever loads accounts in bulk."""
    return _LEAST.hash(password)


class Passwords:
    """Hashes and verifies passwords in threads of its own, as many as processors.

    A hash takes 20 ms and 19 MiB, and lets other threads run meanwhile. ``async with`` starts and ends them.
    """

    def __init__(self, cost: HashCost = LEAST_COST) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="argon2")
        self._hasher = Hasher(cost)
        # Of each cost that was met a hash of nobody's password, compared where there is none to compare with
        # (A22). While a region moves to another cost some accounts still have hashes of the former one: each
        # verification then compares one of either, so neither the time tells which a login has, nor whether
        # it is anybody's. The first hash of a cost that a process meets is told apart once; to look for all
        # costs beforehand would be a scan of every account at each start.
        self._nobodys = {cost: _of_nobody(self._hasher)}

    async def verify(self, password: str, present: str | None) -> bool:
        """Whether the password has this hash; without a hash, False in the same time."""
        cost = cost_of(present) if present else None
        if cost is not None and cost not in self._nobodys:
            self._nobodys[cost] = await self.aside(_of_nobody, Hasher(cost))
        return await self.aside(self._compare, password, present, cost)

    def _compare(self, password: str, present: str | None, cost: HashCost | None) -> bool:
        """Compare one hash of every cost, in the same order whoever asks; whether ``present`` matches."""
        matched = False
        for each, nobodys in list(self._nobodys.items()):
            theirs = present if each == cost else None
            matched |= self._hasher.matches(theirs or nobodys, password) and theirs is not None
        return matched

    async def hash(self, password: str) -> str:
        """The PHC string of a password."""
        return await self.aside(self._hasher.hash, password)

    def is_outdated(self, present: str) -> bool:
        """Whether a hash was computed at another cost than new ones are; the next sign-in renews it."""
        return self._hasher.is_outdated(present)

    async def aside(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """What ``work`` gives, computed in the same threads: for what else takes milliseconds here."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **kwargs))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


_LEAST = Hasher()


def _of_nobody(hasher: Hasher) -> str:
    return hasher.hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    # NIST SP 800-63B-4, 3.1.1.2: the same characters typed on another keyboard are the same password.
    return unicodedata.normalize("NFKC", password)
