"""What each service holds in memory while nobody asks anything."""

from __future__ import annotations

from deploy.local.region import Region
from tests.bench.machine import resident_mib
from tests.bench.table import Table

SERVICES = ("identity", "diary", "notifications", "gateway")


async def measure(region: Region, table: Table) -> None:
    """The resident set of each service's process."""
    for name in SERVICES:
        resident = f"{resident_mib(region.pid(name)):.0f} MiB"
        table.add(f"idle memory of {name}", resident, wanted="≤ 120 MiB")
