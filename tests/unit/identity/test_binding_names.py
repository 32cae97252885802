"""When two spellings are one name (A13): `binding_name_pairs.txt`, judged by hand, and what always holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.binding.rules.names import Likeness, NamePart, compare
from services.identity.people.rules import FullName

VERDICTS = {"yes": Likeness.SAME, "born": Likeness.SILENT_ON_PATRONYMIC} | {
    part.value: part for part in NamePart
}


def name(cell: str) -> FullName:
    """A cell of the table; what a reader could not see is written as an escape there."""
    seen = re.sub(r"\\u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), cell)
    return FullName(*(part.removeprefix(" ") for part in seen.split(",")))


def rows() -> Iterator[tuple[FullName, FullName, Likeness | NamePart, str]]:
    table = Path(__file__).with_name("binding_name_pairs.txt").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            one, other, verdict, why = line.split(" | ")
            yield name(one), name(other), VERDICTS[verdict], why


TABLE = list(rows())


@pytest.mark.parametrize(("registered", "esia", "verdict", "why"), TABLE, ids=[row[3] for row in TABLE])
def test_a13_the_verdict_on_a_pair_of_the_table(
    registered: FullName, esia: FullName, verdict: Likeness | NamePart, why: str
) -> None:
    assert compare(registered, esia) is verdict, why
    assert compare(esia, registered) is verdict, f"the other way round: {why}"


def test_the_table_knows_three_hundred_different_pairs() -> None:
    pairs = {frozenset((registered, esia)) for registered, esia, _, _ in TABLE}

    assert len(pairs) >= 300
    assert len(pairs) == len(TABLE)


russian = st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюя", min_size=1, max_size=12)
parts = st.tuples(russian, russian, st.one_of(st.just(""), russian))


@given(parts, parts)
def test_the_order_of_two_names_never_matters(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert compare(FullName(*one), FullName(*other)) is compare(FullName(*other), FullName(*one))


@given(parts)
def test_case_and_yo_never_matter(one: tuple[str, str, str]) -> None:
    loud = FullName(*(part.upper().replace("Ё", "Е") for part in one))

    assert compare(FullName(*one), loud) is Likeness.SAME


@given(parts, parts, st.sampled_from("-\u2010\u2013 '\u2019\u02bc"), st.integers(1, 11))
def test_joints_and_composition_never_change_a_verdict(
    one: tuple[str, str, str], other: tuple[str, str, str], joint: str, place: int
) -> None:
    """Symmetric under folding: whichever side is spelled otherwise, whatever the verdict is."""
    said = compare(FullName(*one), FullName(*other))

    def otherwise(name: tuple[str, str, str]) -> FullName:
        joined = (part[:place] + joint + part[place:] if part[place:] else part for part in name)
        return FullName(*(unicodedata.normalize("NFD", part) for part in joined))

    assert compare(otherwise(one), FullName(*other)) is said
    assert compare(FullName(*one), otherwise(other)) is said
    assert compare(otherwise(one), otherwise(other)) is said


@given(parts, st.integers(0, 2), st.integers(0, 11), st.sampled_from("бгджзлмнпртф"))
def test_another_letter_anywhere_is_another_name(
    one: tuple[str, str, str], which: int, place: int, letter: str
) -> None:
    """No distance between names counts as small."""
    part = one[which]
    if not part or part[place % len(part)].casefold() == letter:
        return
    place %= len(part)
    changed = (*one[:which], part[:place] + letter + part[place + 1 :], *one[which + 1 :])

    assert compare(FullName(*one), FullName(*changed)) is not Likeness.SAME


@given(parts, st.integers(0, 11), st.sampled_from("aceopxy"))
def test_one_latin_letter_anywhere_refuses(one: tuple[str, str, str], place: int, letter: str) -> None:
    surname = one[0][:place] + letter + one[0][place + 1 :]
    mixed = FullName(surname + "я", one[1], one[2])

    assert compare(mixed, mixed) is NamePart.ALPHABET
