"""Which of our languages somebody reads: of pages, and of what is sent to them for what they ask."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("ru", "en")
"""In the order of preference when a browser has none."""
LANGUAGE_COOKIE: Final = "mesh-language"
"""The one that somebody has switched to."""


def chosen_language(remembered: str | None, accept_language: str | None) -> str:
    """The language for a person: the one they switched to, else the one their browser prefers.

    ``accept_language`` is the header of RFC 9110, section 12.5.4; what cannot be read in it is passed over.
    """
    if remembered in LANGUAGES:
        return remembered
    best, best_quality = LANGUAGES[0], 0.0
    for wish in (accept_language or "")[:200].split(","):
        tag, _, parameter = wish.partition(";")
        language = tag.strip().lower().split("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
