"""What trips real client systems: each a case at the stand-in and a clear message in the client."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Literal
from uuid import uuid4

import httpx2
import pytest

from deploy.local.esia.keys import Kind, ensure_pair
from deploy.local.esia.systems import System
from services.identity.esia import (
    EsiaMisconfigured,
    EsiaScopeNotGranted,
    EsiaSettings,
    EsiaStateMismatch,
    EsiaTokenRefused,
    EsiaUnavailable,
    base64url,
    connect,
    requests,
)
from services.identity.esia.errors import error_of
from services.identity.esia.gost import arithmetic
from tests.support.esia import MNEMONIC, MOTHER, RETURN_TO, Bench, Raw, Reply, bench


async def _signs_in(esia: Bench) -> bool:
    try:
        return (await esia.profile(MOTHER)).oid == MOTHER.oid
    except EsiaTokenRefused:
        return False


async def _both(raw: Raw, **changes: str) -> list[Reply]:
    return [
        await raw.authorize(raw.parameters("ac", **changes)),
        await raw.token(raw.parameters("te", **changes)),
    ]


@pytest.mark.parametrize("usual_mistake", ["sha1", "sha256", "gost of the PEM", "another certificate"])
async def test_the_wrong_kind_of_certificate_hash_is_007053(
    esia: Bench, tmp_path: Path, usual_mistake: str
) -> None:
    der = esia.settings.certificate_file.read_bytes()
    hashed = {
        "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(der).hexdigest(),
        "gost of the PEM": arithmetic.digest(base64url.encode(der).encode()).hex(),
        "another certificate": arithmetic.digest(
            ensure_pair(tmp_path, "x", "GOST", "x").certificate.read_bytes()
        ).hex(),
    }[usual_mistake]
    async with esia.raw() as raw:
        replies = await _both(raw, client_certificate_hash=hashed.upper())
    assert [reply.code for reply in replies] == ["007053", "007053"]


async def test_the_hash_may_be_written_in_lower_case(esia: Bench) -> None:
    async with esia.raw() as raw:
        reply = await raw.authorize(raw.parameters("ac", client_certificate_hash=raw.hashed.lower()))
    assert reply.status == 200


async def test_only_the_path_was_changed_from_v1_to_v2(esia: Bench) -> None:
    """007014 naming the parameter that the first version did not have."""
    async with esia.raw() as raw:
        reply = await raw.token(raw.parameters("te") | {"client_certificate_hash": ""})
    assert reply.code == "007014"
    assert "client_certificate_hash" in reply.text


@pytest.mark.parametrize("kind", ["ac", "te"])
async def test_a_v2_request_signed_with_the_v1_string_is_007053(
    esia: Bench, kind: Literal["ac", "te"]
) -> None:
    async with esia.raw() as raw:
        right = raw.parameters(kind)
        names = ("scope", "timestamp", "client_id", "state")
        string = requests.signed_string_v1(**{name: right[name] for name in names})
        ask = raw.authorize if kind == "ac" else raw.token
        reply = await ask(right | {"client_secret": raw.secret(string)})
    assert reply.code == "007053"


async def test_a_code_left_out_of_the_signed_string_is_refused(esia: Bench) -> None:
    async with esia.raw() as raw:
        right = raw.parameters("te")
        names = ("client_id", "scope", "timestamp", "state", "redirect_uri")
        string = requests.signed_string(**{name: right[name] for name in names})
        reply = await raw.token(right | {"client_secret": raw.secret(string)})
    assert reply.code == "007053"


@pytest.mark.parametrize("order", ["reversed", "halves swapped"])
async def test_the_byte_order_of_cryptopro_is_refused(esia: Bench, order: str) -> None:
    async with esia.raw() as raw:
        right = raw.parameters("ac")
        signature = base64url.decode(right["client_secret"])
        wrong = signature[::-1] if order == "reversed" else signature[32:] + signature[:32]
        reply = await raw.authorize(right | {"client_secret": base64url.encode(wrong)})
    assert reply.code == "007053"


@pytest.mark.parametrize(
    "spelling",
    [
        lambda secret: secret,
        lambda secret: secret + "==",
        lambda secret: secret.replace("-", "+").replace("_", "/"),
        lambda secret: secret.replace("-", "+").replace("_", "/") + "==",
    ],
    ids=["base64url", "padded", "base64", "base64 padded"],
)
async def test_every_spelling_of_base64_is_accepted(esia: Bench, spelling: object) -> None:
    assert callable(spelling)
    async with esia.raw() as raw:
        right = raw.parameters("ac")
        reply = await raw.authorize(right | {"client_secret": spelling(right["client_secret"])})
    assert reply.status == 200


async def test_a_certificate_that_is_not_registered_is_007005(tmp_path: Path) -> None:
    async with bench(tmp_path, certificates=()) as esia:
        with pytest.raises(EsiaMisconfigured) as refused:
            await esia.esia.exchange("invented")
    assert refused.value.reason == "ESIA_CLIENT_FORBIDDEN"
    assert "not registered" in refused.value.operator_sentence("en")


async def test_a_new_key_of_esia_is_trusted_once_its_certificate_lies_in_the_folder(tmp_path: Path) -> None:
    """A rotation: refused while the certificate is unknown, accepted without a restart once it is there."""
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    async with (
        bench(tmp_path, client={"trusted_certificates": trusted}) as esia,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        (trusted / "first.zip").write_bytes((await http.get(f"{esia.running.url}/certificates.zip")).content)
        assert (await esia.profile(MOTHER)).oid == MOTHER.oid

        await http.post(f"{esia.running.url}/stand/rotate")
        with pytest.raises(EsiaTokenRefused) as refused:
            await esia.profile(MOTHER)
        assert refused.value.problem == "SIGNATURE"
        assert "trusted_certificates" in refused.value.operator_sentence("en")

        (trusted / "second.zip").write_bytes((await http.get(f"{esia.running.url}/certificates.zip")).content)
        async with asyncio.timeout(10):
            while not await _signs_in(esia):
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(("kind", "tokens"), [("GOST", "RS256"), ("RSA", "GOST")])
async def test_the_portals_signature_algorithm_is_that_of_tokens_not_of_the_client(
    tmp_path: Path, kind: Kind, tokens: str
) -> None:
    """A client that expects tokens signed like its own requests is told what the setting is about."""
    own = "GOST3410_2012_256" if kind == "GOST" else "RS256"
    settings = {"token_algorithms": own}
    async with bench(tmp_path, kind=kind, token_algorithm=tokens, client=settings) as esia:
        with pytest.raises(EsiaTokenRefused) as refused:
            await esia.profile(MOTHER)
    assert refused.value.problem == "ALGORITHM"
    assert "nothing to do with the system's own key" in refused.value.operator_sentence("en")


async def test_the_state_of_another_tab_is_refused_and_the_person_is_told(esia: Bench) -> None:
    first, second = uuid4(), uuid4()
    async with esia.browser() as browser:
        answer = await browser.sign_in(await esia.esia.authorization_url(first), MOTHER)
    with pytest.raises(EsiaStateMismatch) as refused:
        esia.esia.code_of(answer, state=second)
    assert "другой вкладке" in refused.value.person_sentence("ru")


async def test_403_names_the_scope_that_was_not_granted(tmp_path: Path) -> None:
    scopes = ("openid", "fullname")
    async with bench(tmp_path, scopes=scopes, client={"scopes": scopes}) as esia:
        tokens = await esia.esia.exchange(await esia.code(MOTHER))
        with pytest.raises(EsiaScopeNotGranted) as refused:
            await esia.esia.contacts(tokens)
    assert "ctts" in refused.value.operator_sentence("en")


@pytest.mark.parametrize("status", [200, 503])
async def test_an_html_page_is_not_parsed_as_json(tmp_path: Path, status: int) -> None:
    async with bench(tmp_path) as esia:
        code = await esia.code(MOTHER)
        esia.stand.switches.html = True
        esia.stand.switches.html_status = status
        with pytest.raises(EsiaUnavailable) as refused:
            await esia.esia.exchange(code)
    assert refused.value.reason == "ESIA_NOT_JSON"
    assert "text/html" in refused.value.operator_sentence("en")


async def test_a_clock_that_is_off_is_told_in_seconds(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        esia.stand.switches.clock_ahead = 600
        with pytest.raises(EsiaMisconfigured) as refused:
            await esia.esia.exchange("invented")
    assert refused.value.code == "007015"
    assert -602 <= int(refused.value.facts["seconds"]) <= -598


async def test_a_certificate_of_the_wrong_system_is_007002_with_its_remedy(tmp_path: Path) -> None:
    other = ensure_pair(tmp_path, "OTHER", "GOST", "OTHER")
    system = System(mnemonic="OTHER", certificates=(other.certificate,), redirect_uris=(RETURN_TO,))
    async with bench(tmp_path, others=[system]) as esia:
        mixed = EsiaSettings.model_validate(
            esia.settings.model_dump() | {"certificate_file": other.certificate, "key_file": other.key}
        )
        async with connect(mixed) as client:
            with pytest.raises(EsiaMisconfigured) as refused:
                await client.exchange("invented")
    assert (refused.value.code, mixed.client_id) == ("007002", MNEMONIC)
    assert "mend client_id" in refused.value.operator_sentence("en")


def test_names_of_parameters_are_taken_from_the_description_and_nothing_else() -> None:
    """Free text from outside stays out of our sentences and logs."""
    text = "ESIA-007014: The request doesn't contain the mandatory parameter [client_certificate_hash]. <b>x"
    error = error_of("invalid_request", text)
    assert error.facts == {"names": "client_certificate_hash"}
    assert "<b>" not in str(error)
