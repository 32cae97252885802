"""Password hashes: argon2id, computed beside the event loop."""

from __future__ import annotations

import asyncio
import os
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's password storage cheat sheet: the least memory it admits for one lane and two passes.
_HASHER = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)


def hash_password(password: str) -> str:
    """The PHC string of a password, about 20 ms of one processor; also for whoever loads accounts in bulk."""
    return _HASHER.hash(_normal(password))


class Passwords:
    """Hashes and verifies passwords in threads of its own, one per processor: a hash takes 20 ms, 19 MiB.

    ``async with`` starts and ends the threads.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="argon2")
        # Compared when there is nothing to compare with, so that both cases cost the same (A22).
        self._nobodys = hash_password(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The PHC string of a password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, hash_password, password)

    async def verify(self, password: str, present: str | None) -> bool:
        """Whether the password has this hash; without a hash, False in the same time."""
        matches = await asyncio.get_running_loop().run_in_executor(
            self._threads, _matches, present or self._nobodys, password
        )
        return matches and present is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _matches(present: str, password: str) -> bool:
    try:
        return _HASHER.verify(present, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # NIST SP 800-63B-4, 3.1.1.2: the same characters typed on another keyboard are the same password.
    return unicodedata.normalize("NFKC", password)
