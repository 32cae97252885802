"""The same time for every outcome, where time would tell one from the other (A22)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta


@asynccontextmanager
async def taking_at_least(time: timedelta) -> AsyncIterator[None]:
    """Make what is inside take ``time``, whatever it comes to."""
    ends = asyncio.get_running_loop().time() + time.total_seconds()
    try:
        yield
    finally:
        await asyncio.sleep(max(ends - asyncio.get_running_loop().time(), 0))
