"""What people write in their own words, as it is kept."""

from __future__ import annotations


def one_line(text: str, *, most: int) -> str:
    """``text`` on one line without control characters, cut after ``most`` characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:most]
