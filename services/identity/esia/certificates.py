"""X.509 certificates: a client system's own, and those of ESIA that are trusted to sign tokens."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from asn1crypto import pem, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from services.identity.esia.gost.keys import KEY_256, Algorithm, GostPublicKey, PublicKeyInfo
from services.identity.esia.gost.process import GostProcess

TokenAlgorithm = Literal["RS256", "GOST3410_2012_256"]

_SUFFIXES: Final = {".cer", ".crt", ".der", ".pem"}
_LEAST_RSA_BITS: Final = 2048  # NIST SP 800-131A


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, read as far as signing and verifying need it; no chain is built.

    ESIA publishes its certificates, so trust is in the file an operator put there and in nothing else.
    """

    der: bytes
    subject: str
    not_before: datetime
    not_after: datetime
    key: RSAPublicKey | GostPublicKey

    @classmethod
    def read(cls, data: bytes) -> Certificate:
        """Read PEM or DER. Raises `ValueError` for anything but one certificate with an RSA or GOST key."""
        if pem.detect(data):
            kind, _, data = pem.unarmor(data)
            if kind != "CERTIFICATE":
                raise ValueError(f"a PEM block {kind!r} where a CERTIFICATE is needed")
        try:
            parsed = x509.Certificate.load(data, strict=True)
            body = parsed["tbs_certificate"]
            validity = body["validity"]
            return cls(
                der=data,
                subject=body["subject"].human_friendly,
                not_before=validity["not_before"].native,
                not_after=validity["not_after"].native,
                key=_public_key(body["subject_public_key_info"].dump()),
            )
        except (TypeError, KeyError, AttributeError) as broken:
            raise ValueError("not a certificate that can be read") from broken

    @property
    def algorithm(self) -> TokenAlgorithm:
        """The one algorithm its key signs tokens with."""
        return "GOST3410_2012_256" if isinstance(self.key, GostPublicKey) else "RS256"

    async def signed(
        self, data: bytes, signature: bytes, gost: GostProcess, digest: HashAlgorithm | None = None
    ) -> bool:
        """Whether ``signature`` is a raw one of ``data`` by this key.

        GOST: s ‖ r. RSA: RSASSA-PKCS1-v1_5 with ``digest``, SHA-256 unless told.

        Raises:
            GostBusy: too much waits for the GOST process.
        """
        match self.key:
            case GostPublicKey(curve=curve, point=point):
                return await gost.verify(point, curve, data, signature)
            case RSAPublicKey() as rsa:
                try:
                    rsa.verify(signature, data, PKCS1v15(), digest or SHA256())
                except InvalidSignature:
                    return False
                return True

    def holds_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies between its dates."""
        return self.not_before <= moment <= self.not_after


def _public_key(info: bytes) -> RSAPublicKey | GostPublicKey:
    algorithm: Algorithm = PublicKeyInfo.load(info)["algorithm"]
    if algorithm["algorithm"].dotted == KEY_256:
        return GostPublicKey.of_info(info)
    key = load_der_public_key(info)
    if isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        return key
    raise ValueError(f"neither a GOST key of 256 bits nor an RSA key of {_LEAST_RSA_BITS} or more")


class TrustedCertificates:
    """The certificates in one folder, read again when a file in it changes.

    ESIA changes its keys about once a year and hands the certificates out as a zip: several are trusted
    at once, and a new one counts a moment after its file (or the zip itself) was put into the folder.

    Args:
        folder: holds ``.cer``, ``.crt``, ``.der``, ``.pem`` or ``.zip`` files.
        every: seconds between two looks at the folder.
    """

    def __init__(self, folder: Path, *, every: float = 1.0) -> None:
        self._folder = folder
        self._every = every
        self._looked = float("-inf")
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._certificates: tuple[Certificate, ...] = ()
        self._problems: dict[str, str] = {}

    def all(self) -> tuple[Certificate, ...]:
        """What is trusted now; empty when the folder is missing or holds nothing readable."""
        now = time.monotonic()
        if now - self._looked >= self._every:
            self._looked = now
            self._look()
        return self._certificates

    def problems(self) -> dict[str, str]:
        """Files that could not be read, by name, each with the reason. One bad file spoils no other."""
        self.all()
        return dict(self._problems)

    def _look(self) -> None:
        files = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        wanted = [file for file in files if file.suffix.lower() in _SUFFIXES | {".zip"}]
        stats = [(file, file.stat()) for file in wanted]
        seen = tuple((file.name, stat.st_mtime_ns, stat.st_size) for file, stat in stats)
        if seen == self._seen:
            return
        found: dict[bytes, Certificate] = {}
        problems: dict[str, str] = {}
        for file in wanted:
            try:
                for data in _contents(file):
                    certificate = Certificate.read(data)
                    found[certificate.der] = certificate
            except (OSError, ValueError, zipfile.BadZipFile) as broken:
                problems[file.name] = str(broken)
        self._seen, self._certificates, self._problems = seen, tuple(found.values()), problems


def _contents(file: Path) -> Iterator[bytes]:
    if file.suffix.lower() != ".zip":
        yield file.read_bytes()
        return
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if Path(entry.filename).suffix.lower() in _SUFFIXES:
                yield archive.read(entry)
