"""Finding a birth date in a password, however it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import permutations

# Shorter joined spellings, such as 1286 for 1.2.86, are looked for among whole numbers only.
_LEAST_JOINED = 5

# As people type them: in full in both cases, short, transliterated by the usual ways, English, Roman.
_MONTHS = (
    "январь января янв yanvar yanvarya ianvar ianvaria janvar janvarja january jan i",
    "февраль февраля фев fevral fevralya fevralia fevralja february feb fev ii",
    "март марта мар mart marta march mar iii",
    "апрель апреля апр aprel aprelya aprelia aprelja april apr iv",
    "май мая mai may maya maia maj maja v",
    "июнь июня июн iyun iyunya iun iunia ijun ijunja june jun vi",
    "июль июля июл iyul iyulya iul iulia ijul ijulja july jul vii",
    "август августа авг avgust avgusta august avg aug viii",
    "сентябрь сентября сен сент sentyabr sentyabrya sentiabr sentiabria sentjabr sentjabrja september sep ix",
    "октябрь октября окт oktyabr oktyabrya oktiabr oktiabria oktjabr oktjabrja october okt oct x",
    "ноябрь ноября ноя noyabr noyabrya noiabr noiabria nojabr nojabrja november noya nov noi xi",
    "декабрь декабря дек dekabr dekabrya dekabria dekabrja december dek dec xii",
)
_ROMAN = re.compile(r"[ivx]+")
# Letters that stand for digits: "12O4l986".
_LOOK_ALIKE = str.maketrans({"o": "0", "о": "0", "l": "1", "i": "1", "|": "1", "!": "1", "з": "3"})


def holds_date(text: str, day: date) -> bool:
    """Whether a folded text holds a date: any order, any separators, two or four digits of the year.

    >>> holds_date("мама-12апреля1986", date(1986, 4, 12))
    True
    >>> holds_date("x860412", date(1986, 4, 12)), holds_date("1.2.86", date(1986, 2, 1))
    (True, True)
    >>> holds_date("summer1986", date(1986, 4, 12))
    False
    """
    return any(_in_digits(variant, day) for variant in _variants(text, day))


def _variants(text: str, day: date) -> Iterator[str]:
    number = f" {day.month:02d} "
    with_month = [names.sub(number, text) for names in _month_names(day.month)]
    for variant in dict.fromkeys((text, *with_month)):
        yield variant
        yield variant.translate(_LOOK_ALIKE)


def _in_digits(text: str, day: date) -> bool:
    runs = re.findall(r"\d+", text)
    joined = "".join(runs)
    spellings = _spellings(day)
    if any(spelling in joined for spelling in spellings if len(spelling) >= _LEAST_JOINED):
        return True
    if any(run in spellings for run in runs):
        return True
    # Numbers apart: 1.2.86 is 01.02.1986. What is longer than a year is part of no date.
    numbers = [int(run) if len(run) <= 4 else -1 for run in runs]
    wanted = {
        order for year in (day.year, day.year % 100) for order in permutations((day.day, day.month, year))
    }
    return any(tuple(numbers[at : at + 3]) in wanted for at in range(len(numbers) - 2))


@cache
def _spellings(day: date) -> frozenset[str]:
    """Every way to write the date in digits without anything between, also from the end to the beginning."""
    days, months = {f"{day.day:02d}", str(day.day)}, {f"{day.month:02d}", str(day.month)}
    years = {f"{day.year:04d}", f"{day.year % 100:02d}"}
    found = {"".join(order) for d in days for m in months for y in years for order in permutations((d, m, y))}
    return frozenset(found | {spelling[::-1] for spelling in found if len(spelling) >= 6})


@cache
def _month_names(month: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """How the month is found in words, and in words or Roman: an "x" may stand beside "oktyabrya" as well."""
    names = sorted(_MONTHS[month - 1].split(), key=len, reverse=True)
    words = [name for name in names if not _ROMAN.fullmatch(name)]
    # A Roman number is one only when it stands alone: there is a "v" in every second word.
    roman = [rf"(?<![^\W\d_]){name}(?![^\W\d_])" for name in names if _ROMAN.fullmatch(name)]
    return re.compile("|".join(words)), re.compile("|".join(words + roman))
