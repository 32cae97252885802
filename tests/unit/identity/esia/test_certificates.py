"""The folder of trusted certificates: read again when it changes, and one bad file spoils no other."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from deploy.local.esia.keys import KeyPair, new_pair
from services.identity.esia.certificates import TrustedCertificates


@pytest.fixture(scope="module")
def pairs() -> tuple[KeyPair, KeyPair]:
    return new_pair("GOST", "one"), new_pair("RSA", "two")


def test_a_certificate_counts_once_its_file_is_there_and_no_longer_when_it_is_gone(
    tmp_path: Path, pairs: tuple[KeyPair, KeyPair]
) -> None:
    trusted = TrustedCertificates(tmp_path, every=0)
    assert trusted.all() == ()
    (tmp_path / "one.cer").write_bytes(pairs[0].certificate)
    assert [found.der for found in trusted.all()] == [pairs[0].certificate]
    (tmp_path / "two.crt").write_bytes(pairs[1].certificate)
    assert {found.algorithm for found in trusted.all()} == {"GOST3410_2012_256", "RS256"}
    (tmp_path / "one.cer").unlink()
    assert [found.der for found in trusted.all()] == [pairs[1].certificate]


def test_a_file_that_was_rewritten_is_read_again(tmp_path: Path, pairs: tuple[KeyPair, KeyPair]) -> None:
    file = tmp_path / "esia.cer"
    file.write_bytes(pairs[0].certificate)
    trusted = TrustedCertificates(tmp_path, every=0)
    assert trusted.all()[0].der == pairs[0].certificate
    file.write_bytes(pairs[1].certificate)
    os.utime(file, ns=(1, 1))
    assert trusted.all()[0].der == pairs[1].certificate


def test_esias_zip_may_be_put_there_as_it_is(tmp_path: Path, pairs: tuple[KeyPair, KeyPair]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/one.cer", pairs[0].certificate)
        archive.writestr("readme.txt", "read me")
    (tmp_path / "esia.zip").write_bytes(packed.getvalue())
    (tmp_path / "again.cer").write_bytes(pairs[0].certificate)
    assert len(TrustedCertificates(tmp_path).all()) == 1


def test_one_bad_file_spoils_no_other_and_is_named(tmp_path: Path, pairs: tuple[KeyPair, KeyPair]) -> None:
    (tmp_path / "good.cer").write_bytes(pairs[0].certificate)
    (tmp_path / "bad.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    (tmp_path / "key.pem").write_bytes(pairs[0].key)
    trusted = TrustedCertificates(tmp_path)
    assert len(trusted.all()) == 1
    assert trusted.problems().keys() == {"bad.pem", "bad.zip", "key.pem"}


def test_a_missing_folder_is_an_empty_one(tmp_path: Path) -> None:
    assert TrustedCertificates(tmp_path / "none").all() == ()
