"""The whole region for a test run: everything `make up` starts, on ports and in a folder of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support import canary
from tests.support.backbone import folder

if TYPE_CHECKING:
    from deploy.local.region import Region


@asynccontextmanager
async def running_region(*, demo: bool = True, durable: bool = False) -> AsyncIterator[Region]:
    """A region that is gone afterwards, with all it has stored.

    Without ``durable`` it is quicker, and not to be killed: its PostgreSQL answers before a commit is on the
    disk, or has no disk at all.
    """
    from deploy.local.console import Console
    from deploy.local.place import RECORD
    from deploy.local.postgres import SUPERUSER
    from deploy.local.region import region
    from deploy.local.settings import ANY_PORTS, LocalSettings

    async with folder(on_disk=durable) as state:
        wish = LocalSettings(state=state, demo=demo, durable=durable, ports=ANY_PORTS)
        # On standard error, which pytest shows only for what failed.
        async with region(wish, Console(sys.stderr)) as running:
            for invented in state.rglob("*.json"):
                if invented.name in {"demo.json", "people.json"}:
                    canary.plant_people(json.loads(invented.read_text("utf-8")))
            yield running
            for service in RECORD:
                await canary.look_at_database(running.place.postgres.url(service, role=SUPERUSER))
