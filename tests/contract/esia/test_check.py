"""The operator's self-test: all well against a good stand, and each fault named with its remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.local.esia.commands import check_connection, make_keys
from deploy.local.esia.keys import ensure_pair
from services.identity.esia import EsiaSettings
from services.identity.esia.certificates import Certificate
from services.identity.esia.check import Line, check
from services.identity.esia.gost.keys import GostPrivateKey
from tests.support.esia import Bench, bench, signing_command


async def _lines(esia: Bench, **changes: object) -> list[Line]:
    settings = EsiaSettings.model_validate(esia.settings.model_dump() | changes)
    return [line async for line in check(settings)]


def _wrong(lines: list[Line]) -> list[str]:
    return [f"{line.what} → {line.remedy}" for line in lines if line.verdict != "well"]


async def test_a_good_connection_is_well_in_every_line(esia: Bench) -> None:
    lines = await _lines(esia)
    assert _wrong(lines) == []
    said = "\n".join(line.what for line in lines)
    for expected in ("client_certificate_hash", "signer gost", "our clock", "v2/ac", "v3/te"):
        assert expected in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"certificate_file": "nowhere.cer"}, "Set certificate_file"),
        ({"certificate_hash": "0" * 64}, "hash the DER by GOST"),
        ({"key_file": "nowhere.key"}, "could not be signed"),
        ({"trusted_certificates": "nowhere"}, "Put ESIA's certificates"),
        ({"base_url": "http://127.0.0.1:9"}, "Check base_url"),
        ({"client_id": "OTHER"}, "007005"),
        ({"redirect_uri": "http://diary.test/other"}, "letter by letter"),
        ({"scopes": "openid vehicles"}, "Remove the scope"),
        ({"scopes": "openid invented"}, "does not know a requested scope"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_fault_is_told_with_its_remedy(esia: Bench, changes: dict[str, object], told: str) -> None:
    assert any(told in line for line in _wrong(await _lines(esia, **changes)))


async def test_a_reversed_signature_is_recognised(esia: Bench) -> None:
    lines = await _lines(esia, signer="command", sign_command=signing_command(esia, "reversed"))
    assert any("signature_order" in line for line in _wrong(lines))


async def test_a_clock_that_is_off_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path) as esia:
        esia.stand.switches.clock_ahead = 120
        lines = await _lines(esia)
        esia.stand.switches.clock_ahead = 600
        refused = await _lines(esia)
    # A Date has whole seconds, and the answer takes its time.
    assert any(re.search(r"-1(19|20|21) s .*NTP", line) for line in _wrong(lines))
    told = [line for line in _wrong(refused) if "007015" in line]
    assert len(told) == 2, "both requests"
    assert all(re.search(r"off by -(599|600|601) s", line) for line in told)


async def test_an_unregistered_certificate_is_told(tmp_path: Path) -> None:
    other = ensure_pair(tmp_path / "other", "x", "GOST", "x")
    async with bench(tmp_path) as esia:
        lines = await _lines(esia, certificate_file=other.certificate, key_file=other.key)
    assert any("007053" in line for line in _wrong(lines))


@pytest.mark.parametrize("kind", ["GOST", "RSA"])
def test_keys_are_made_once_and_fit_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    arguments = ["--name", "DIARY77", "--folder", str(tmp_path), "--kind", kind]
    assert make_keys(arguments) == 0
    assert "client_certificate_hash" in capsys.readouterr().out
    key = tmp_path / "DIARY77.key"
    assert key.stat().st_mode & 0o077 == 0
    certificate = Certificate.read((tmp_path / "DIARY77.cer").read_bytes())
    if kind == "GOST":
        assert GostPrivateKey.of_file(key.read_bytes()).public() == certificate.key
    before = key.read_bytes()
    assert make_keys(arguments) == 2
    assert key.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert make_keys(["--name", "DIARY77", "--folder", str(tmp_path / "file" / "inside")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_without_settings_the_self_test_names_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESH_SETTINGS_FILE", raising=False)
    monkeypatch.setenv("MESH_ESIA__CLIENT_ID", "DIARY77")
    assert check_connection([]) == 2
    assert "MESH_ESIA__REDIRECT_URI" in capsys.readouterr().err
