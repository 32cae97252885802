"""Which tokens the client believes: those that ESIA's key signed, for us, now, about one person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.esia.seal import Seal
from services.identity.esia import EsiaSettings, EsiaTokenRefused, base64url
from services.identity.esia.certificates import TrustedCertificates
from services.identity.esia.errors import TokenProblem
from services.identity.esia.gost.process import GostProcess
from services.identity.esia.tokens import TokenVerifier
from tests.support.esia import ISSUER, MNEMONIC

NOW = datetime.now(UTC).replace(microsecond=0)
_SECONDS = int(NOW.timestamp())
_OID = 1000000001

# As deep as the length allows: a parser that recurses must not fall over it.
_DEEP = f"{base64url.encode(b'[' * 5000)}.e30.AA"

Algorithm = Literal["RS256", "GOST"]


@dataclass
class Forge:
    """ESIA's seal, and a client that trusts it; its time is `NOW`."""

    folder: Path
    seal: Seal
    verifier: TokenVerifier

    async def access(self, algorithm: Algorithm = "RS256", **changes: object) -> str:
        claims = {
            "nbf": _SECONDS,
            "iat": _SECONDS,
            "exp": _SECONDS + 3600,
            "iss": ISSUER,
            "client_id": MNEMONIC,
            "scope": f"openid fullname?oid={_OID}",
            "urn:esia:sbj_id": _OID,
        }
        return await self.seal.signed("access", _changed(claims, changes), algorithm)

    async def identity(self, **changes: object) -> str:
        claims = {
            "aud": MNEMONIC,
            "sub": _OID,
            "iat": _SECONDS,
            "exp": _SECONDS + 3600,
            "iss": ISSUER,
            "urn:esia:sbj": {"urn:esia:sbj:oid": _OID, "urn:esia:sbj:lvl": "PR"},
        }
        return await self.seal.signed("id", _changed(claims, changes), "RS256")


def _changed(claims: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


@pytest.fixture(scope="module")
async def forge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Forge]:
    folder = tmp_path_factory.mktemp("forge")
    async with GostProcess() as gost:
        seal = Seal(folder, gost)
        yield Forge(folder, seal, TokenVerifier(client_settings(folder), trusting(folder), gost, lambda: NOW))


def client_settings(folder: Path, **changes: object) -> EsiaSettings:
    known = {
        "client_id": MNEMONIC,
        "redirect_uri": "http://diary.test/",
        "issuer": ISSUER,
        "certificate_file": folder / "x.cer",
        "key_file": folder / "x.key",
        "trusted_certificates": folder,
    }
    return EsiaSettings.model_validate({**known, **changes})


def trusting(folder: Path) -> TrustedCertificates:
    return TrustedCertificates(folder, every=0)


async def _refused(forge: Forge, token: str, problem: TokenProblem) -> None:
    with pytest.raises(EsiaTokenRefused) as refused:
        await forge.verifier.access(token)
    assert refused.value.problem == problem


@pytest.mark.parametrize("algorithm", ["RS256", "GOST"])
async def test_a_good_token_is_believed(forge: Forge, algorithm: Algorithm) -> None:
    access = await forge.verifier.access(await forge.access(algorithm))
    assert (access.oid, access.scopes) == (_OID, ("openid", "fullname"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"iss": "http://esia.gosuslugi.ru"}, "ISSUER"),
        ({"iss": "https://esia-portal1.test.gosuslugi.ru/"}, "ISSUER"),
        ({"client_id": "OTHER"}, "AUDIENCE"),
        ({"exp": _SECONDS - 61}, "TIME"),
        ({"nbf": _SECONDS + 61}, "TIME"),
        ({"iat": _SECONDS + 61}, "TIME"),
        ({"exp": ...}, "MALFORMED"),
        ({"iat": ...}, "MALFORMED"),
        ({"exp": str(_SECONDS + 3600)}, "MALFORMED"),
        ({"exp": True}, "MALFORMED"),
        ({"urn:esia:sbj_id": ...}, "MALFORMED"),
        ({"urn:esia:sbj_id": 0}, "MALFORMED"),
        ({"urn:esia:sbj_id": "12a"}, "MALFORMED"),
        ({"scope": ["openid"]}, "MALFORMED"),
        ({"scope": "fullname?oid=1000000002"}, "SUBJECT"),
    ],
)
async def test_a_claim_that_does_not_hold_is_named(
    forge: Forge, changes: dict[str, Any], problem: TokenProblem
) -> None:
    await _refused(forge, await forge.access(**changes), problem)


@pytest.mark.parametrize("changes", [{"exp": _SECONDS - 59}, {"nbf": _SECONDS + 59}, {"iat": _SECONDS + 59}])
async def test_clocks_may_differ_by_a_minute_both_ways(forge: Forge, changes: dict[str, Any]) -> None:
    """A27."""
    assert (await forge.verifier.access(await forge.access(**changes))).oid == _OID


