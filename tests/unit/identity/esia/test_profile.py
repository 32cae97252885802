"""The person as ESIA describes them: tolerant of what is absent, strict about what is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.identity.esia import Level
from services.identity.esia.errors import EsiaAnswerMalformed
from services.identity.esia.profile import assurance_level, read_contact, read_kid, read_profile


@pytest.mark.parametrize(
    ("trusted", "level_seen", "snils", "level"),
    [
        (True, "PR", "1", Level.CONFIRMED),
        (True, None, None, Level.CONFIRMED),
        (True, "KD", "1", Level.CHILD),
        (True, "KD", None, Level.CHILD),
        (False, "KD", "1", Level.CHILD),
        (False, "KD", None, Level.CHILD),
        (True, "P", None, Level.CONFIRMED),
        (True, "AL20", "1", Level.CONFIRMED),
        (False, "AL20", "1", Level.STANDARD),
        (False, "PR", "1", Level.STANDARD),
        (False, None, None, Level.SIMPLIFIED),
        (False, "P", "1", Level.STANDARD),
        (False, None, "1", Level.STANDARD),
        (False, "P", None, Level.SIMPLIFIED),
        (False, "PR", None, Level.SIMPLIFIED),
    ],
)
def test_the_level_follows_from_what_a_client_can_see(
    *, trusted: bool, level_seen: str | None, snils: str | None, level: Level
) -> None:
    assert assurance_level(trusted=trusted, level_seen=level_seen, snils=snils) is level


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lastName", 1),
        ("lastName", ["Иванов"]),
        ("firstName", "я" * 300),
        ("trusted", "true"),
        ("trusted", 1),
        ("birthDate", "1986-04-12"),
        ("birthDate", "31.02.1986"),
        ("birthDate", "١٢.٠٤.١٩٨٦"),
        ("birthDate", 515635200),
        ("snils", "000-000-600"),
        ("snils", 60001),
        ("snils", "000-000-600 0١"),
    ],
)
def test_a_field_of_another_form_is_named_but_never_shown(field: str, value: Any) -> None:
    with pytest.raises(EsiaAnswerMalformed) as refused:
        read_profile({field: value}, oid=1, level_seen=None)
    assert refused.value.facts == {"field": field}


@pytest.mark.parametrize("snils", ["000-000-600 01", "000-000-600-01", "00000060001"])
def test_a_snils_is_eleven_digits_however_it_is_written(snils: str) -> None:
    """ESIA's test persons fail the check digits: they are not looked at here."""
    assert read_profile({"snils": snils}, oid=1, level_seen=None).snils == "00000060001"


def test_everything_may_be_absent_or_null() -> None:
    empty = read_profile({}, oid=1, level_seen=None)
    assert read_profile({"middleName": None, "snils": "", "inn": "  "}, oid=1, level_seen=None) == empty
    assert (empty.patronymic, empty.snils, empty.trusted) == (None, None, False)


def test_printing_a_person_shows_nothing_of_them() -> None:
    """A33: in a log line, an error report or a debugger's screen."""
    person = {"lastName": "Королёва", "firstName": "Алёна", "snils": "000-000-600 01", "id": 77}
    profile = read_profile(person, oid=1000000001, level_seen=None)
    contact = read_contact({"type": "EML", "value": "mother@example.org"})
    shown = f"{profile!r} {profile} {read_kid(person)!r} {contact!r}"
    for secret in ("Королёва", "Алёна", "00000060001", "1000000001", "77", "mother"):
        assert secret not in re.sub(r"0x[0-9a-f]+", "", shown)


def test_a_contact_without_a_value_is_left_out() -> None:
    assert read_contact({"type": "MBT"}) is None


@pytest.mark.parametrize("identifier", [None, "", True, 1.5])
def test_a_kid_needs_an_id(identifier: object) -> None:
    with pytest.raises(EsiaAnswerMalformed):
        read_kid({"id": identifier})
