"""How a school is searched for by its title."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from services.kit.errors import DomainError, StatusCode

MOST_SHOWN: Final = 20
"""Schools in an answer: what a person looks through on a phone before writing more of the title."""
_LONGEST: Final = 100
_MOST_WORDS: Final = 8


class Connection(StrEnum):
    """Whether a school works with the mesh: the diary's word for it (R28)."""

    CONNECTED = "CONNECTED"
    PLANNED = "PLANNED"
    NOT_CONNECTED = "NOT_CONNECTED"
    LEFT = "LEFT"


class UnknownSchool(DomainError):
    """The diary has told of no such school."""

    status = StatusCode.NOT_FOUND
    reason = "UNKNOWN_SCHOOL"
    title = "There is no such school"


def words_of(title: str) -> tuple[str, ...]:
    """The words by which a title is searched, folded: "Гимназия № 4 «Берёзки»" has "березки" in it."""
    folded = title[:_LONGEST].lower().replace("ё", "е")
    return tuple(dict.fromkeys(folded.split()))[:_MOST_WORDS]
