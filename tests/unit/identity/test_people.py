"""SNILS and names as a school may write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.people.rules import (
    BadBirthDate,
    BadName,
    BadRoles,
    BadSnils,
    FullName,
    Role,
    Snils,
    require_plausible,
    require_registrable,
)


@pytest.mark.parametrize(
    "text", ["112-233-445 95", "11223344595", "112 233 445 95", "112-233-445\u00a095", " 112-233-445-95 "]
)
def test_a_snils_is_its_eleven_digits_however_it_is_spelled(text: str) -> None:
    assert Snils.parse(text, allow_test_range=False).digits == "11223344595"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("112-233-445 96", "wrong check digits"),
        ("112-233-445 9", "ten digits"),
        ("112-233-445 955", "twelve digits"),
        ("", "nothing"),
        ("снилс", "words"),
        ("000-000-000 00", "nobody's"),
        ("１１２２３３４４５９５", "digits of another script"),
        ("112.233.445.95", "dots"),
    ],
)
def test_what_cannot_be_a_snils_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadSnils):
        Snils.parse(text, allow_test_range=True)


@pytest.mark.parametrize("text", ["001-001-998 77", "000-001-000 00"])
def test_up_to_001_001_998_check_digits_are_not_looked_at(text: str) -> None:
    assert len(Snils.parse(text, allow_test_range=False).digits) == 11


def test_from_001_001_999_on_they_are() -> None:
    with pytest.raises(BadSnils):
        Snils.parse("001-001-999 00", allow_test_range=False)


@pytest.mark.parametrize("number", ["087-654-302", "087-654-303"])
def test_a_sum_of_100_or_101_gives_00(number: str) -> None:
    """The Pension Fund's rule."""
    total = sum(
        int(digit) * weight for digit, weight in zip(number.replace("-", ""), range(9, 0, -1), strict=True)
    )
    assert total % 101 in {0, 100}

    assert Snils.parse(f"{number} 00", allow_test_range=False).digits.endswith("00")


def test_esias_test_persons_are_accepted_where_a_setting_says_so() -> None:
    assert Snils.parse("000-000-600 17", allow_test_range=True).digits == "00000060017"
    with pytest.raises(BadSnils):
        Snils.parse("000-000-600 17", allow_test_range=False)


@given(st.text())
def test_any_text_is_a_snils_or_is_refused(text: str) -> None:
    try:
        digits = Snils.parse(text, allow_test_range=True).digits
    except BadSnils:
        return
    assert len(digits) == 11


def test_a_refused_snils_is_in_no_error() -> None:
    """A33."""
    with pytest.raises(BadSnils) as refused:
        Snils.parse("112-233-445 96", allow_test_range=True)

    assert "112" not in f"{refused.value} {refused.value.metadata}"


def test_names_and_snils_print_as_stars() -> None:
    """A33."""
    secret = f"{FullName('Иванова', 'Анна')!r} {FullName('Иванова', 'Анна')} {Snils('11223344595')!r}"

    assert "Иванова" not in secret
    assert "445" not in secret


def test_a_registered_name_is_tidy_and_composed() -> None:
    name = FullName.registered("  Короле\u0308ва ", "Анна  Мария", "")

    assert (name.surname, name.given_name, name.patronymic) == ("Королёва", "Анна Мария", "")
    assert name.display == "Королёва Анна Мария"


@pytest.mark.parametrize(
    ("parts", "part"),
    [
        (("", "Анна", ""), "surname"),
        (("Иванова", "  ", ""), "given_name"),
        (("Иванова", "Анна", "-"), "patronymic"),
        (("Ивaнова", "Анна", ""), "alphabet"),
        (("Иванова", "Anna", ""), "alphabet"),
        (("И" * 101, "Анна", ""), "surname"),
        (("Иванова1", "Анна", ""), "surname"),
        (("'Иванова", "Анна", ""), "surname"),
        (("Иванова\x00", "Анна", ""), "surname"),
        (("<script>", "Анна", ""), "surname"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_its_part(parts: tuple[str, str, str], part: str) -> None:
    with pytest.raises(BadName) as refused:
        FullName.registered(*parts)

    assert refused.value.metadata == {"part": part}


def test_a_school_gives_pupils_guardians_and_teachers_their_roles_and_no_others() -> None:
    require_registrable(frozenset({Role.GUARDIAN, Role.TEACHER}))
    for roles in (frozenset[Role](), frozenset({Role.REGISTRAR}), frozenset({Role.PUPIL, Role.OPERATOR})):
        with pytest.raises(BadRoles):
            require_registrable(roles)


def test_nobody_is_born_tomorrow_or_in_another_century() -> None:
    today = date(2026, 9, 1)
    require_plausible(today, today=today)
    for born in (date(2026, 9, 2), date(1900, 1, 1)):
        with pytest.raises(BadBirthDate):
            require_plausible(born, today=today)
