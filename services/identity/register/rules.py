"""What is searched for in the register, and on which days."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from services.identity.people.rules import JOINTS
from services.kit.errors import DomainError, StatusCode

LEAST_AT_SCHOOL: Final = 2
LEAST_IN_REGION: Final = 3
"""Letters that one of the words has at least: fewer would be every tenth person of a region."""
MOST_REFUSALS: Final = 200
_MOST_WORDS: Final = 6
_LONGEST_WORD: Final = 50
_LAST_DAYS: Final = 30
_COUNTED_DAYS: Final = 7


class WordsNeeded(DomainError):
    """No word is long enough to be looked for."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "WORDS_NEEDED"
    title = "Write more letters of the name"


@dataclass(frozen=True, slots=True)
class Words:
    """Beginnings of words of a name, folded as the register's index folds them; printed, it shows nothing."""

    beginnings: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, text: str, *, least: int) -> Self:
        """The words of a search. Raises `WordsNeeded` unless one of them has ``least`` letters."""
        composed = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
        spaced = "".join(" " if letter in JOINTS else letter for letter in composed)
        # Only letters: nothing of a search can be read as a part of a query.
        words = ("".join(letter for letter in word if letter.isalpha()) for word in spaced.split())
        found = tuple(word[:_LONGEST_WORD] for word in words if word)[:_MOST_WORDS]
        if not any(len(word) >= least for word in found):
            raise WordsNeeded
        return cls(found)


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to another, which does not belong to it."""

    begin: datetime
    end: datetime

    @classmethod
    def of_day(cls, day: date, zone: ZoneInfo) -> Self:
        """A day, in a zone."""
        return cls(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))

    @classmethod
    def of_last_days(cls, today: date, zone: ZoneInfo) -> Self:
        """The last thirty days, today among them."""
        return cls(
            _midnight(today - timedelta(days=_LAST_DAYS - 1), zone),
            _midnight(today + timedelta(days=1), zone),
        )

    @classmethod
    def of_week_until(cls, last: date, zone: ZoneInfo) -> Self:
        """A day and the six before it."""
        return cls(
            _midnight(last - timedelta(days=_COUNTED_DAYS - 1), zone),
            _midnight(last + timedelta(days=1), zone),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal at the door."""

    at: datetime
    reason: str
    details: tuple[str, ...]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
