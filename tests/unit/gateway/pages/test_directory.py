"""The regions are asked for once a moment, and again when the moment is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from school.identity.v1.regions_pb2 import ListRegionsRequest, ListRegionsResponse, Region
from services.gateway.calls import Services
from services.gateway.pages.doors import directory
from services.gateway.pages.doors.directory import RegionDirectory


class _Regions:
    """Identity's directory, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def ListRegions(self, _: ListRegionsRequest) -> ListRegionsResponse:
        """One region, titled by how often this was asked."""
        self.asked += 1
        return ListRegionsResponse(regions=[Region(code="77", title=str(self.asked))])


def _directory(regions: _Regions) -> RegionDirectory:
    return RegionDirectory(cast("Services", SimpleNamespace(identity=SimpleNamespace(regions=regions))))


async def test_many_who_come_within_a_moment_cost_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "_GOOD_FOR_S", 3600.0)
    regions = _Regions()
    known = _directory(regions)
    assert [(await known.regions())[0].title for _ in range(5)] == ["1"] * 5


async def test_what_is_older_than_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "_GOOD_FOR_S", 0.0)
    regions = _Regions()
    known = _directory(regions)
    assert [(await known.regions())[0].title for _ in range(2)] == ["1", "2"]
