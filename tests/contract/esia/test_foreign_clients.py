"""Clients written by others, unmodified, sign a person in at the stand-in; see the README in ``foreign``."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.identity.esia.certificates import Certificate
from tests.support.esia import MNEMONIC, MOTHER, RETURN_TO, Bench, bench
from tests.support.openssl import openssl

_HERE = Path(__file__).parent / "foreign"
_CLIENTS = Path(os.environ.get("MESH_FOREIGN_CLIENTS", Path(__file__).parents[3] / ".foreign"))
_HOW = "tests/contract/esia/foreign/README.md says how to get it"
_SCOPE = "openid fullname snils email mobile"
# Written into that client and not to be changed.
_ISSUER = "http://esia.gosuslugi.ru/"

_connector = _CLIENTS / "python" / "bin" / "python"
_esia = _CLIENTS / "node" / "node_modules" / "esia"


async def _signs_in(esia: Bench, command: Sequence[str]) -> dict[str, Any]:
    """What the client got, after a browser went where the client said and back with the code."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdin
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().strip()
            async with esia.browser() as browser:
                back = await browser.sign_in(address, MOTHER)
            told, complaints = await process.communicate(json.dumps(back).encode() + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    found: dict[str, Any] = json.loads(told)
    return found


def _expect_the_mother(found: Mapping[str, Any]) -> None:
    person = found["person"]
    assert (found["oid"], person["lastName"], person["snils"], person["trusted"]) == (
        MOTHER.oid,
        MOTHER.surname,
        "000-000-600 01",
        True,
    )
    assert [contact["value"] for contact in found["contacts"]["elements"]] == [
        contact.value for contact in MOTHER.contacts
    ]


def _pem(folder: Path) -> Path:
    """The client's certificate as these clients read it."""
    pem = folder / f"{MNEMONIC}.pem"
    openssl("x509", "-inform", "DER", "-in", str(folder / f"{MNEMONIC}.cer"), "-out", str(pem))
    return pem


def _public_key(folder: Path) -> Path:
    """ESIA's key, which that client wants without the certificate around it."""
    key = Certificate.read((folder / "esia-keys" / "esia-rsa.cer").read_bytes()).key
    file = folder / "esia.pub"
    file.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))  # type: ignore[union-attr]
    return file


@pytest.mark.skipif(not _connector.exists(), reason=f"no esia-connector in {_CLIENTS.name}: {_HOW}")
async def test_esia_connector_from_pypi_signs_a_person_in(tmp_path: Path) -> None:
    """Detached CMS; it checks the id token with its own library, issuer and audience included."""
    async with bench(tmp_path, kind="RSA", v1=True, stand={"issuer": _ISSUER}) as esia:
        settings = {
            "esia_client_id": MNEMONIC,
            "redirect_uri": RETURN_TO,
            "certificate_file": str(_pem(tmp_path)),
            "private_key_file": str(tmp_path / f"{MNEMONIC}.key"),
            "esia_service_url": esia.running.url,
            "esia_scope": _SCOPE,
            "esia_token_check_key": str(_public_key(tmp_path)),
        }
        command = (str(_connector), str(_HERE / "connector.py"), json.dumps(settings))
        _expect_the_mother(await _signs_in(esia, command))


@pytest.mark.skipif(
    not (_esia.exists() and shutil.which("node")), reason=f"no esia for Node in {_CLIENTS.name}: {_HOW}"
)
async def test_esia_from_npm_signs_a_person_in(tmp_path: Path) -> None:
    """Attached CMS, a new state for the token request, and a slash behind the person's number."""
    async with bench(tmp_path, kind="RSA", v1=True) as esia:
        settings = {
            "clientId": MNEMONIC,
            "redirectUri": RETURN_TO,
            "scope": _SCOPE,
            "esiaUrl": esia.running.url,
            "certificate": _pem(tmp_path).read_text(),
            "key": (tmp_path / f"{MNEMONIC}.key").read_text(),
        }
        command = ("node", str(_HERE / "esia.js"), str(_esia.parents[1]), json.dumps(settings))
        _expect_the_mother(await _signs_in(esia, command))
