"""Keys and self-signed certificates for a stand: GOST or RSA, for a client system or for ESIA itself."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from asn1crypto import core, x509
from asn1crypto import keys as asn1_keys
from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from services.identity.esia.gost import arithmetic
from services.identity.esia.gost.keys import SIGNATURE_256, GostPrivateKey

Kind = Literal["GOST", "RSA"]

_RSA_BITS: Final = 2048
_LIFE: Final = timedelta(days=825)
TC26_A: Final = "1.2.643.7.1.2.1.1.1"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An unencrypted PKCS #8 key (PEM) and its self-signed certificate (DER)."""

    key: bytes = field(repr=False)
    certificate: bytes


@dataclass(frozen=True, slots=True)
class PairFiles:
    """Where a pair lies."""

    key: Path
    certificate: Path


def new_pair(kind: Kind, name: str, *, curve: str = TC26_A, now: datetime | None = None) -> KeyPair:
    """A fresh key and a certificate in the ``name``, valid from a day ago for 825 days."""
    since = (now or datetime.now(UTC)).replace(microsecond=0) - timedelta(days=1)
    return _gost_pair(name, since, curve) if kind == "GOST" else _rsa_pair(name, since)


def ensure_pair(folder: Path, stem: str, kind: Kind, name: str) -> PairFiles:
    """``<stem>.key`` and ``<stem>.cer`` in ``folder``: made at the first call, kept afterwards."""
    files = PairFiles(folder / f"{stem}.key", folder / f"{stem}.cer")
    if not (files.key.exists() and files.certificate.exists()):
        write_pair(files, new_pair(kind, name))
    return files


def write_pair(files: PairFiles, pair: KeyPair) -> None:
    """Write both files, the key readable by its owner alone."""
    files.key.parent.mkdir(parents=True, exist_ok=True)
    files.key.unlink(missing_ok=True)
    with os.fdopen(os.open(files.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pair.key)
    files.certificate.write_bytes(pair.certificate)


def _gost_pair(name: str, since: datetime, curve: str) -> KeyPair:
    key = GostPrivateKey.generate(curve)
    # X.509 with GOST R 34.10-2012: RFC 9215. The parameters of the signature's algorithm are absent.
    algorithm = {"algorithm": SIGNATURE_256}
    whom = x509.Name.build({"common_name": name})
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": secrets.randbits(120),
            "signature": algorithm,
            "issuer": whom,
            "validity": {"not_before": _time(since), "not_after": _time(since + _LIFE)},
            "subject": whom,
            "subject_public_key_info": asn1_keys.PublicKeyInfo.load(key.public().info()),
        }
    )
    signature = arithmetic.sign(key.value, curve, body.dump())
    certificate = x509.Certificate(
        {
            "tbs_certificate": body,
            "signature_algorithm": algorithm,
            "signature_value": core.OctetBitString(signature).native,
        }
    )
    return KeyPair(key.pem(), certificate.dump())


def _time(moment: datetime) -> x509.Time:
    return x509.Time({"utc_time": moment})


def _rsa_pair(name: str, since: datetime) -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    whom = cryptography_x509.Name([cryptography_x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        cryptography_x509.CertificateBuilder()
        .subject_name(whom)
        .issuer_name(whom)
        .public_key(key.public_key())
        .serial_number(cryptography_x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + _LIFE)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(pem, certificate.public_bytes(serialization.Encoding.DER))
