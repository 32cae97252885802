"""Every error has a reason of its own and a sentence for each reader in each language."""

from __future__ import annotations

import pytest

from services.identity.esia import EsiaDeclined, EsiaError, EsiaMisconfigured, EsiaUnavailable
from services.identity.esia.errors import KNOWN, EsiaTokenRefused, error_of


def _all(kind: type[EsiaError] = EsiaError) -> list[type[EsiaError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _all(below))]


def _one(kind: type[EsiaError]) -> EsiaError:
    return kind("KEY", "missing") if issubclass(kind, EsiaTokenRefused) else kind(code="007000")


def test_no_two_errors_share_a_reason() -> None:
    reasons = [kind.reason for kind in _all()]
    assert len(reasons) == len(set(reasons))


@pytest.mark.parametrize("kind", _all(), ids=lambda kind: kind.__name__)
def test_each_error_speaks_to_operators_and_persons_in_both_languages(kind: type[EsiaError]) -> None:
    error = _one(kind)
    operator_ru, operator_en = error.operator_sentence("ru"), error.operator_sentence("en")
    person_ru, person_en = error.person_sentence("ru"), error.person_sentence("en")
    assert len({operator_ru, operator_en, person_ru, person_en}) == 4
    assert "{" not in operator_ru + operator_en + person_ru + person_en
    if kind is not EsiaError:
        assert operator_en != EsiaError(code="007000").operator_sentence("en")


@pytest.mark.parametrize("code", sorted(KNOWN))
def test_each_code_of_esia_has_its_own_type(code: str) -> None:
    error = error_of("whatever", f"ESIA-{code}: text.")
    assert error.code == code
    assert error.reason not in {"ESIA_FAILED", "ESIA_MISCONFIGURED", "ESIA_UNAVAILABLE"}


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("access_denied", "", EsiaDeclined),
        ("temporarily_unavailable", "", EsiaUnavailable),
        ("server_error", "something new", EsiaUnavailable),
        ("invalid_request", "ESIA-007099: something new", EsiaMisconfigured),
        ("", "", EsiaMisconfigured),
    ],
)
def test_what_esia_never_said_before_still_finds_a_family(
    error: str, description: str, kind: type[EsiaError]
) -> None:
    assert type(error_of(error, description)) is kind


def test_an_operator_reads_by_how_much_the_clock_is_off() -> None:
    error = error_of("invalid_request", "ESIA-007015: late.", skew=73.4)
    assert "+73 s" in error.operator_sentence("en")
    assert "+73 с" in error.operator_sentence("ru")