@pytest.mark.parametrize("subject", [_OID, str(_OID)])
async def test_a_subject_is_a_number_or_a_string_of_digits(forge: Forge, subject: object) -> None:
    token = await forge.identity(sub=subject)
    assert (await forge.verifier.identity(token, oid=_OID)).level == "PR"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sub": 1000000002}, "SUBJECT"),
        ({"urn:esia:sbj": {"urn:esia:sbj:oid": 1000000002}}, "SUBJECT"),
        ({"urn:esia:sbj": "P"}, "MALFORMED"),
        ({"aud": "OTHER"}, "AUDIENCE"),
        ({"aud": ...}, "AUDIENCE"),
        ({"urn:esia:sbj": {"urn:esia:sbj:oid": _OID, "urn:esia:sbj:lvl": 1}}, "MALFORMED"),
    ],
)
async def test_an_id_token_of_another_person_or_system_is_refused(
    forge: Forge, changes: dict[str, Any], problem: TokenProblem
) -> None:
    """A3."""
    with pytest.raises(EsiaTokenRefused) as refused:
        await forge.verifier.identity(await forge.identity(**changes), oid=_OID)
    assert refused.value.problem == problem


async def test_confirmed_is_only_what_is_literally_true(forge: Forge) -> None:
    subject = {"urn:esia:sbj:oid": _OID, "urn:esia:sbj:is_tru": "true"}
    token = await forge.identity(**{"urn:esia:sbj": subject})
    assert not (await forge.verifier.identity(token, oid=_OID)).confirmed


async def test_one_kind_of_token_is_not_taken_for_another(forge: Forge) -> None:
    """An id token or a code shown as an access token."""
    await _refused(forge, await forge.identity(), "TYPE")


def _with_header(token: str, **changes: object) -> str:
    head, body, signature = token.split(".")
    header: dict[str, Any] = json.loads(base64url.decode(head))
    return f"{base64url.encode(json.dumps({**header, **changes}).encode())}.{body}.{signature}"


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "RS512", "ES256", None, 256])
async def test_an_algorithm_off_the_list_is_refused(forge: Forge, algorithm: object) -> None:
    """A4."""
    await _refused(forge, _with_header(await forge.access(), alg=algorithm), "ALGORITHM")


async def test_a_public_key_used_as_an_hmac_secret_signs_nothing(forge: Forge) -> None:
    """A4: the classic confusion."""
    head, body, _ = _with_header(await forge.access(), alg="HS256").split(".")
    code = hmac.HMAC((forge.folder / "esia-rsa.cer").read_bytes(), hashes.SHA256())
    code.update(f"{head}.{body}".encode())
    await _refused(forge, f"{head}.{body}.{base64url.encode(code.finalize())}", "ALGORITHM")


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c", "crit"])
async def test_a_token_may_not_bring_its_own_key(forge: Forge, name: str) -> None:
    """A4: also where the signature would hold."""
    await _refused(forge, _with_header(await forge.access(), **{name: "x"}), "ALGORITHM")


async def test_an_algorithm_needs_a_certificate_of_its_kind(forge: Forge, tmp_path: Path) -> None:
    (tmp_path / "only-gost.cer").write_bytes((forge.folder / "esia-gost.cer").read_bytes())
    async with GostProcess() as gost:
        verifier = TokenVerifier(client_settings(tmp_path), trusting(tmp_path), gost, lambda: NOW)
        with pytest.raises(EsiaTokenRefused) as refused:
            await verifier.access(await forge.access("RS256"))
        assert refused.value.problem == "KEY"
        assert (await verifier.access(await forge.access("GOST"))).oid == _OID


async def test_an_expired_certificate_is_trusted_only_where_that_is_set(tmp_path: Path) -> None:
    async with GostProcess() as gost:
        seal = Seal(tmp_path, gost)
        forge = Forge(tmp_path, seal, TokenVerifier(client_settings(tmp_path), trusting(tmp_path), gost))
        token = await forge.access()
        later = NOW + timedelta(days=2000)
        for accept, problem in ((False, "KEY"), (True, "TIME")):
            set_so = client_settings(tmp_path, accept_expired_certificates=accept)
            verifier = TokenVerifier(set_so, trusting(tmp_path), gost, lambda: later)
            with pytest.raises(EsiaTokenRefused) as refused:
                await verifier.access(token)
            assert refused.value.problem == problem


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "e30.e30.", "W10.e30.AA", "x" * 20_000, _DEEP]
)
async def test_what_is_no_token_is_malformed_or_unsigned(forge: Forge, token: str) -> None:
    with pytest.raises(EsiaTokenRefused) as refused:
        await forge.verifier.access(token)
    assert refused.value.problem in {"MALFORMED", "ALGORITHM"}


@pytest.mark.parametrize("algorithm", ["RS256", "GOST"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(where=st.floats(0, 1, exclude_max=True), other=st.characters(codec="ascii"))
async def test_any_changed_character_of_a_token_is_refused(
    forge: Forge, algorithm: Algorithm, where: float, other: str
) -> None:
    token = await forge.access(algorithm)
    at = int(where * len(token))
    changed = token[:at] + other + token[at + 1 :]
    if changed == token:
        assert (await forge.verifier.access(changed)).oid == _OID
    else:
        with pytest.raises(EsiaTokenRefused):
            await forge.verifier.access(changed)
