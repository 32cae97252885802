"""One's own data as a page to be read: words instead of columns, dates instead of instants; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

# What the file says about itself, and about being whole.
_ABOUT_THE_FILE: Final = frozenset({"format", "exported_at"})
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is kept; exactly one of the last three says what."""

    key: str
    """What it is, as a key."""
    text: str = ""
    words: tuple[str, ...] = ()
    """As keys."""
    at: date | None = None
    """A date, or an instant in the reader's zone."""

    @property
    def is_instant(self) -> bool:
        """Whether the time of the day belongs to it."""
        return isinstance(self.at, datetime)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the export: records, each a list of lines."""

    key: str
    records: tuple[tuple[Line, ...], ...]


def readable(document: Mapping[str, Any], known: frozenset[str], zone: ZoneInfo) -> tuple[Part, ...]:
    """An export as somebody reads it: every field for which there is a word, unless it is empty.

    What has none is of use to programs alone (ids, versions), and in the file.

    Args:
        document: the file.
        known: the keys of the catalogue.
        zone: the reader's.
    """
    return tuple(
        Part(
            f"erasure.data.{name}" if f"erasure.data.{name}" in known else "erasure.data.other",
            tuple(lines for record in _records(tables) if (lines := tuple(_lines(record, known, zone)))),
        )
        for name, tables in document.items()
        if name not in _ABOUT_THE_FILE
    )


def _records(tables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for table in tables.values():
        if isinstance(table, list):
            yield from table


def _lines(record: Mapping[str, Any], known: frozenset[str], zone: ZoneInfo) -> Iterator[Line]:
    for name, value in record.items():
        if isinstance(value, Mapping):  # what was sealed as a whole
            yield from _lines(value, known, zone)
        elif f"export.{name}" in known and value not in (None, "", False, []):
            yield _line(f"export.{name}", value, known, zone)


def _line(key: str, value: Any, known: frozenset[str], zone: ZoneInfo) -> Line:
    codes = value if isinstance(value, list) else [value]
    words = tuple(word for code in codes if (word := _word(key, code, known)))
    if len(words) == len(codes):
        return Line(key, words=words)
    text = ", ".join(map(str, codes))
    if _DATE.fullmatch(text):
        return Line(key, at=date.fromisoformat(text))
    if _INSTANT.fullmatch(text):
        return Line(key, at=datetime.fromisoformat(text).astimezone(zone))
    return Line(key, text=text)


def _word(key: str, code: Any, known: frozenset[str]) -> str:
    """The word for a code, by its field first: an erased account and an erased session are no one thing."""
    if key == "export.action":
        return f"deed.{code}" if f"deed.{code}" in known else "deed.other"
    wanted = (f"{key}.{code}", f"export.code.{code}")
    return next((word for word in wanted if word in known), "")
