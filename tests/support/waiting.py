"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_EVERY_S = 0.01


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float = 20) -> None:
    """Return as soon as ``condition`` holds. Raises `AssertionError` when it does not ``within`` seconds."""
    try:
        async with asyncio.timeout(within):
            while not await condition():
                await asyncio.sleep(_EVERY_S)
    except TimeoutError:
        name = getattr(condition, "__name__", "the condition")
        raise AssertionError(f"{name} did not come true within {within} s") from None
