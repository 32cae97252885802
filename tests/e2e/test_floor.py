"""The floor that `make bench` measures the week against."""

from __future__ import annotations

from datetime import date

from deploy.local.region import Region
from tests.bench.week import compare
from tests.e2e.window import showcase


async def test_the_floor_answers_as_the_mesh_does(region: Region) -> None:
    """Else the ratio compares nothing, and the bench stops."""
    await compare(region, date.fromisoformat(showcase(region)["day"]))
