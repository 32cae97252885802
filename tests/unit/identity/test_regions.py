"""The directory of regions, and the doors it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.identity.regions.rules import EsiaClosed, RegionElsewhere, UnknownRegion
from services.identity.regions.storage import read_directory

DIRECTORY = """
[[regions]]
code = "77"
title = "Москва"
esia_enabled = true
address = "https://77.example"

[[regions]]
code = "29"
title = "Архангельская область"
esia_enabled = false
address = "https://29.example"
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "regions.toml"
    file.write_text(text, "utf-8")
    return file


def test_regions_come_in_the_order_of_their_titles(tmp_path: Path) -> None:
    directory = read_directory(written(tmp_path, DIRECTORY), here="77")

    assert [region.code for region in directory] == ["29", "77"]
    assert directory.here.title == "Москва"


def test_a_region_of_another_mesh_is_told_with_its_address(tmp_path: Path) -> None:
    directory = read_directory(written(tmp_path, DIRECTORY), here="77")

    with pytest.raises(RegionElsewhere) as refused:
        directory.require_esia_door("29")
    assert refused.value.metadata == {"address": "https://29.example"}


def test_a_region_that_has_not_opened_esia_keeps_that_door_shut(tmp_path: Path) -> None:
    """R3."""
    directory = read_directory(written(tmp_path, DIRECTORY), here="29")

    with pytest.raises(EsiaClosed):
        directory.require_esia_door("29")


def test_a_region_that_is_not_in_the_directory_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownRegion):
        read_directory(written(tmp_path, DIRECTORY), here="77").require_esia_door("7")


@pytest.mark.parametrize(
    "text",
    ["", "regions = 1", '[[regions]]\ncode = "77"', DIRECTORY + DIRECTORY, 'regions = ["77"]', "{"],
)
def test_a_wrong_directory_is_refused_at_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="region"):
        read_directory(written(tmp_path, text), here="77")


def test_the_region_here_must_be_in_the_directory(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'50'"):
        read_directory(written(tmp_path, DIRECTORY), here="50")
