"""What each service holds in memory while nobody asks anything."""

from __future__ import annotations

from importlib.util import find_spec

from deploy.local.region import Region
from tests.bench.machine import resident_mib
from tests.bench.table import Table

SERVICES = ("identity", "diary", "notifications", "gateway")


async def measure(region: Region, table: Table) -> None:
    """The resident set of each service's process."""
    # structlog loads rich when it is there; who only runs a region has no tools that bring it.
    beside = "4 to 5 MiB of it are rich, a developers' tool" if find_spec("rich") else ""
    for name in SERVICES:
        resident = f"{resident_mib(region.pid(name)):.0f} MiB"
        table.add(f"idle memory of {name}", resident, wanted="≤ 120 MiB", beside=beside)
