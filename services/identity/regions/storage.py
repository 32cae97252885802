"""The directory of regions: a TOML file that the operator keeps.

::

    [[regions]]
    code = "77"
    title = "Москва"
    esia_enabled = true
    address = "https://diary.example"
    notice = {ru = "12 декабря с 22 до 23 часов дневник не работает.", en = "No diary on 12 December, 22–23."}

``notice`` may be left out. The file is read again when it changes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from services.identity.regions.rules import Directory, Region
from services.identity.telling.rules import LANGUAGES

_LONGEST_NOTICE = 500
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
    return Region(
        str(entry["code"]),
        str(entry["title"]),
        bool(entry["esia_enabled"]),
        str(entry["address"]),
        _notices(entry.get("notice", {})),
    )


def _notices(said: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(said, dict):
        raise ValueError("a notice is texts by language")  # noqa: TRY004 - the file is wrong, not the code
    for language, words in said.items():
        if language not in LANGUAGES or not isinstance(words, str) or len(words) > _LONGEST_NOTICE:
            raise ValueError(f"a notice is in {' or '.join(LANGUAGES)}, {_LONGEST_NOTICE} characters at most")
    return tuple((language, " ".join(words.split())) for language, words in said.items() if words.strip())
