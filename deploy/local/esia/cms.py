"""CMS signatures of the first version: detached or attached, with or without signed attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from asn1crypto import cms
from cryptography.hazmat.primitives import hashes

from services.identity.esia.certificates import Certificate
from services.identity.esia.gost.keys import DIGEST_256
from services.identity.esia.gost.process import GostProcess

_RSA_DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}


async def is_signed(
    certificates: Iterable[Certificate], data: bytes, signature: bytes, gost: GostProcess
) -> bool:
    """Whether ``signature`` is a CMS SignedData (DER) of ``data`` by one of ``certificates``.

    Its chain and the certificates inside it are not looked at: only registered ones count. An attached
    content must be the very ``data``.
    """
    try:
        outer = cms.ContentInfo.load(signature, strict=True)
        if outer["content_type"].native != "signed_data":
            return False
        inside = outer["content"]["encap_content_info"]["content"].native
        signers = list(outer["content"]["signer_infos"])
        if inside not in {None, data} or len(signers) != 1:
            return False
        digest_oid = signers[0]["digest_algorithm"]["algorithm"].dotted
        raw = signers[0]["signature"].native
        attributes = signers[0]["signed_attrs"]
        stated = _message_digest(attributes)
        signed = attributes.untag().dump() if stated is not None else data
    except (ValueError, TypeError, KeyError):
        return False
    if stated is not None and stated != await _digest(digest_oid, data, gost):
        return False
    if digest_oid not in {DIGEST_256, *_RSA_DIGESTS}:
        return False
    for certificate in certificates:
        fits = (certificate.algorithm == "RS256") == (digest_oid in _RSA_DIGESTS)
        if fits and await certificate.signed(signed, raw, gost, _RSA_DIGESTS.get(digest_oid)):
            return True
    return False


def _message_digest(attributes: cms.CMSAttributes) -> bytes | None:
    """The digest among the signed attributes; None when there are no signed attributes at all."""
    if attributes.native is None:
        return None
    found = [
        attribute["values"][0].native
        for attribute in attributes
        if attribute["type"].native == "message_digest"
    ]
    if len(found) != 1:
        raise ValueError("signed attributes without one message digest")
    return bytes(found[0])


async def _digest(oid: str, data: bytes, gost: GostProcess) -> bytes | None:
    if oid == DIGEST_256:
        return await gost.digest(data)
    if oid not in _RSA_DIGESTS:
        return None
    counted = hashes.Hash(_RSA_DIGESTS[oid])
    counted.update(data)
    return counted.finalize()
