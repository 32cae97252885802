"""Who signs a client system's requests: one Protocol, several technologies.

New systems may no longer connect with signing code of their own, so an operator's signature comes from
OpenSSL's gost engine, CryptoPro, an HSM or a remote signer; the built-in ones serve stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from services.identity.esia.certificates import Certificate
from services.identity.esia.errors import EsiaSignerFailed
from services.identity.esia.gost.process import GostProcess
from services.identity.esia.settings import EsiaSettings
from services.identity.esia.signers.command import CommandSigner, openssl_command
from services.identity.esia.signers.gost import GostSigner
from services.identity.esia.signers.rsa import RsaSigner


class Signer(Protocol):
    """Signs what a request is made of."""

    certificate_hash: str
    """``client_certificate_hash``: GOST R 34.11-2012 (256) of the certificate's DER, 64 upper-case hex."""

    async def sign(self, data: bytes) -> bytes:
        """The raw signature of ``data``, in the order of the wire. Raises `EsiaSignerFailed`."""
        ...


async def certificate_hash(certificate: Certificate, gost: GostProcess) -> str:
    """``client_certificate_hash`` of a certificate: of its DER, never of the PEM around it."""
    return (await gost.digest(certificate.der)).hex().upper()


async def signer_of(settings: EsiaSettings, gost: GostProcess) -> Signer:
    """The signer that the settings name, with its key read.

    Raises:
        EsiaSignerFailed: a file is missing or unreadable, or the key is not that of the certificate.
    """
    try:
        certificate = Certificate.read(settings.certificate_file.read_bytes())
        hashed = (settings.certificate_hash or await certificate_hash(certificate, gost)).upper()
        if settings.signer == "command":
            return CommandSigner(settings.sign_command, hashed, order=settings.signature_order)
        key_file = settings.key_file or Path()
        key = key_file.read_bytes()
        if settings.signer == "openssl":
            return CommandSigner(openssl_command(settings.openssl, key_file), hashed)
        if settings.signer == "rsa":
            return RsaSigner.of_files(key, certificate, hashed)
        return GostSigner.of_files(key, certificate, hashed, gost)
    except (OSError, ValueError) as broken:
        raise EsiaSignerFailed(detail=str(broken)) from broken
