"""GOST keys as files carry them: PKCS #8 private keys and X.509 SubjectPublicKeyInfo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from asn1crypto import core, pem

from services.identity.esia.gost import arithmetic

KEY_256: Final = "1.2.643.7.1.1.1.1"  # GOST R 34.10-2012, 256-bit key
DIGEST_256: Final = "1.2.643.7.1.1.2.2"  # GOST R 34.11-2012, 256 bits
SIGNATURE_256: Final = "1.2.643.7.1.1.3.2"  # the former with the latter


class Parameters(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """GostR3410-2012-PublicKeyParameters (RFC 9215, section 4.1)."""

    _fields = [  # noqa: RUF012 - the library's way to describe a structure
        ("curve", core.ObjectIdentifier),
        ("digest", core.ObjectIdentifier, {"optional": True}),
    ]


class Algorithm(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """AlgorithmIdentifier of a GOST key."""

    _fields = [  # noqa: RUF012 - the library's way to describe a structure
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
    ]


class PublicKeyInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """SubjectPublicKeyInfo; its own class, because asn1crypto's knows no GOST."""

    _fields = [("algorithm", Algorithm), ("public_key", core.OctetBitString)]  # noqa: RUF012 - as above


class PrivateKeyInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """PKCS #8 PrivateKeyInfo."""

    _fields = [  # noqa: RUF012 - the library's way to describe a structure
        ("version", core.Integer),
        ("algorithm", Algorithm),
        ("private_key", core.OctetString),
        ("attributes", core.Any, {"optional": True, "implicit": 0}),
    ]


@dataclass(frozen=True, slots=True)
class GostPublicKey:
    """A point of a 256-bit curve: ``point`` is x ‖ y, each 32 bytes little-endian."""

    curve: str
    point: bytes

    @classmethod
    def of_info(cls, der: bytes) -> GostPublicKey:
        """Read a SubjectPublicKeyInfo. Raises `ValueError` when it is not a usable 256-bit GOST key."""
        info = PublicKeyInfo.load(der)
        curve = _curve_of(info["algorithm"])
        point = core.OctetString.load(info["public_key"].native).native
        if not arithmetic.is_public_key(point, curve):
            raise ValueError("the GOST public key is not a point of its curve")
        return cls(curve, point)

    def info(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        point = core.OctetString(self.point).dump()
        return bytes(PublicKeyInfo({"algorithm": _algorithm(self.curve), "public_key": point}).dump())


@dataclass(frozen=True, slots=True)
class GostPrivateKey:
    """A private key: ``value`` is 32 bytes little-endian and is never printed."""

    curve: str
    value: bytes = field(repr=False)

    @classmethod
    def generate(cls, curve: str = "1.2.643.7.1.2.1.1.1") -> GostPrivateKey:
        """A fresh key on ``curve`` (an OID; parameter set A of TC 26 unless told)."""
        return cls(curve, arithmetic.new_private_key(curve))

    @classmethod
    def of_file(cls, data: bytes) -> GostPrivateKey:
        """Read an unencrypted PKCS #8 key, PEM or DER, as OpenSSL's engine writes it.

        Raises:
            ValueError: not such a key, encrypted, or not below the order of its curve.
        """
        if pem.detect(data):
            kind, _, data = pem.unarmor(data)
            if kind != "PRIVATE KEY":
                raise ValueError(f"a PEM block {kind!r} where an unencrypted PRIVATE KEY is needed")
        info = PrivateKeyInfo.load(data)
        key = cls(_curve_of(info["algorithm"]), _private_value(info["private_key"].native))
        key.public()
        return key

    def public(self) -> GostPublicKey:
        """The public key that belongs to it."""
        return GostPublicKey(self.curve, arithmetic.public_key(self.value, self.curve))

    def pem(self) -> bytes:
        """An unencrypted PKCS #8 PEM that OpenSSL's engine reads."""
        info = PrivateKeyInfo({"version": 0, "algorithm": _algorithm(self.curve), "private_key": self.value})
        return bytes(pem.armor("PRIVATE KEY", info.dump()))


def _private_value(content: bytes) -> bytes:
    """The 32 bytes inside: bare (OpenSSL), in a nested OCTET STRING, or as an INTEGER (big-endian)."""
    if len(content) == arithmetic.PRIVATE_KEY_SIZE:
        return content
    inner = core.load(content)
    if isinstance(inner, core.Integer):
        return bytes(inner.native.to_bytes(arithmetic.PRIVATE_KEY_SIZE, "little"))
    if isinstance(inner, core.OctetString) and len(inner.native) == arithmetic.PRIVATE_KEY_SIZE:
        return bytes(inner.native)
    raise ValueError("the private key is not 32 bytes long")


def _curve_of(algorithm: Algorithm) -> str:
    if algorithm["algorithm"].dotted != KEY_256:
        raise ValueError("not a GOST R 34.10-2012 key of 256 bits")
    curve: str = Parameters.load(algorithm["parameters"].dump())["curve"].dotted
    if curve not in arithmetic.CURVES:
        raise ValueError(f"unknown GOST curve {curve}")
    return curve


def _algorithm(curve: str) -> Algorithm:
    # RFC 9215: the digest is named beside CryptoPro's curves, and left out beside those of TC 26.
    parameters = {"curve": curve}
    if curve.startswith("1.2.643.2."):
        parameters["digest"] = DIGEST_256
    return Algorithm({"algorithm": KEY_256, "parameters": core.Any(Parameters(parameters))})
