"""The stand-in refuses what ESIA refuses, with ESIA's codes: each row provoked by a request alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.esia.keys import ensure_pair
from deploy.local.esia.refusals import REFUSED
from deploy.local.esia.systems import System
from services.identity.esia import requests
from services.identity.esia.errors import KNOWN
from services.identity.esia.gost import arithmetic
from tests.support.esia import MOTHER, RETURN_TO, Bench, bench

_LONG_AGO = requests.timestamp(datetime.now(UTC) - timedelta(hours=1))
_AHEAD = requests.timestamp(datetime.now(UTC) + timedelta(hours=1))

# What is wrong → ESIA's code, the OAuth error. The signature fits each request, so nothing else is wrong.
_BOTH: list[tuple[dict[str, str | None], str, str]] = [
    ({"client_id": None}, "007014", "invalid_request"),
    ({"client_id": "NOBODY"}, "007005", "unauthorized_client"),
    ({"client_certificate_hash": None}, "007014", "invalid_request"),
    ({"client_secret": None}, "007014", "invalid_request"),
    ({"state": None}, "007014", "invalid_request"),
    ({"timestamp": None}, "007014", "invalid_request"),
    ({"state": "12345"}, "007003", "invalid_request"),
    ({"timestamp": "2026-01-01T00:00:00Z"}, "007003", "invalid_request"),
    ({"timestamp": "2026.01.01 00:00:00 +00:00"}, "007003", "invalid_request"),
    ({"scope": None}, "007013", "invalid_scope"),
    ({"scope": " "}, "007013", "invalid_scope"),
    ({"timestamp": _LONG_AGO}, "007015", "invalid_request"),
    ({"timestamp": _AHEAD}, "007015", "invalid_request"),
    ({"redirect_uri": RETURN_TO + "/"}, "007023", "invalid_request"),
    ({"client_secret": "AAAA"}, "007053", "unauthorized_client"),
    ({"client_secret": "not base64url!"}, "007053", "unauthorized_client"),
    ({"client_certificate_hash": "0" * 64}, "007053", "unauthorized_client"),
]
_AUTHORIZE: list[tuple[dict[str, str | None], str, str]] = [
    ({"response_type": "token"}, "007003", "invalid_request"),
    ({"access_type": "sometimes"}, "007003", "invalid_request"),
    ({"scope": "openid no_such_scope"}, "007006", "invalid_scope"),
    ({"scope": "openid vehicles"}, "007019", "access_denied"),
    ({"person_filter": "AAAA"}, "007003", "invalid_request"),
]
_TOKEN: list[tuple[dict[str, str | None], str, str]] = [
    ({"token_type": "MAC"}, "007003", "invalid_request"),
    ({"grant_type": "password"}, "007003", "unsupported_grant_type"),
    ({"code": None}, "007014", "invalid_request"),
    ({"code": "invented"}, "007011", "invalid_grant"),
    ({"grant_type": "refresh_token", "refresh_token": "invented"}, "007011", "invalid_grant"),
    ({"grant_type": "client_credentials"}, "007019", "access_denied"),
]


def test_each_code_is_known_to_both_sides_and_provoked_by_a_request() -> None:
    """All but two: that ESIA is broken or overloaded is switched on."""
    provoked = {code for _, code, _ in _BOTH + _AUTHORIZE + _TOKEN}
    # Tests of their own: another system's certificate, a person's refusal, PKCE, `person_filter`.
    provoked |= {"007002", "007004", "007039", "007040", "007055"}
    assert provoked | {"007007", "007008"} == REFUSED == KNOWN


@pytest.mark.parametrize(("changes", "code", "error"), _BOTH + _AUTHORIZE)
async def test_an_authorisation_request_is_refused(
    esia: Bench, changes: dict[str, str | None], code: str, error: str
) -> None:
    """By redirect, unless the address to go to is itself in doubt: then on a page."""
    async with esia.raw() as raw:
        reply = await raw.authorize(raw.parameters("ac", **changes))

    on_a_page = {"client_id", "redirect_uri"} & changes.keys()
    assert (reply.code, reply.status) == (code, 400 if on_a_page else 302)
    assert reply.error == (None if on_a_page else error)


@pytest.mark.parametrize(("changes", "code", "error"), _BOTH + _TOKEN)
async def test_a_token_request_is_refused(
    esia: Bench, changes: dict[str, str | None], code: str, error: str
) -> None:
    """As JSON with HTTP 400."""
    async with esia.raw() as raw:
        reply = await raw.token(raw.parameters("te", **changes))

    assert (reply.code, reply.error, reply.status) == (code, error, 400)


async def test_a_parameter_given_twice_is_refused(esia: Bench) -> None:
    async with esia.raw() as raw:
        query = requests.query(raw.parameters("ac"))
        response = await raw.http.get(f"{raw.url}/aas/oauth2/v2/ac?{query}&scope=openid")
    assert "ESIA-007003" in response.text


async def test_the_certificate_of_another_system_is_named_as_such(tmp_path: Path) -> None:
    """007002: the hash is known, but it is not this system's."""
    other = ensure_pair(tmp_path, "OTHER", "GOST", "OTHER")
    system = System(
        mnemonic="OTHER", certificates=(other.certificate,), redirect_uris=("http://other.test/",)
    )
    hashed = arithmetic.digest(other.certificate.read_bytes()).hex().upper()
    async with bench(tmp_path, others=[system]) as esia, esia.raw() as raw:
        reply = await raw.authorize(raw.parameters("ac", client_certificate_hash=hashed))
    assert reply.code == "007002"


