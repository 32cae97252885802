"""An operator's self-test of a connection to ESIA: line by line, each with what to do when it is not well."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from services.identity.esia.certificates import Certificate, TrustedCertificates
from services.identity.esia.client import EsiaClient, connect
from services.identity.esia.errors import EsiaCodeRejected, EsiaError, error_of
from services.identity.esia.gost.process import GostProcess
from services.identity.esia.settings import EsiaSettings
from services.identity.esia.signers import certificate_hash, signer_of

Verdict = Literal["well", "mind", "wrong"]

_SOON: Final = timedelta(days=30)  # a certificate that ends within a month is worth a line
_CLOCK_TO_MIND: Final = 5.0  # seconds; NTP keeps a clock within a fraction of one
_CODE: Final = re.compile(r"ESIA-\d{6}[^<\n]{0,200}")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at; ``remedy`` is empty when it is well."""

    verdict: Verdict
    what: str
    remedy: str = ""


async def check(settings: EsiaSettings) -> AsyncIterator[Line]:
    """Look at the certificate, the signer, ESIA's certificates, the clock, and send signed requests.

    No person signs in and nothing is changed at ESIA. Stops early where the rest could not be looked at.
    """
    try:
        certificate = Certificate.read(settings.certificate_file.read_bytes())
    except (OSError, ValueError) as broken:
        yield Line("wrong", f"certificate: {broken}", "Set certificate_file to the registered certificate.")
        return
    yield _dates("certificate", certificate)
    async with GostProcess() as gost:
        yield await _hash(settings, certificate, gost)
        signature = await _signature(settings, certificate, gost)
    yield signature
    for line in _trusted(settings):
        yield line
    if signature.verdict == "wrong":
        return
    async with connect(settings.model_copy(update={"watch_every": 0.0})) as client:
        line = await _clock(client)
        yield line
        if line.verdict != "wrong":
            yield await _authorization(client)
            yield await _token(client)


def _dates(what: str, certificate: Certificate) -> Line:
    now = datetime.now(UTC)
    shown = (
        f"{what}: {certificate.subject}, {certificate.algorithm},"
        f" {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
    )
    if not certificate.holds_at(now):
        return Line("wrong", shown, "It is out of date: get a new one and register it at ESIA.")
    if not certificate.holds_at(now + _SOON):
        return Line("mind", shown, "It ends within a month: prepare and register the next one now.")
    return Line("well", shown)


async def _hash(settings: EsiaSettings, certificate: Certificate, gost: GostProcess) -> Line:
    right = await certificate_hash(certificate, gost)
    shown = f"client_certificate_hash: {right}"
    if settings.certificate_hash and settings.certificate_hash.upper() != right:
        remedy = "certificate_hash is set to another value: remove it, or hash the DER by GOST R 34.11-2012."
        return Line("wrong", shown, remedy)
    return Line("well", shown)


async def _signature(settings: EsiaSettings, certificate: Certificate, gost: GostProcess) -> Line:
    data = b"signed by the self-test"
    try:
        signer = await signer_of(settings, gost)
        since = time.perf_counter()
        signature = await signer.sign(data)
    except EsiaError as failed:
        return Line("wrong", f"signer {settings.signer}", failed.operator_sentence())
    shown = f"signer {settings.signer}: {1000 * (time.perf_counter() - since):.0f} ms"
    if await certificate.signed(data, signature, gost):
        return Line("well", shown)
    half = len(signature) // 2
    orders = {
        "reversed as a whole: set signature_order to the other value": signature[::-1],
        "r and s are swapped: let the command write s first": signature[half:] + signature[:half],
    }
    for remedy, other in orders.items():
        if await certificate.signed(data, other, gost):
            return Line("wrong", shown, f"The signature is {remedy}.")
    return Line(
        "wrong", shown, "The signature is not by the certificate's key: the two do not belong together."
    )


def _trusted(settings: EsiaSettings) -> list[Line]:
    trusted = TrustedCertificates(settings.trusted_certificates)
    lines = [_dates("ESIA's certificate", certificate) for certificate in trusted.all()]
    lines += [
        Line("wrong", f"{name}: {reason}", "Remove the file or put a readable certificate there.")
        for name, reason in trusted.problems().items()
    ]
    now = datetime.now(UTC)
    usable = {certificate.algorithm for certificate in trusted.all() if certificate.holds_at(now)}
    if usable.isdisjoint(settings.token_algorithms):
        remedy = "Put ESIA's certificates (a zip from its portal) into trusted_certificates."
        lines.append(Line("wrong", "no valid certificate of ESIA for any of token_algorithms", remedy))
    return lines


async def _clock(client: EsiaClient) -> Line:
    try:
        skew = await client.look()
    except EsiaError as failed:
        return Line("wrong", f"ESIA at {client.settings.base_url}", failed.operator_sentence())
    if skew is None:
        return Line("mind", f"ESIA at {client.settings.base_url} answers without a Date", "Check the clock.")
    shown = f"ESIA at {client.settings.base_url} answers; our clock is {skew:+.0f} s from its own"
    if abs(skew) > _CLOCK_TO_MIND:
        return Line("mind", shown, "Switch time synchronisation (NTP) on: ESIA refuses late requests.")
    return Line("well", shown)


async def _authorization(client: EsiaClient) -> Line:
    shown = "authorisation request (v2/ac)"
    try:
        address = await client.authorization_url(uuid4(), code_verifier=uuid4().hex * 2)
        page = await client.try_address(address)
    except EsiaError as missed:
        return Line("wrong", shown, missed.operator_sentence())
    query = dict(parse_qsl(urlsplit(page.location or "").query))
    told = _CODE.search(query.get("error_description", "") or page.text)
    if "error" in query or told:
        described = query.get("error_description") or (told.group() if told else "")
        failed = error_of(query.get("error", ""), described, skew=page.skew)
        return Line("wrong", shown, failed.operator_sentence())
    return Line("well", f"{shown}: accepted")


async def _token(client: EsiaClient) -> Line:
    """A code that never was: a well-signed request is refused for the code, any other for something else."""
    shown = "token request (v3/te)"
    try:
        await client.exchange(f"self-test-{uuid4()}", code_verifier=uuid4().hex * 2)
    except EsiaCodeRejected:
        return Line("well", f"{shown}: accepted, and the invented code refused, as it should be")
    except EsiaError as failed:
        return Line("wrong", shown, failed.operator_sentence())
    return Line("wrong", shown, "ESIA gave tokens for an invented code: this is no ESIA.")
