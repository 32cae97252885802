"""Finding a name in a password: in Cyrillic or Latin letters, typed on the other layout, disguised."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A shorter name, such as Ян or Ева, is part of too many words.
LEAST_NAME = 4

_LAYOUT = dict(zip("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", strict=True))
_TO_LATIN_LAYOUT = str.maketrans(_LAYOUT)
_TO_CYRILLIC_LAYOUT = str.maketrans({latin: cyrillic for cyrillic, latin in _LAYOUT.items()})

# To one of the Latin spellings; which one does not matter, because `_SOUNDS` makes all of them equal.
_LATIN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i",
        "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
        "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y",
        "ь": "", "э": "e", "ю": "yu", "я": "ya",
    }
)  # fmt: skip
# Spellings of one sound, in the order in which they are made equal.
_SOUNDS = tuple(
    (re.compile(spellings), sound)
    for spellings, sound in (
        ("shch|sch|sh", "S"),
        ("zh", "Z"),
        ("ch", "C"),
        ("kh", "h"),
        ("tc|ts|tz", "c"),
        ("ya|ia|ja", "A"),
        ("yu|iu|ju", "U"),
        ("yo|io|jo|ye|ie|je", "e"),
        ("[yj]", "i"),
        ("w", "v"),
        ("i+", "i"),
        ("i(?=[AUe])", ""),
    )
)
_AS_LETTERS = str.maketrans("01345678@$!|", "oieasgtbasii")


def latin(text: str) -> str:
    """A folded text in Latin letters; for comparison, not for reading."""
    return text.translate(_LATIN)


def typed_elsewhere(text: str) -> tuple[str, str]:
    """The text as the same keys give it on the Latin and on the Russian layout.

    >>> typed_elsewhere("пароль")[0], typed_elsewhere("gfhjkm")[1]
    ('gfhjkm', 'пароль')
    """
    return text.translate(_TO_LATIN_LAYOUT), text.translate(_TO_CYRILLIC_LAYOUT)


def disguised(text: str) -> str:
    """The text with digits and signs read as the letters they stand for.

    >>> disguised("1van0v@")
    'ivanova'
    """
    return text.translate(_AS_LETTERS)


def holds_name(text: str, name: str) -> bool:
    """Whether a folded text holds a name, or one half of a double one, from four letters on.

    >>> [holds_name(text, "Щербаков") for text in ("scherbakova1!", "vokabrehchs", "oth,frjd", "shcherba")]
    [True, False, True, False]
    """
    parts = {"".join(filter(str.isalpha, part)) for part in re.split(r"[\W_]+", name.casefold())}
    parts.add("".join(filter(str.isalpha, name.casefold())))
    wanted = {sounds(part) for part in parts if len(part) >= LEAST_NAME}
    return any(name in said for said in _heard(text) for name in wanted) if wanted else False


def sounds(text: str) -> str:
    """How letters sound: equal for all ways to write a Russian word in Latin letters.

    >>> {sounds(way) for way in ("наталья", "natalya", "nataliya", "natalja")}
    {'natalA'}
    """
    said = latin(text)
    if not said.isascii():
        said = "".join(letter for letter in said if letter.isalpha())
    for spellings, sound in _SOUNDS:
        said = spellings.sub(sound, said)
    return said


def _heard(text: str) -> Iterator[str]:
    for variant in dict.fromkeys((text, *typed_elsewhere(text))):
        for written in dict.fromkeys((variant, disguised(variant))):
            letters = "".join(filter(str.isalpha, written))
            for read in (letters, letters[::-1]):
                said = sounds(read)
                yield said
                if "x" in said:  # "Alexey", but also "Xasan"
                    yield said.replace("x", "ks")
                    yield said.replace("x", "h")
