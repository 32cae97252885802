"""When two spellings of a full name are the same name (A13).

Folded for comparison only, never for storage: Unicode composition, case, ё and е, hyphens, spaces,
apostrophes. Everything else counts. A name with letters of two alphabets is compared with nothing: a
Latin "a" inside a Russian name is a mistake or a trick, and both belong before a human being.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from services.identity.people.rules import JOINTS, FullName, MixedAlphabets, alphabet_of

# "son of" and "daughter of" in the spellings of documents: Azerbaijani, Uzbek, Kazakh and Kyrgyz, each as it
# is written in Russian, in its own Cyrillic and in Latin. They are part of the patronymic.
_SON = (
    *("оглы", "оглу", "огли", "углы", "углу", "угли", "ўғли", "уулу", "улы", "ұлы"),
    *("ogly", "oglu", "ogli", "uulu", "uly"),
)
_DAUGHTER = (
    *("кызы", "кызи", "кизы", "кизи", "гызы", "гызи", "гизы", "гизи", "қызы", "қизи"),
    *("kyzy", "kizi", "gyzy", "gizi", "qyzy", "qizi"),
)


class NamePart(StrEnum):
    """Where two names differ."""

    SURNAME = "surname"
    GIVEN_NAME = "given_name"
    PATRONYMIC = "patronymic"
    ALPHABET = "alphabet"  # one of the two mixes alphabets or holds what is no letter


class Likeness(StrEnum):
    """How far two names agree that do not differ."""

    SAME = "same"
    SILENT_ON_PATRONYMIC = "silent_on_patronymic"
    """One side has no patronymic, or leaves out its оглы or кызы. Another witness must agree."""


def compare(one: FullName, other: FullName) -> Likeness | NamePart:
    """How far two full names agree, or the first part in which they differ; symmetric."""
    try:
        ours, theirs = _folded(one), _folded(other)
    except MixedAlphabets:
        return NamePart.ALPHABET
    # An empty surname or given name is a hole in somebody's data, not something to agree on.
    if ours[0] != theirs[0] or not ours[0]:
        return NamePart.SURNAME
    if ours[1] != theirs[1] or not ours[1]:
        return NamePart.GIVEN_NAME
    return _patronymics(ours[2], theirs[2])


def is_same(one: FullName, other: FullName) -> bool:
    """Whether two full names agree in every part."""
    return compare(one, other) is Likeness.SAME


def _patronymics(ours: str, theirs: str) -> Likeness | NamePart:
    if ours == theirs:
        return Likeness.SAME
    if not ours or not theirs:
        return Likeness.SILENT_ON_PATRONYMIC
    (our_father, our_particle), (their_father, their_particle) = _taken_apart(ours), _taken_apart(theirs)
    if our_father != their_father:
        return NamePart.PATRONYMIC
    if our_particle == their_particle:
        return Likeness.SAME
    return NamePart.PATRONYMIC if our_particle and their_particle else Likeness.SILENT_ON_PATRONYMIC


def _taken_apart(patronymic: str) -> tuple[str, str]:
    """The father's name, and "son", "daughter" or nothing."""
    for meaning, spellings in (("son", _SON), ("daughter", _DAUGHTER)):
        for spelling in spellings:
            if patronymic.endswith(spelling) and patronymic != spelling:
                return patronymic.removesuffix(spelling), meaning
    return patronymic, ""


def _folded(name: FullName) -> tuple[str, str, str]:
    surname, given_name, patronymic = (
        _fold(part) for part in (name.surname, name.given_name, name.patronymic)
    )
    alphabet_of(surname + given_name + patronymic)
    return surname, given_name, patronymic


def _fold(part: str) -> str:
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
    # Small letters of the Turkish İ are an i and a dot above it; to itself and to i it is the same letter.
    plain = composed.replace("ё", "е").replace("i\u0307", "i")
    letters = "".join(letter for letter in plain if letter not in JOINTS and not letter.isspace())
    if not all(letter.isalpha() for letter in letters):
        raise MixedAlphabets
    return letters
