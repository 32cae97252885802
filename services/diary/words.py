"""Words that people write into the diary: how long they may be, and what never belongs to them."""

from __future__ import annotations

import unicodedata

from services.kit.errors import DomainError, StatusCode

# A line break and a tabulator are typed on purpose; other control characters come from pasting, and
# PostgreSQL refuses NUL in a text.
_KEPT_CONTROLS = "\n\t"


class TextTooLong(DomainError):
    """The text has more characters than its field holds; the metadata names field and limit."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "TEXT_TOO_LONG"
    title = "The text is too long"


class EmptyText(DomainError):
    """There is nothing in the text but white space; the metadata names the field."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "EMPTY_TEXT"
    title = "The text is empty"


def words(text: str, *, field: str, most: int) -> str:
    """``text`` without surrounding white space and without control characters.

    Raises:
        TextTooLong: more than ``most`` characters are left.
    """
    kept = "".join(
        character
        for character in text
        if character in _KEPT_CONTROLS or unicodedata.category(character) != "Cc"
    ).strip()
    if len(kept) > most:
        raise TextTooLong(field=field, limit=str(most))
    return kept


def words_needed(text: str, *, field: str, most: int) -> str:
    """`words`, and at least one. Raises `TextTooLong`, `EmptyText`."""
    kept = words(text, field=field, most=most)
    if not kept:
        raise EmptyText(field=field)
    return kept
