"""Is this request signed by the system it names? ``client_secret`` and ``client_certificate_hash``."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from deploy.local.esia.refusals import Refusal
from deploy.local.esia.systems import Registry, System
from services.identity.esia import base64url
from services.identity.esia.certificates import Certificate
from services.identity.esia.gost.keys import GostPublicKey
from services.identity.esia.gost.process import GostProcess


async def require_signature(
    registry: Registry, system: System, *, secret: str, hashed: str, data: bytes, gost: GostProcess
) -> None:
    """Refuse what is not signed, raw, over ``data`` by the certificate that ``hashed`` names.

    Raises:
        Refusal: 007005 when the system has no certificate at all, 007002 when the hash is that of another
            system's certificate, 007053 when hash, encoding, string or signature are wrong.
    """
    certificate = named_certificate(registry, system, hashed)
    try:
        signature = base64url.decode_any(secret)
    except ValueError:
        raise Refusal("007053") from None
    if not await is_signed(certificate, data, signature, gost):
        raise Refusal("007053")


def named_certificate(registry: Registry, system: System, hashed: str) -> Certificate:
    """The certificate of ``system`` with this hash. Raises as `require_signature`."""
    if not system.trusted:
        raise Refusal("007005")
    certificate = system.trusted.get(hashed.upper())
    if certificate is not None:
        return certificate
    if any(hashed.upper() in other.trusted for other in registry.systems):
        raise Refusal("007002")
    raise Refusal("007053")


async def is_signed(certificate: Certificate, data: bytes, signature: bytes, gost: GostProcess) -> bool:
    """Whether ``signature`` is a raw one of ``data``: GOST s ‖ r, or RSA (PKCS #1 v1.5, SHA-256)."""
    match certificate.key:
        case GostPublicKey(curve=curve, point=point):
            return await gost.verify(point, curve, data, signature)
        case RSAPublicKey() as rsa:
            try:
                rsa.verify(signature, data, PKCS1v15(), SHA256())
            except InvalidSignature:
                return False
            return True
