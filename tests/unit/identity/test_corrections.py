"""What may stand in a corrected field, and by when the school decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.identity.corrections.rules import (
    Correction,
    CorrectionDecided,
    Data,
    Field,
    StaleCorrection,
    State,
    due_at,
)
from services.identity.people.rules import BadField, FullName, Snils
from services.kit.ids import new_id

TODAY = date(2026, 11, 23)
DATA = Data(FullName("Королева", "Алена", "Сергеевна"), date(1986, 4, 12), Snils("00000100100"))
MOSCOW = ZoneInfo("Europe/Moscow")


def corrected(of: Field, text: str) -> Data:
    return DATA.corrected(of, text, today=TODAY, allow_test_snils=False)


@pytest.mark.parametrize(
    ("of", "typed", "kept"),
    [
        (Field.SURNAME, " Королёва ", "Королёва"),
        (Field.GIVEN_NAME, "Алёна", "Алёна"),
        (Field.PATRONYMIC, "", ""),
        (Field.BIRTH_DATE, "1986-04-21", "1986-04-21"),
        (Field.SNILS, "000-001-002 00", "00000100200"),
    ],
)
def test_a_right_value_is_kept_as_the_register_writes_it(of: Field, typed: str, kept: str) -> None:
    assert corrected(of, typed).text(of) == kept


@pytest.mark.parametrize(
    ("of", "typed"),
    [
        (Field.SURNAME, ""),
        (Field.SURNAME, "Kоролёва"),  # a Latin K
        (Field.GIVEN_NAME, "Алёна2"),
        (Field.PATRONYMIC, "x" * 5000),
        (Field.BIRTH_DATE, ""),
        (Field.BIRTH_DATE, "12.04.1986"),
        (Field.BIRTH_DATE, "2027-01-01"),
        (Field.BIRTH_DATE, "1986-02-30"),
        (Field.SNILS, ""),
        (Field.SNILS, "123"),
        (Field.SNILS, "112-233-445 96"),
        (Field.SNILS, "000-000-600 01"),
    ],
)
def test_what_cannot_be_right_is_refused_by_the_name_of_its_field(of: Field, typed: str) -> None:
    with pytest.raises(BadField) as refused:
        corrected(of, typed)

    assert refused.value.metadata == {"field": of.word}


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=MOSCOW)),  # a Monday
        (datetime(2026, 11, 27, 9, tzinfo=UTC), datetime(2026, 12, 9, tzinfo=MOSCOW)),  # a Friday
        (datetime(2026, 11, 28, 9, tzinfo=UTC), datetime(2026, 12, 9, tzinfo=MOSCOW)),  # a Saturday
        (datetime(2026, 11, 22, 21, 30, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=MOSCOW)),  # Monday there
    ],
)
def test_a_school_has_seven_working_days(asked: datetime, due: datetime) -> None:
    """152-FZ, article 20; the day of the request does not count."""
    assert due_at(asked, MOSCOW) == due


def a_correction() -> Correction:
    return Correction(
        id=new_id(),
        person_id=new_id(),
        school_id=new_id(),
        field=Field.SURNAME,
        registered="Королева",
        right="Королёва",
        comment="",
        requested_at=datetime(2026, 11, 23, tzinfo=UTC),
        due_at=datetime(2026, 12, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REFUSED, State.WITHDRAWN])
def test_a_correction_is_decided_once(state: State) -> None:
    by, at = new_id(), datetime(2026, 11, 24, tzinfo=UTC)
    decided = a_correction().becomes(state, by=by, at=at)
    assert decided is not None
    assert (decided.state, decided.decided_by, decided.decided_at) == (state, by, at)

    assert decided.becomes(state, by=new_id(), at=at) is None
    for other in {State.ACCEPTED, State.REFUSED, State.WITHDRAWN} - {state}:
        with pytest.raises(CorrectionDecided):
            decided.becomes(other, by=by, at=at)


def test_a_field_that_moved_on_is_not_overwritten() -> None:
    a_correction().require_fresh(DATA)

    with pytest.raises(StaleCorrection):
        a_correction().require_fresh(replace(DATA, name=FullName("Петрова", "Алена", "Сергеевна")))


def test_a_printed_correction_tells_nothing_of_the_person() -> None:
    """A33."""
    text = f"{a_correction()!r} {DATA!r}"

    assert "Корол" not in text
    assert "00000100100" not in text
    assert "1986" not in text
