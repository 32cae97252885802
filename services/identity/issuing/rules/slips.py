"""What stands on a slip: a login that cannot be misread, a password that nobody chose.

Both are typed from paper, often on a phone, by people who do it once in their lives.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.identity.people.rules import FullName

PASSWORD_LENGTH: Final = 12
PASSWORD_ALPHABET: Final = "cdfhjkmnptwxy23456789"  # noqa: S105 - an alphabet
"""No pair that looks alike, alone or joined (l 1 i, o 0, b 6 8, g q 9, s 5, z 2, rn m, vv w), and no vowel:
no word that a parent would be ashamed of. 52 bits in twelve characters, for thirty days, behind the count of
guesses."""
SLIPS_WAIT: Final = timedelta(days=1)
"""So long the slips of a class wait to be taken."""

_DIGITS: Final = "23456789"  # 0 and 1 look like letters
_SHORTEST_STEM, _LONGEST_STEM = 3, 24
_LENGTHS: Final = (4, 4, 4, 4, 6, 6, 6, 8, 8, 8)
"""Digits behind the name, attempt by attempt: 4 096 of each name are short ones."""

# As in passports (ICAO 9303), but y for the vowels that people write so in their addresses.
_LATIN: Final[Mapping[str, str]] = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y",
    "ь": "", "э": "e", "ю": "yu", "я": "ya",
    # neighbours: Ukrainian, Belarusian, Tatar, Bashkir, Kazakh
    "і": "i", "ї": "yi", "є": "ye", "ґ": "g", "ў": "u", "ә": "a", "ө": "o", "ү": "u", "ұ": "u", "ң": "n",
    "җ": "zh", "һ": "h", "қ": "k", "ғ": "g", "ҙ": "z", "ҫ": "s", "ҡ": "k",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slip:
    """What a person takes home; printed by Python it shows nothing."""

    person_id: UUID
    name: FullName
    class_title: str
    login: str = field(repr=False)
    temporary_password: str = field(repr=False)
    expires_at: datetime


def temporary_password() -> str:
    """A new temporary password; nobody can choose it (A23)."""
    return "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_LENGTH))


def logins(name: FullName) -> Iterator[str]:
    """Logins to try for a person, each with other digits, until one is free.

    The last ones are nearly sure: eight digits behind one name are sixteen million.
    """
    stem = login_stem(name)
    for length in _LENGTHS:
        yield f"{stem}." + "".join(secrets.choice(_DIGITS) for _ in range(length))


def login_stem(name: FullName) -> str:
    """The surname in Latin letters; with the given name when it is very short.

    >>> login_stem(FullName("Щёголева-Юрьева", "Анна"))
    'shchegolevayureva'
    >>> login_stem(FullName("Ли", "Юн"))
    'liyun'
    """
    stem = _latin(name.surname)
    if len(stem) < _SHORTEST_STEM:
        stem += _latin(name.given_name)
    return stem[:_LONGEST_STEM] if len(stem) >= _SHORTEST_STEM else f"user{stem}"


def _latin(text: str) -> str:
    letters = "".join(_LATIN.get(letter, letter) for letter in unicodedata.normalize("NFC", text).casefold())
    plain = unicodedata.normalize("NFKD", letters).casefold()  # ℐ is a capital only after it
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
