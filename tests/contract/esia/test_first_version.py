"""The deprecated first version: CMS signatures by OpenSSL, detached and attached, GOST and RSA."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote_plus, urlsplit
from uuid import uuid4

import httpx2
import pytest

from deploy.local.esia.keys import Kind
from services.identity.esia import base64url, requests
from services.identity.esia.gost import arithmetic
from tests.support.esia import MNEMONIC, MOTHER, RETURN_TO, Bench, bench, returned
from tests.support.openssl import needs_gost_engine, openssl


def cms(folder: Path, kind: Kind, data: bytes, options: Sequence[str] = ()) -> bytes:
    """A CMS SignedData of ``data`` (DER) by the client system's key, as PHP and npm clients make it."""
    pem = folder / f"{MNEMONIC}.pem"
    engine = ("-engine", "gost") if kind == "GOST" else ()
    openssl("x509", *engine, "-inform", "DER", "-in", str(folder / f"{MNEMONIC}.cer"), "-out", str(pem))
    keys = ("-signer", str(pem), "-inkey", str(folder / f"{MNEMONIC}.key"))
    return openssl("smime", "-sign", *engine, "-binary", *options, "-outform", "DER", *keys, data=data)


def _asked(**changes: str) -> dict[str, str]:
    return {
        "client_id": MNEMONIC,
        "scope": "openid fullname",
        "timestamp": requests.timestamp(datetime.now(UTC)),
        "state": str(uuid4()),
        "redirect_uri": RETURN_TO,
        "response_type": "code",
        "access_type": "online",
        **changes,
    }


def _string(asked: dict[str, str]) -> bytes:
    return requests.signed_string_v1(
        **{name: asked[name] for name in ("scope", "timestamp", "client_id", "state")}
    )


async def _code_of(esia: Bench, asked: dict[str, str], secret: bytes) -> str | None:
    """The code, or None and ESIA's refusal was 007053."""
    query = requests.query(asked | {"client_secret": base64url.encode(secret)})
    async with esia.browser() as browser:
        left = await browser.open(f"{esia.running.url}/aas/oauth2/ac?{query}")
        if left.startswith(RETURN_TO):
            answer = dict(parse_qsl(urlsplit(left).query))
            found = re.search(r"ESIA-\d{6}", answer["error_description"])
            assert found is not None
            assert found.group() == "ESIA-007053"
            return None
        page = await browser.send(left, "/login", login=MOTHER.login, password=MOTHER.password)
        return returned(await browser.send(page, "/consent", decision="provide"))["code"]


@pytest.mark.parametrize("kind", [pytest.param("GOST", marks=needs_gost_engine), "RSA"])
@pytest.mark.parametrize("options", [[], ["-noattr"], ["-nodetach"], ["-nodetach", "-noattr"], ["-nocerts"]])
async def test_a_client_of_the_first_version_signs_in(tmp_path: Path, kind: Kind, options: list[str]) -> None:
    async with bench(tmp_path, kind=kind, v1=True) as esia, httpx2.AsyncClient(trust_env=False) as http:
        asked = _asked()
        code = await _code_of(esia, asked, cms(tmp_path, kind, _string(asked), options))
        assert code is not None

        sent = _asked(grant_type="authorization_code", token_type="Bearer", code=code)
        sent["client_secret"] = base64url.encode(cms(tmp_path, kind, _string(sent), options))
        answer = (await http.post(f"{esia.running.url}/aas/oauth2/te", data=sent)).json()
        assert (answer["state"], answer["token_type"]) == (sent["state"], "Bearer")


@pytest.mark.parametrize("options", [[], ["-noattr"], ["-nodetach"]])
async def test_a_signature_of_something_else_is_refused(tmp_path: Path, options: list[str]) -> None:
    async with bench(tmp_path, kind="RSA", v1=True) as esia:
        asked = _asked()
        secret = cms(tmp_path, "RSA", _string(asked) + b".", options)
        assert await _code_of(esia, asked, secret) is None


@pytest.mark.parametrize("secret", [b"", b"nonsense", bytes(64), b"\x30\x80"])
async def test_what_is_no_cms_is_refused(tmp_path: Path, secret: bytes) -> None:
    async with bench(tmp_path, kind="RSA", v1=True) as esia:
        assert await _code_of(esia, _asked(), secret or b"\x00") is None


async def test_any_cut_of_a_cms_is_refused_and_breaks_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, kind="RSA", v1=True) as esia:
        asked = _asked()
        whole = cms(tmp_path, "RSA", _string(asked))
        for size in range(1, len(whole), 97):
            assert await _code_of(esia, asked, whole[:size]) is None


async def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    """The certificate inside the CMS proves nothing: only registered ones count."""
    stranger = tmp_path / "stranger"
    async with bench(stranger, kind="RSA", v1=True):
        asked = _asked()
        secret = cms(stranger, "RSA", _string(asked))
    async with bench(tmp_path, kind="RSA", v1=True) as esia:
        assert await _code_of(esia, asked, secret) is None


@pytest.mark.parametrize("kind", [pytest.param("GOST", marks=needs_gost_engine), "RSA"])
@pytest.mark.parametrize("path", ["v2/ac", "v3/te"])
async def test_a_cms_where_raw_bytes_are_due_is_007053(tmp_path: Path, kind: Kind, path: str) -> None:
    """The second version's string and hash, with the signature of the first."""
    async with bench(tmp_path, kind=kind, v1=True) as esia, httpx2.AsyncClient(trust_env=False) as http:
        asked = _asked(grant_type="authorization_code", token_type="Bearer", code="invented")
        code = {"code": asked["code"]} if path == "v3/te" else {}
        names = ("client_id", "scope", "timestamp", "state", "redirect_uri")
        string = requests.signed_string(**{name: asked[name] for name in names}, **code)
        der = esia.settings.certificate_file.read_bytes()
        asked |= {
            "client_certificate_hash": arithmetic.digest(der).hex().upper(),
            "client_secret": base64url.encode(cms(tmp_path, kind, string)),
        }
        answer = await http.post(f"{esia.running.url}/aas/oauth2/{path}", data=asked)
    told = answer.text if path == "v3/te" else unquote_plus(answer.headers["location"])
    assert "ESIA-007053" in told


async def test_the_first_version_is_closed_unless_opened(esia: Bench) -> None:
    async with esia.raw() as raw:
        asked = await raw.authorize(raw.parameters("ac"), path="/aas/oauth2/ac")
        told = await raw.token(raw.parameters("te"), path="/aas/oauth2/te")
    assert (asked.code, told.code) == ("007005", "007005")
