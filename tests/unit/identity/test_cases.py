"""What a case is, how it may end, and what the register takes over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.identity.v1 import cases_pb2
from services.identity.cases.rules import (
    FITTING,
    NOTICED_BY,
    Case,
    CaseClosed,
    Kind,
    Resolution,
    ResolutionUnfit,
    Said,
    State,
    key_of,
    taken_over,
)
from services.identity.corrections.rules import Data
from services.identity.people.rules import BadField, FullName, Snils
from services.identity.register.rules import Words, WordsNeeded
from services.identity.tracking import new_tracking_code, tracking_digest

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
TODAY = NOW.date()
SOMEBODY, REGISTRAR, COLLEAGUE = uuid4(), uuid4(), uuid4()
DATA = Data(FullName("Кравцова", "Юлия", "Олеговна"), date(1990, 9, 27), Snils("00100200300"))


def case(kind: Kind = Kind.NAME_DIFFERS, said: Said | None = None, *, detail: str = "surname") -> Case:
    return Case(
        id=uuid4(),
        kind=kind,
        person_ids=(SOMEBODY,),
        school_ids=frozenset(),
        detail=detail,
        opened_at=NOW,
        last_at=NOW,
        due_at=NOW,
        said=said,
    )


def test_every_kind_and_every_end_has_its_number() -> None:
    assert {f"CASE_KIND_{kind}" for kind in Kind} | {"CASE_KIND_UNSPECIFIED"} == set(
        cases_pb2.CaseKind.keys()
    )
    assert {f"CASE_RESOLUTION_{end}" for end in Resolution} | {"CASE_RESOLUTION_UNSPECIFIED"} == set(
        cases_pb2.CaseResolution.keys()
    )
    assert {f"CASE_STATE_{state}" for state in State} | {"CASE_STATE_UNSPECIFIED"} == set(
        cases_pb2.CaseState.keys()
    )


def test_every_kind_can_be_ended_by_somebody_and_none_as_only_time_does() -> None:
    assert set(FITTING) == set(Kind)
    assert all(FITTING.values())
    assert not {Resolution.AGREED, Resolution.EXPIRED} & frozenset().union(*FITTING.values())


def test_another_number_is_never_taken_over_by_a_press() -> None:
    """A11: a parent's Gosuslugi in place of the child's would give the child the parent's number."""
    assert Resolution.ACCEPT_ESIA not in FITTING[Kind.SNILS_DIFFERS]


def test_what_nobody_can_settle_at_school_is_no_kind() -> None:
    assert not {"SNILS_UNKNOWN", "LEVEL_TOO_LOW", "ACCOUNT_BLOCKED"} & set(NOTICED_BY)


@given(st.lists(st.uuids(), min_size=1, max_size=4), st.binary(max_size=8), st.randoms())
def test_a_matter_is_the_same_in_whatever_order_its_persons_are_named(
    persons: list[UUID], profile: bytes, chance: object
) -> None:
    shuffled = sorted(persons, key=lambda _: chance.random())  # type: ignore[attr-defined]

    assert key_of(Kind.NAME_DIFFERS, persons, profile) == key_of(Kind.NAME_DIFFERS, shuffled, profile)
    assert key_of(Kind.NAME_DIFFERS, persons, profile) != key_of(Kind.NAME_CHANGED, persons, profile)
    assert key_of(Kind.NAME_DIFFERS, persons, profile) != key_of(Kind.NAME_DIFFERS, persons, profile + b"!")


def test_a_settled_case_forgets_what_esia_said() -> None:
    said = Said("1000", FullName("Новикова", "Юлия"))

    closed = case(said=said).resolved(Resolution.ACCEPT_ESIA, by=REGISTRAR, at=NOW)

    assert closed is not None
    assert (closed.said, closed.closed_by) == (None, REGISTRAR)


def test_the_same_press_again_is_nothing_new_and_another_one_too_late() -> None:
    closed = case().resolved(Resolution.KEEP_REGISTER, by=REGISTRAR, at=NOW, reason="иначе")
    assert closed is not None

    assert closed.resolved(Resolution.KEEP_REGISTER, by=REGISTRAR, at=NOW) is None
    with pytest.raises(CaseClosed):
        closed.resolved(Resolution.ACCEPT_ESIA, by=REGISTRAR, at=NOW)
    with pytest.raises(CaseClosed):
        closed.resolved(Resolution.KEEP_REGISTER, by=COLLEAGUE, at=NOW)


def test_only_what_differs_is_taken_over() -> None:
    said = Said("1000", FullName("Новикова", "Юлия", "Олеговна"), date(1999, 1, 1), Snils("00900800700"))

    by_name = taken_over(case(said=said), DATA, today=TODAY)
    by_date = taken_over(case(Kind.BIRTH_DATE_DIFFERS, said), DATA, today=TODAY)

    assert (by_name.name.surname, by_name.birth_date, by_name.snils) == (
        "Новикова",
        DATA.birth_date,
        DATA.snils,
    )
    assert (by_date.name, by_date.birth_date, by_date.snils) == (DATA.name, date(1999, 1, 1), DATA.snils)


@pytest.mark.parametrize(("detail", "left"), [("surname", "Олеговна"), ("patronymic", "")])
def test_a_patronymic_goes_only_when_it_is_what_they_differ_in(detail: str, left: str) -> None:
    said = Said("1000", FullName("Новикова", "Юлия"))

    assert taken_over(case(said=said, detail=detail), DATA, today=TODAY).name.patronymic == left


def test_what_cannot_be_registered_is_not_taken_over() -> None:
    with pytest.raises(BadField):
        taken_over(case(said=Said("1000", FullName("Нoвикова", "Юлия"))), DATA, today=TODAY)  # a Latin o
    with pytest.raises(ResolutionUnfit):
        taken_over(case(said=None), DATA, today=TODAY)
    said = Said("1000", FullName("Новикова", "Юлия"))
    with pytest.raises(ResolutionUnfit):
        taken_over(case(Kind.BIRTH_DATE_DIFFERS, said), DATA, today=TODAY)


def test_what_esia_said_is_not_printed() -> None:
    said = Said("1000298922", FullName("Новикова", "Юлия"), date(1990, 9, 27), Snils("00100200300"))

    for secret in ("1000298922", "Новикова", "1990", "00100200300"):
        assert secret not in repr(said)
        assert secret not in repr(case(said=said))


def test_a_code_of_a_case_is_no_code_of_a_request() -> None:
    code = new_tracking_code()

    assert tracking_digest(code, of="case") != tracking_digest(code, of="account request")
    assert tracking_digest(code, of="case") == tracking_digest(code.lower().replace("-", " "), of="case")


@given(st.text(max_size=80))
def test_a_search_holds_nothing_but_letters(text: str) -> None:
    """Whatever is typed, no sign of the query's language gets into it."""
    try:
        words = Words.read(text, least=2)
    except WordsNeeded:
        return
    assert all(word.isalpha() and word == word.casefold().replace("ё", "е") for word in words.beginnings)
    assert len(words.beginnings) <= 6
    assert repr(words) == "Words()"
