"""Is this request signed by the system it names? ``client_secret`` and ``client_certificate_hash``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deploy.local.esia import cms
from deploy.local.esia.asked import Parameters, Version
from deploy.local.esia.refusals import Refusal
from deploy.local.esia.systems import Registry, System
from services.identity.esia import base64url, requests
from services.identity.esia.certificates import Certificate
from services.identity.esia.gost.process import GostBusy, GostProcess

MANDATORY: Final = {
    "v1": ("client_secret", "state", "timestamp"),
    "v2": ("client_secret", "client_certificate_hash", "state", "timestamp"),
}


async def require_signature(
    registry: Registry,
    system: System,
    parameters: Parameters,
    *,
    version: Version,
    gost: GostProcess,
    code: str = "",
) -> None:
    """Refuse a request that its system did not sign in the way of this version.

    Raises:
        Refusal: 007005 when the system has no certificate at all, 007002 when the hash is that of another
            system's certificate, 007053 when hash, encoding, string or signature are wrong, 007008 when
            too many signatures wait.
    """
    try:
        secret = base64url.decode_any(parameters["client_secret"])
    except ValueError:
        raise Refusal("007053") from None
    try:
        if version == "v1":
            signed = await cms.is_signed(_trusted(system).values(), _string_v1(parameters), secret, gost)
        else:
            certificate = named_certificate(registry, system, parameters["client_certificate_hash"])
            signed = await certificate.signed(_string_v2(parameters, code), secret, gost)
    except GostBusy:
        raise Refusal("007008") from None
    if not signed:
        raise Refusal("007053")


def _string_v2(parameters: Parameters, code: str) -> bytes:
    return requests.signed_string(
        client_id=parameters["client_id"],
        scope=parameters["scope"],
        scope_org=parameters["scope_org"],
        timestamp=parameters["timestamp"],
        state=parameters["state"],
        redirect_uri=parameters["redirect_uri"],
        code=code,
    )


def _string_v1(parameters: Parameters) -> bytes:
    return requests.signed_string_v1(
        scope=parameters["scope"],
        timestamp=parameters["timestamp"],
        client_id=parameters["client_id"],
        state=parameters["state"],
    )


def _trusted(system: System) -> Mapping[str, Certificate]:
    if not system.trusted:
        raise Refusal("007005")
    return system.trusted


def named_certificate(registry: Registry, system: System, hashed: str) -> Certificate:
    """The certificate of ``system`` with this hash. Raises as `require_signature`."""
    certificate = _trusted(system).get(hashed.upper())
    if certificate is not None:
        return certificate
    if any(hashed.upper() in other.trusted for other in registry.systems):
        raise Refusal("007002")
    raise Refusal("007053")
