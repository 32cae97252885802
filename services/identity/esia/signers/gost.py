"""Built-in GOST signatures, for stands."""

from __future__ import annotations

from typing import Self

from services.identity.esia.certificates import Certificate
from services.identity.esia.errors import EsiaSignerFailed, EsiaSuspended
from services.identity.esia.gost.keys import GostPrivateKey
from services.identity.esia.gost.process import GostBusy, GostProcess, GostRefused


class GostSigner:
    """GOST R 34.10-2012 computed by the GOST process. Not constant-time: an operator signs elsewhere."""

    def __init__(self, key: GostPrivateKey, certificate_hash: str, gost: GostProcess) -> None:
        self.certificate_hash = certificate_hash
        self._key = key
        self._gost = gost

    @classmethod
    def of_files(cls, key: bytes, certificate: Certificate, hashed: str, gost: GostProcess) -> Self:
        """Read a PKCS #8 key. Raises `ValueError` when it cannot be read or is of another certificate."""
        private = GostPrivateKey.of_file(key)
        if private.public() != certificate.key:
            raise ValueError("the key is not that of the certificate")
        return cls(private, hashed, gost)

    async def sign(self, data: bytes) -> bytes:
        """64 bytes s ‖ r. Raises `EsiaSignerFailed`, or `EsiaSuspended` when too many signatures wait."""
        try:
            return await self._gost.sign(self._key.value, self._key.curve, data)
        except GostBusy as busy:
            raise EsiaSuspended from busy
        except GostRefused as refused:
            raise EsiaSignerFailed(detail="the GOST process refused the key") from refused
