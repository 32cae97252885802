"""When two spellings are one name (A13): a table judged by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.binding.rules.names import Likeness, NamePart, compare
from services.identity.people.rules import FullName

SAME = Likeness.SAME
SILENT = Likeness.SILENT_ON_PATRONYMIC
SURNAME, GIVEN = NamePart.SURNAME, NamePart.GIVEN_NAME
PATRONYMIC, ALPHABET = NamePart.PATRONYMIC, NamePart.ALPHABET

# One name, the other, the verdict, why.
TABLE = [
    # Spelling that does not count.
    ("Иванова|Анна|Петровна", "Иванова|Анна|Петровна", SAME, "the very same"),
    ("Иванова|Анна|Петровна", "ИВАНОВА|АННА|ПЕТРОВНА", SAME, "ESIA writes capitals now and then"),
    ("Королёва|Алёна|Фёдоровна", "Королева|Алена|Федоровна", SAME, "ё is written as е"),
    ("Королёва|Алёна|Фёдоровна", "Короле\u0308ва|Але\u0308на|Фе\u0308доровна", SAME, "ё in two code points"),
    ("Йорданская|Майя|", "Иорданская|Майя|", SURNAME, "й is no и: only ё is folded"),
    ("Йорданская|Майя|", "И\u0306орданская|Маи\u0306я|", SAME, "й in two code points"),
    ("Петров-Водкин|Олег|", "Петров Водкин|Олег|", SAME, "hyphen or space"),
    ("Петров-Водкин|Олег|", "Петров\u2013Водкин|Олег|", SAME, "a dash from a word processor"),
    ("Петров-Водкин|Олег|", "Петров - Водкин|Олег|", SAME, "spaces around the hyphen"),
    ("Петров-Водкин|Олег|", "Петров\u2011Водкин|Олег|", SAME, "a hyphen that does not break"),
    ("Д'Артаньян|Шарль|", "Д\u2019Артаньян|Шарль|", SAME, "a typographic apostrophe"),
    ("Д'Артаньян|Шарль|", "Дартаньян|Шарль|", SAME, "no apostrophe at all"),
    ("Знам\u02bcянська|Оксана|", "Знам'янська|Оксана|", SAME, "the letter apostrophe of Ukrainian"),
    ("Иванова |Анна| Петровна", "Иванова|Анна|Петровна", SAME, "stray spaces"),
    ("Анна\u00a0Мария|Ким|", "Анна Мария|Ким|", SAME, "a space that does not break"),
    ("Smith|John|", "SMITH|John|", SAME, "a foreign name, Latin on both sides"),
    ("Müller|Jürgen|", "Mu\u0308ller|Ju\u0308rgen|", SAME, "an umlaut in two code points"),
    # The patronymic.
    ("Ким|Ян|", "Ким|Ян|", SAME, "neither has one"),
    ("Ким|Ян|", "Ким|Ян|Сергеевич", SILENT, "one side has none"),
    ("Ким|Ян|Андреевич", "Ким|Ян|Сергеевич", PATRONYMIC, "two different ones"),
    ("Ким|Ян|Сергеевна", "Ким|Ян|Сергеевич", PATRONYMIC, "of a daughter and of a son"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашид Оглы", SAME, "case of the particle"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашид-оглы", SAME, "with a hyphen"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашидоглы", SAME, "written together"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашид оглу", SAME, "another spelling of оглы"),
    ("Мамедова|Лейла|Рашид кызы", "Мамедова|Лейла|Рашид гызы", SAME, "another spelling of кызы"),
    ("Мамедова|Лейла|Рашид кызы", "Мамедова|Лейла|Рашид оглы", PATRONYMIC, "daughter and son"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашид", SILENT, "the particle left out"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Рашидович", PATRONYMIC, "a Russian form is another word"),
    ("Мамедов|Эльдар|Рашид оглы", "Мамедов|Эльдар|Мурад оглы", PATRONYMIC, "sons of two fathers"),
    ("Мамедов|Эльдар|оглы", "Мамедов|Эльдар|Рашид оглы", PATRONYMIC, "a particle alone is a name here"),
    # Other names.
    ("Иванова|Анна|Петровна", "Иванов|Анна|Петровна", SURNAME, "another ending"),
    ("Иванова|Анна|Петровна", "Петрова|Анна|Петровна", SURNAME, "after a wedding"),
    ("Иванова|Наталья|Петровна", "Иванова|Наталия|Петровна", GIVEN, "two names, two documents"),
    ("Иванова|Анна|Петровна", "Анна|Иванова|Петровна", SURNAME, "swapped"),
    ("Петров-Водкин|Олег|", "Водкин-Петров|Олег|", SURNAME, "halves swapped"),
    ("Петров-Водкин|Олег|", "Петров|Олег|", SURNAME, "half of it"),
    ("Иванова|А|Петровна", "Иванова|Анна|Петровна", GIVEN, "an initial"),
    ("|Анна|Петровна", "|Анна|Петровна", SURNAME, "a hole on both sides is no agreement"),
    ("Иванова||Петровна", "Иванова||Петровна", GIVEN, "likewise"),
    # Alphabets and what is no letter.
    ("Ивaнова|Анна|Петровна", "Иванова|Анна|Петровна", ALPHABET, "a Latin a inside"),
    ("Ивaнова|Анна|Петровна", "Ивaнова|Анна|Петровна", ALPHABET, "even when both have it"),
    ("Иванова|Анна|Петровна", "Иванова|AHHA|Петровна", ALPHABET, "a whole part of look-alikes"),
    ("Иванова|Анна|Петровна", "Ivanova|Anna|Petrovna", SURNAME, "no transliteration is guessed"),
    ("Иванова|А.|Петровна", "Иванова|А.|Петровна", ALPHABET, "a dot"),
    ("Иванова2|Анна|Петровна", "Иванова2|Анна|Петровна", ALPHABET, "a digit"),
    ("Ива\u0301нова|Анна|", "Ива\u0301нова|Анна|", ALPHABET, "a stress mark"),
    ("Ива\u200bнова|Анна|", "Иванова|Анна|", ALPHABET, "a letter without width"),
    ("Ива\u00adнова|Анна|", "Иванова|Анна|", ALPHABET, "a soft hyphen"),
    ("\uff29vanova|Anna|", "Ivanova|Anna|", ALPHABET, "a wide letter is another one"),
    ("Ιванова|Анна|", "Іванова|Анна|", ALPHABET, "a Greek capital"),
    ("李|明|", "李|明|", ALPHABET, "neither alphabet: to be settled at the school"),
    ("<b>|x|", "<b>|x|", ALPHABET, "markup"),
]


def name(text: str) -> FullName:
    return FullName(*text.split("|"))


@pytest.mark.parametrize(("one", "other", "verdict", "why"), TABLE, ids=[row[3] for row in TABLE])
def test_the_verdict_on_two_spellings(one: str, other: str, verdict: Likeness | NamePart, why: str) -> None:
    assert compare(name(one), name(other)) is verdict, why
    assert compare(name(other), name(one)) is verdict, f"the other way round: {why}"


russian = st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюя", min_size=1, max_size=12)
parts = st.tuples(russian, russian, st.one_of(st.just(""), russian))


@given(parts, parts)
def test_the_order_of_two_names_never_matters(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert compare(FullName(*one), FullName(*other)) is compare(FullName(*other), FullName(*one))


@given(parts)
def test_case_and_yo_never_matter(one: tuple[str, str, str]) -> None:
    loud = FullName(*(part.upper().replace("Ё", "Е") for part in one))

    assert compare(FullName(*one), loud) is Likeness.SAME


@given(parts, st.integers(0, 11), st.sampled_from("aceopxy"))
def test_one_latin_letter_anywhere_refuses(one: tuple[str, str, str], place: int, letter: str) -> None:
    surname = one[0][:place] + letter + one[0][place + 1 :]
    mixed = FullName(surname + "я", one[1], one[2])

    assert compare(mixed, mixed) is NamePart.ALPHABET
