"""The strings that are signed, and how parameters travel."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from services.identity.esia import base64url, requests

_PARTS = {
    "client_id": "DIARY77",
    "scope": "openid fullname",
    "timestamp": "2026.09.01 08:00:00 +0000",
    "state": "48d1a8dc-0b7d-418a-b4ef-2c7797f77dc9",
    "redirect_uri": "https://diary.test/return",
}


def test_v2_signs_client_scope_time_state_redirect() -> None:
    assert requests.signed_string(**_PARTS) == (
        b"DIARY77openid fullname2026.09.01 08:00:00 +0000"
        b"48d1a8dc-0b7d-418a-b4ef-2c7797f77dc9https://diary.test/return"
    )


def test_scope_org_stands_behind_scope_and_the_code_at_the_end() -> None:
    signed = requests.signed_string(**_PARTS, scope_org="org", code="CODE")
    assert signed.startswith(b"DIARY77openid fullnameorg2026")
    assert signed.endswith(b"/returnCODE")


def test_v1_signs_scope_time_client_state() -> None:
    parts = {name: value for name, value in _PARTS.items() if name != "redirect_uri"}
    assert requests.signed_string_v1(**parts) == (
        b"openid fullname2026.09.01 08:00:00 +0000DIARY7748d1a8dc-0b7d-418a-b4ef-2c7797f77dc9"
    )


def test_a_timestamp_has_an_offset_without_colon_whatever_the_zone() -> None:
    moscow = datetime(2026, 9, 1, 11, 0, tzinfo=timezone(timedelta(hours=3)))
    assert requests.timestamp(moscow) == "2026.09.01 08:00:00 +0000"


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        requests.timestamp(datetime(2026, 9, 1))  # noqa: DTZ001 - that is the point


def test_plus_and_space_travel_so_that_no_reader_takes_one_for_the_other() -> None:
    query = requests.query({"timestamp": "2026.09.01 08:00:00 +0000"})
    assert query == "timestamp=2026.09.01%2008%3A00%3A00%20%2B0000"
    assert parse_qs(query) == {"timestamp": ["2026.09.01 08:00:00 +0000"]}


def test_states_are_uuids_and_never_the_same() -> None:
    states = {requests.new_state() for _ in range(100)}
    assert len(states) == 100
    assert all(str(UUID(state)) == state for state in states)


def test_the_pkce_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert requests.pkce_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("text", ["a", "ab=", "a+b/", "aab\n", "QUJDRB", "é"])
def test_base64url_has_one_spelling_per_value(text: str) -> None:
    """Padding, another alphabet, line breaks and stray low bits are refused where a token is read."""
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)


def test_base64url_there_and_back() -> None:
    data = bytes(range(256))
    assert base64url.decode(base64url.encode(data)) == data
