"""Several things at once, failing as one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*things: Coroutine[Any, Any, Any]) -> None:
    """Run ``things`` at once; the first failure cancels the rest and is raised as itself, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for thing in things:
                group.create_task(thing)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures
