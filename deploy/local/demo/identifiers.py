"""Identifiers that look real and belong to nobody."""

from __future__ import annotations

from datetime import datetime
from random import Random
from uuid import UUID

# SNILS numbers have been given out in ascending order and are far from the nine hundreds.
_FIRST_FREE_SNILS = 900_000_000
# A code that the Russian numbering plan has given to no operator.
_FREE_MOBILE_CODE = "972"


def snils_check_digits(number: int) -> int:
    """The two check digits of a nine-digit SNILS number (Pension Fund's rule; holds above 001-001-998)."""
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(f"{number:09d}"))
    return total % 101 % 100


def snils(number: int) -> str:
    """Eleven digits: the number and its check digits."""
    return f"{number:09d}{snils_check_digits(number):02d}"


def test_snils(last_two: int) -> str:
    """The SNILS of one of ESIA's own test persons: 000-000-600 NN, whose check digits need not hold."""
    return f"000000600{last_two:02d}"


def formatted_snils(digits: str) -> str:
    """As on paper: XXX-XXX-XXX YY."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"


def repeatable(seed: str) -> Random:
    """A generator that gives the same numbers for the same seed, on every machine."""
    return Random(seed)  # noqa: S311 - demo data must be repeatable, not secret


class Identifiers:
    """Gives out identifiers, each once; the same seed gives the same ones in the same order."""

    def __init__(self, seed: str) -> None:
        self._random = repeatable(seed)
        self._snils: set[int] = set()
        self._mobiles = 0

    def uuid(self) -> UUID:
        """A version 4 UUID, for what has no moment of its own."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def uuid_at(self, moment: datetime) -> UUID:
        """A version 7 UUID of this moment: records are ordered by their ids."""
        milliseconds = int(moment.timestamp() * 1000)
        drawn = self._random.getrandbits(74)  # the 12 and 62 random bits of RFC 9562
        return UUID(int=milliseconds << 80 | 7 << 76 | drawn >> 62 << 64 | 2 << 62 | drawn & (1 << 62) - 1)

    def snils(self) -> str:
        """A SNILS with right check digits."""
        while True:
            number = _FIRST_FREE_SNILS + self._random.randrange(99_999_999)
            if number not in self._snils:
                self._snils.add(number)
                return snils(number)

    def mobile(self) -> str:
        """A mobile number as ESIA writes it, +7(XXX)XXXXXXX, under a code that no operator has."""
        self._mobiles += 1
        # A step that shares no factor with 10**7 visits every number once, in no visible order.
        return f"+7({_FREE_MOBILE_CODE}){self._mobiles * 3_141_593 % 10_000_000:07d}"


_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y",
    "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


def latin(text: str) -> str:
    """A Russian name in lower-case Latin letters, for a login: "Щукина-Ёлкина" → "shchukina-elkina"."""
    return "".join(_LATIN.get(letter, letter) for letter in text.lower())
