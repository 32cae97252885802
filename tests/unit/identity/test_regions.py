"""The directory of regions, and the doors it opens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.identity.regions.keeper import DirectoryKeeper
from services.identity.regions.rules import EsiaClosed, RegionElsewhere, UnknownRegion
from services.identity.regions.storage import read_directory
from tests.support.waiting import eventually

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


def test_a_region_may_say_something_at_its_doors(tmp_path: Path) -> None:
    """R52: announced maintenance."""
    notice = 'notice = {ru = " Ночью  перерыв. ", en = "A break at night."}'
    here = read_directory(written(tmp_path, DIRECTORY + notice), here="29").here

    assert here.notices == (("ru", "Ночью перерыв."), ("en", "A break at night."))


@pytest.mark.parametrize(
    "notice",
    ['notice = "a text"', 'notice = {de = "Pause"}', "notice = {ru = 1}", f'notice = {{ru = "{"ы" * 501}"}}'],
)
def test_a_notice_that_cannot_be_shown_stops_the_start(tmp_path: Path, notice: str) -> None:
    with pytest.raises(ValueError, match="notice"):
        read_directory(written(tmp_path, DIRECTORY + notice), here="29")


async def test_a_changed_file_counts_without_a_restart_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    """R3: the operator opens the door; then makes a mistake."""
    file = written(tmp_path, DIRECTORY)
    directory = read_directory(file, here="29")
    async with DirectoryKeeper(directory, file, every=0.01):
        file.write_text(DIRECTORY.replace("esia_enabled = false", "esia_enabled = true"), "utf-8")

        async def it_is_open() -> bool:
            return directory.here.esia_enabled

        await eventually(it_is_open)
        assert directory.require_esia_door("29").address == "https://29.example"
        file.write_text("[[regions]]", "utf-8")
        await asyncio.sleep(0.1)
        assert directory.here.esia_enabled
