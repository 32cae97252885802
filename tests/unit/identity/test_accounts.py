"""What a login may be, and when two look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.accounts.rules import BadLogin, new_login, normal_login, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ivanova.1", "lvanova.l"),
        ("Petrov-0", "petrov.o"),
        ("burn", "bum"),
        ("ivvan", "iwan"),
        ("a_b", "ab"),
        ("IVANOVA", "ivanova"),
    ],
)
def test_look_alikes_have_one_skeleton(one: str, other: str) -> None:
    """A24."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("ivanova2", "ivanova3"), ("petrov", "petrova")])
def test_logins_that_look_different_stay_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(st.text())
def test_a_normal_login_is_normal_already(text: str) -> None:
    assert normal_login(normal_login(text)) == normal_login(text)


@pytest.mark.parametrize("typed", ["anna.koroleva", " Anna.Koroleva ", "ＡＮＮＡ.koroleva"])
def test_a_login_is_kept_in_one_form(typed: str) -> None:
    assert new_login(typed) == "anna.koroleva"


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("anna", "length"),
        ("", "length"),
        ("a" * 65, "length"),
        ("a" * 5000, "length"),
        ("анна.королева", "letters"),
        ("аnna.koroleva", "letters"),  # the first letter is Cyrillic
        ("anna koroleva", "letters"),
        ("1anna", "letters"),
        (".anna", "letters"),
        ("anna@example.org", "letters"),
        ("anna\x00koroleva", "letters"),
        ("administrator", "name"),
        ("Adm1n_", "name"),
        ("support77", "name"),
    ],
)
def test_what_can_be_no_login_is_refused_by_its_rule(typed: str, rule: str) -> None:
    with pytest.raises(BadLogin) as refused:
        new_login(typed)

    assert refused.value.metadata == {"rule": rule}


def test_a_cyrillic_look_alike_has_the_same_skeleton() -> None:
    """A24: should an import ever bring one."""
    assert skeleton("аnnа.kоrоlеvа") == skeleton("anna-koroleva")


@given(st.text())
def test_a_new_login_is_its_own_normal_form_or_is_refused(text: str) -> None:
    try:
        login = new_login(text)
    except BadLogin:
        return
    assert login == normal_login(login)
    assert login.isascii()
