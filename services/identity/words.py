"""What people write in their own words, as it is kept."""

from __future__ import annotations

from typing import Final

from services.kit.errors import DomainError, StatusCode

LONGEST_REASON: Final = 500
"""Characters of a reason that are kept."""


class ReasonNeeded(DomainError):
    """Whoever refuses, ends or takes something says why: the person whom it concerns will read it."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "REASON_NEEDED"
    title = "Say why"


def one_line(text: str, *, most: int) -> str:
    """``text`` on one line without control characters, cut after ``most`` characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:most]


def reason_given(text: str) -> str:
    """A reason on one line, empty when there is none."""
    return one_line(text, most=LONGEST_REASON)


def reason_needed(text: str) -> str:
    """The same. Raises `ReasonNeeded` when there is none."""
    reason = reason_given(text)
    if not reason:
        raise ReasonNeeded
    return reason
