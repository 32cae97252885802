"""The directory of regions: a TOML file that the operator keeps.

::

    [[regions]]
    code = "77"
    title = "Москва"
    esia_enabled = true
    address = "https://diary.example"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from services.identity.regions.rules import Directory, Region

_FIELDS = {"code": str, "title": str, "esia_enabled": bool, "address": str}


def read_directory(file: Path, *, here: str) -> Directory:
    """Read the directory. Raises `ValueError` that says what is wrong with the file."""
    try:
        entries = tomllib.loads(file.read_text("utf-8"))["regions"]
        regions = [_region(entry) for entry in entries]
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise ValueError(f"{file} is not a directory of regions: {wrong}") from wrong
    codes = [region.code for region in regions]
    if len(codes) != len(set(codes)):
        raise ValueError(f"{file} names a region twice")
    return Directory(regions, here=here)


def _region(entry: dict[str, object]) -> Region:
    for name, kind in _FIELDS.items():
        if not isinstance(entry.get(name), kind):
            raise ValueError(f"each region needs {name}")  # noqa: TRY004 - the file is wrong, not the code
    return Region(str(entry["code"]), str(entry["title"]), bool(entry["esia_enabled"]), str(entry["address"]))
