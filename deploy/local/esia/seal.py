"""The stand's own signature under codes and tokens, and the keys it is made with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.esia.keys import Kind, PairFiles, ensure_pair, new_pair, write_pair
from deploy.local.esia.refusals import Refusal
from services.identity.esia import base64url
from services.identity.esia.gost.keys import GostPrivateKey
from services.identity.esia.gost.process import GostBusy, GostProcess

Sort = Literal["access", "authorization_code", "id", "refresh"]

_ALGORITHM: Final = {"RS256": "RS256", "GOST": "GOST3410_2012_256"}
_OWNER: Final = "ESIA stand-in"


class Seal:
    """Signs what the stand gives out.

    Args:
        folder: keeps ``esia-rsa.key``, ``esia-gost.key`` and their certificates; made when missing.
    """

    def __init__(self, folder: Path, gost: GostProcess) -> None:
        self._folder = folder
        self._gost = gost
        self._files: dict[Kind, PairFiles] = {
            "RSA": ensure_pair(folder, "esia-rsa", "RSA", _OWNER),
            "GOST": ensure_pair(folder, "esia-gost", "GOST", _OWNER),
        }
        self._load()

    async def signed(
        self, sort: Sort, claims: Mapping[str, object], algorithm: Literal["RS256", "GOST"]
    ) -> str:
        """A JWS with ESIA's header. Raises `Refusal` (007008) when too many signatures wait."""
        header = {"ver": 1, "typ": "JWT", "sbt": sort, "alg": _ALGORITHM[algorithm]}
        head, body = (base64url.encode(_json(part)) for part in (header, claims))
        text = f"{head}.{body}"
        if algorithm == "RS256":
            signature = self._rsa.sign(text.encode(), PKCS1v15(), SHA256())
        else:
            try:
                signature = await self._gost.sign(self._gost_key.value, self._gost_key.curve, text.encode())
            except GostBusy:
                raise Refusal("007008") from None
        return f"{text}.{base64url.encode(signature)}"

    def rotate(self) -> None:
        """Sign with new keys from now on. The old certificates stay in the zip, as ESIA leaves them."""
        for kind, files in self._files.items():
            old = sorted(self._folder.glob(f"{files.certificate.stem}-old*.cer"))
            files.certificate.rename(self._folder / f"{files.certificate.stem}-old{len(old) + 1}.cer")
            write_pair(files, new_pair(kind, _OWNER))
        self._load()

    def certificates(self) -> dict[str, bytes]:
        """Every certificate to be downloaded, DER by file name."""
        return {file.name: file.read_bytes() for file in sorted(self._folder.glob("esia-*.cer"))}

    def certificates_zip(self) -> bytes:
        """The same as one archive."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, der in self.certificates().items():
                archive.writestr(name, der)
        return packed.getvalue()

    def _load(self) -> None:
        rsa = load_pem_private_key(self._files["RSA"].key.read_bytes(), password=None)
        if not isinstance(rsa, RSAPrivateKey):
            raise TypeError(f"{self._files['RSA'].key.name} is no RSA key")
        self._rsa = rsa
        self._gost_key = GostPrivateKey.of_file(self._files["GOST"].key.read_bytes())


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
