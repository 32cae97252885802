"""GOST in the order of the wire, cross-checked with OpenSSL's gost engine both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from gostcrypto import gostsignature
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.esia.keys import new_pair
from services.identity.esia.certificates import Certificate
from services.identity.esia.gost import arithmetic
from services.identity.esia.gost.keys import GostPrivateKey, GostPublicKey
from tests.support.openssl import needs_gost_engine, openssl

# Every 256-bit set the engine offers: CryptoPro's A, B, C, the two for key exchange, and TC 26's.
_SETS = ("A", "B", "C", "XA", "XB", "TCA", "TCB", "TCC", "TCD")


@pytest.fixture
def key_file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A key that OpenSSL made on the curve set named by the parameter."""
    file = tmp_path / "key.pem"
    option = f"paramset:{request.param}"
    arguments = ("-engine", "gost", "-algorithm", "gost2012_256", "-pkeyopt", option, "-out", str(file))
    openssl("genpkey", *arguments)
    return file


@needs_gost_engine
@pytest.mark.parametrize("key_file", _SETS, indirect=True)
def test_openssls_key_is_read_and_written_to_the_byte(key_file: Path) -> None:
    key = GostPrivateKey.of_file(key_file.read_bytes())
    public = openssl("pkey", "-engine", "gost", "-in", str(key_file), "-pubout", "-outform", "DER")
    assert key.pem() == key_file.read_bytes()
    assert key.public().info() == public
    assert GostPublicKey.of_info(public) == key.public()


@needs_gost_engine
@pytest.mark.parametrize("key_file", _SETS, indirect=True)
def test_openssls_signature_is_believed_and_no_other(key_file: Path) -> None:
    key = GostPrivateKey.of_file(key_file.read_bytes())
    data = b"signed by the engine"
    signature = openssl("dgst", "-engine", "gost", "-md_gost12_256", "-sign", str(key_file), data=data)
    public = key.public()
    assert arithmetic.verify(public.point, public.curve, data, signature)
    assert not arithmetic.verify(public.point, public.curve, data + b".", signature)
    assert not arithmetic.verify(public.point, public.curve, data, signature[::-1])


@needs_gost_engine
@pytest.mark.parametrize("key_file", _SETS, indirect=True)
def test_openssl_believes_our_signature(key_file: Path, tmp_path: Path) -> None:
    key = GostPrivateKey.of_file(key_file.read_bytes())
    data = b"signed by gostcrypto"
    (tmp_path / "signature").write_bytes(arithmetic.sign(key.value, key.curve, data))
    public = tmp_path / "public.pem"
    public.write_bytes(openssl("pkey", "-engine", "gost", "-in", str(key_file), "-pubout"))
    verify = ("-verify", str(public), "-signature", str(tmp_path / "signature"))
    assert b"Verified OK" in openssl("dgst", "-engine", "gost", "-md_gost12_256", *verify, data=data)


@needs_gost_engine
@pytest.mark.parametrize("size", [0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 1000, 1024])
def test_the_hash_is_openssls_at_every_edge_of_a_block(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    theirs = openssl("dgst", "-engine", "gost", "-md_gost12_256", "-binary", data=data)
    assert arithmetic.digest(data) == theirs


@needs_gost_engine
def test_openssl_believes_a_certificate_made_here(tmp_path: Path) -> None:
    der = new_pair("GOST", "DIARY77").certificate
    file = tmp_path / "certificate.pem"
    file.write_bytes(openssl("x509", "-engine", "gost", "-inform", "DER", data=der))
    said = openssl("verify", "-engine", "gost", "-check_ss_sig", "-CAfile", str(file), str(file))
    assert said.endswith(b": OK\n")


def test_the_hash_is_that_of_the_standard() -> None:
    """GOST R 34.11-2012, annex A, first message, 256 bits; the standard prints bytes in reverse."""
    message = b"012345678901234567890123456789012345678901234567890123456789012"
    expected = "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"
    assert arithmetic.digest(message).hex() == expected


@settings(max_examples=20)
@given(st.sampled_from(sorted(arithmetic.CURVES)), st.binary(max_size=200), st.integers(0, 511))
def test_any_flipped_bit_of_a_signature_is_refused(curve: str, data: bytes, bit: int) -> None:
    key = GostPrivateKey.generate(curve)
    signature = arithmetic.sign(key.value, curve, data)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    point = key.public().point
    assert arithmetic.verify(point, curve, data, signature)
    assert not arithmetic.verify(point, curve, data, bytes(flipped))


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, b"short", bytes(65)])
def test_what_is_no_signature_is_refused_quietly(signature: bytes) -> None:
    key = GostPrivateKey.generate()
    assert not arithmetic.verify(key.public().point, key.curve, b"data", signature)


def test_a_point_off_the_curve_is_no_key() -> None:
    """An invalid-curve key would let a forger choose an easy group."""
    key = GostPrivateKey.generate()
    point = bytearray(key.public().point)
    point[0] ^= 1
    assert not arithmetic.is_public_key(bytes(point), key.curve)
    with pytest.raises(ValueError, match="not a point"):
        GostPublicKey.of_info(GostPublicKey(key.curve, bytes(point)).info())


def test_a_point_outside_the_subgroup_of_prime_order_is_no_key() -> None:
    """Set A has four times as many points as its subgroup: of the first forty, some are no keys."""
    curve = "1.2.643.7.1.2.1.1.1"
    known = gostsignature.CURVES_R_1323565_1_024_2019[arithmetic.CURVES[curve]]
    prime = known["p"]  # 3 modulo 4, so that a root is a power
    squares = [(x, (x**3 + known["a"] * x + known["b"]) % prime) for x in range(1, 41)]
    points = [(x, root) for x, y in squares if pow(root := pow(y, (prime + 1) // 4, prime), 2, prime) == y]
    usable = [
        arithmetic.is_public_key(x.to_bytes(32, "little") + y.to_bytes(32, "little"), curve)
        for x, y in points
    ]
    assert set(usable) == {True, False}


@pytest.mark.parametrize("x", [0, 2**256 - 1])
def test_a_coordinate_out_of_range_is_no_key(x: int) -> None:
    """Where a coordinate is 0 the library would put its base point: a key that everybody has."""
    point = x.to_bytes(32, "little") + (1).to_bytes(32, "little")
    assert not arithmetic.is_public_key(point, "1.2.643.7.1.2.1.1.4")


@pytest.mark.parametrize("value", [bytes(32), b"\xff" * 32, b"short"])
def test_a_number_out_of_range_signs_nothing(value: bytes) -> None:
    with pytest.raises(ValueError, match="private key"):
        arithmetic.sign(value, "1.2.643.7.1.2.1.1.1", b"data")


def test_a_private_key_is_not_printed() -> None:
    key = GostPrivateKey.generate()
    assert key.value.hex() not in repr(key)
    assert repr(key.value) not in repr(key)


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"]
)
def test_what_is_no_gost_key_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        GostPrivateKey.of_file(data)
    with pytest.raises(ValueError, match=r"."):
        Certificate.read(data)


def test_an_rsa_key_is_no_gost_key() -> None:
    pair = new_pair("RSA", "x")
    with pytest.raises(ValueError, match="not a GOST"):
        GostPrivateKey.of_file(pair.key)
    assert Certificate.read(pair.certificate).algorithm == "RS256"