@pytest.mark.parametrize("changes", [{"certificates": ()}, {"enabled": False}])
async def test_a_system_without_certificate_or_switched_off_may_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    async with bench(tmp_path, **changes) as esia, esia.raw() as raw:
        assert (await raw.authorize(raw.parameters("ac"))).code == "007005"
        assert (await raw.token(raw.parameters("te"))).code == "007005"


async def test_pkce_is_demanded_and_checked(tmp_path: Path) -> None:
    """007039 without a challenge, 007040 for another verifier, tokens for the right one."""
    async with bench(tmp_path, pkce=True) as esia, esia.raw() as raw:
        assert (await raw.authorize(raw.parameters("ac"))).code == "007039"

        challenge = requests.pkce_challenge("v" * 43)
        for verifier, code in (("w" * 43, "007040"), ("v" * 43, None)):
            query = requests.query(raw.parameters("ac", code_challenge=challenge))
            async with esia.browser() as browser:
                answer = await browser.sign_in(f"{raw.url}/aas/oauth2/v2/ac?{query}", MOTHER)
            sent = raw.parameters("te", code=answer["code"], code_verifier=verifier)
            assert (await raw.token(sent)).code == code


@pytest.mark.parametrize(
    ("person_filter", "passes"), [("conf_acc", True), ("acc_kid", False), ("acc_not_kid", True)]
)
async def test_a_person_filter_lets_only_its_persons_through(
    esia: Bench, person_filter: str, passes: bool
) -> None:
    async with esia.raw() as raw, esia.browser() as browser:
        encoded = requests.person_filter(person_filter)
        query = requests.query(raw.parameters("ac", person_filter=encoded))
        answer = await browser.sign_in(f"{raw.url}/aas/oauth2/v2/ac?{query}", MOTHER)
    assert ("code" in answer) is passes
    assert ("ESIA-007055" in answer.get("error_description", "")) is not passes


async def test_a_code_is_not_for_another_redirect_or_scope(tmp_path: Path) -> None:
    """007011, and the code is not spent by whoever asks wrongly."""
    elsewhere = "http://diary.test/other"
    async with bench(tmp_path, redirect_uris=(RETURN_TO, elsewhere)) as esia, esia.raw() as raw:
        async with esia.browser() as browser:
            query = requests.query(raw.parameters("ac"))
            answer = await browser.sign_in(f"{raw.url}/aas/oauth2/v2/ac?{query}", MOTHER)
        code = answer["code"]
        assert (await raw.token(raw.parameters("te", code=code, redirect_uri=elsewhere))).code == "007011"
        assert (await raw.token(raw.parameters("te", code=code, scope="openid"))).code == "007011"
        assert (await raw.token(raw.parameters("te", code=code))).status == 200


async def test_the_answer_of_the_token_endpoint_has_esias_shape(esia: Bench) -> None:
    async with esia.raw() as raw:
        async with esia.browser() as browser:
            query = requests.query(raw.parameters("ac", access_type="offline"))
            answer = await browser.sign_in(f"{raw.url}/aas/oauth2/v2/ac?{query}", MOTHER)
        sent = raw.parameters("te", code=answer["code"])
        response = await raw.http.post(f"{raw.url}/aas/oauth2/v3/te", data=sent)

    body = response.json()
    assert body.keys() == {
        "access_token",
        "id_token",
        "refresh_token",
        "state",
        "token_type",
        "expires_in",
    }
    assert (body["state"], body["token_type"], body["expires_in"]) == (sent["state"], "Bearer", 3600)
