"""Built-in RSA signatures, for stands that allow them; the real ESIA accepts GOST alone."""

from __future__ import annotations

from typing import Self

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.identity.esia.certificates import Certificate


class RsaSigner:
    """RSASSA-PKCS1-v1_5 with SHA-256. About a millisecond, outside the interpreter's lock."""

    def __init__(self, key: RSAPrivateKey, certificate_hash: str) -> None:
        self.certificate_hash = certificate_hash
        self._key = key

    @classmethod
    def of_files(cls, key: bytes, certificate: Certificate, hashed: str) -> Self:
        """Read a PEM key. Raises `ValueError` when it cannot be read or is of another certificate."""
        try:
            private = load_pem_private_key(key, password=None)
        except TypeError as encrypted:
            raise ValueError("the key is encrypted") from encrypted
        if not isinstance(private, RSAPrivateKey) or private.public_key() != certificate.key:
            raise ValueError("the key is not that of the certificate")
        return cls(private, hashed)

    async def sign(self, data: bytes) -> bytes:
        """The signature, as long as the key."""
        return self._key.sign(data, PKCS1v15(), SHA256())
