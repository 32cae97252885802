"""GOST signatures and hashes, with every byte string in the order of the wire.

The wire (ESIA, OpenSSL's gost engine, PKCS #8, X.509) and ``gostcrypto`` disagree about order:

=========== ============================= ======================
bytes       wire                          gostcrypto
=========== ============================= ======================
private key 32, little-endian             32, big-endian
public key  x ‖ y, each little-endian     x ‖ y, each big-endian
digest      as hashed                     reversed
signature   s ‖ r, each 32 big-endian     r ‖ s
=========== ============================= ======================

All computing is ``gostcrypto``'s, by its public functions; here bytes are only put in order and keys looked
at. A signature takes about 30 ms and a verification 60 ms of pure Python: enough for a stand, for a region on
one machine and for ESIA's tokens, in a process of its own (`process`). Faster arithmetic of our own on the
library's private parts was refused. Nothing here is constant-time: an operator signs with OpenSSL's engine
(6 ms) or a certified tool, and where tokens are to be believed faster, ESIA's portal offers RS256 for them.

Run as a script, this file serves the same functions over its standard input and output (see `serve`);
it therefore imports nothing but ``gostcrypto``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import IO, Final, cast

from gostcrypto import gosthash, gostsignature

SIGNATURE_SIZE: Final = 64
PRIVATE_KEY_SIZE: Final = 32
PUBLIC_KEY_SIZE: Final = 64

# Object identifiers of the 256-bit curves (RFC 4357, RFC 7836): one curve goes by several names.
CURVES: Final = {
    "1.2.643.2.2.35.1": "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.2.2.35.2": "id-tc26-gost-3410-2012-256-paramSetC",
    "1.2.643.2.2.35.3": "id-tc26-gost-3410-2012-256-paramSetD",
    "1.2.643.2.2.36.0": "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.2.2.36.1": "id-tc26-gost-3410-2012-256-paramSetD",
    "1.2.643.7.1.2.1.1.1": "id-tc26-gost-3410-2012-256-paramSetA",
    "1.2.643.7.1.2.1.1.2": "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.7.1.2.1.1.3": "id-tc26-gost-3410-2012-256-paramSetC",
    "1.2.643.7.1.2.1.1.4": "id-tc26-gost-3410-2012-256-paramSetD",
}


@lru_cache(maxsize=len(CURVES))
def _curve(oid: str) -> gostsignature.GOST34102012:
    return gostsignature.new(gostsignature.MODE_256, _parameters(oid))


def _parameters(oid: str) -> Mapping[str, int]:
    return cast(Mapping[str, int], gostsignature.CURVES_R_1323565_1_024_2019[CURVES[oid]])


def _halves_reversed(key: bytes) -> bytearray:
    return bytearray(key[:32][::-1] + key[32:][::-1])


def digest(data: bytes) -> bytes:
    """GOST R 34.11-2012, 256 bits, of ``data``: 32 bytes as OpenSSL prints them."""
    return bytes(gosthash.new("streebog256", data=bytearray(data)).digest())


def sign(private_key: bytes, curve: str, data: bytes) -> bytes:
    """The 64-byte signature of ``data`` by a little-endian ``private_key`` on the curve with this OID.

    Raises:
        KeyError: the curve is not known.
        ValueError: the key has another length or is not below the order of the curve.
    """
    number = int.from_bytes(private_key, "little")
    if len(private_key) != PRIVATE_KEY_SIZE or not 0 < number < _parameters(curve)["q"]:
        raise ValueError("not a private key of this curve")
    signature = _curve(curve).sign(bytearray(private_key[::-1]), bytearray(digest(data)[::-1]))
    return bytes(signature[32:] + signature[:32])


def verify(public_key: bytes, curve: str, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``data`` under ``public_key``; False also for what is no signature."""
    if len(signature) != SIGNATURE_SIZE or not is_public_key(public_key, curve):
        return False
    ordered = bytearray(signature[32:] + signature[:32])
    return bool(_curve(curve).verify(_halves_reversed(public_key), bytearray(digest(data)[::-1]), ordered))


@lru_cache(maxsize=256)  # asked again for each signature of the same few certificates
def is_public_key(public_key: bytes, curve: str) -> bool:
    """Whether these 64 bytes are a point of the curve with this OID, in its subgroup of prime order."""
    if curve not in CURVES or len(public_key) != PUBLIC_KEY_SIZE:
        return False
    parameters = _parameters(curve)
    prime, order = parameters["p"], parameters["q"]
    x, y = (int.from_bytes(half, "little") for half in (public_key[:32], public_key[32:]))
    if not (0 < x < prime and 0 < y < prime):  # the library takes its base point where x or y is 0
        return False
    try:
        # The library looks at its base point: with ours in that place it refuses one off the curve.
        around = gostsignature.new(gostsignature.MODE_256, {**parameters, "x": x, "y": y})
    except gostsignature.GOSTSignatureError:
        return False
    almost = around.public_key_generate(bytearray((order - 1).to_bytes(PRIVATE_KEY_SIZE, "big")))
    return bytes(almost) == x.to_bytes(32, "big") + (prime - y).to_bytes(32, "big")


def public_key(private_key: bytes, curve: str) -> bytes:
    """The 64 public bytes that belong to ``private_key``."""
    generated = _curve(curve).public_key_generate(bytearray(private_key[::-1]))
    return bytes(_halves_reversed(bytes(generated)))


def new_private_key(curve: str) -> bytes:
    """A fresh private key, 32 bytes little-endian, from the system's random source."""
    order = _parameters(curve)["q"]
    while True:
        candidate = os.urandom(PRIVATE_KEY_SIZE)
        if 0 < int.from_bytes(candidate, "little") < order:
            return candidate


def _answer(operation: bytes, fields: list[bytes]) -> bytes:
    if operation == b"h":
        return digest(fields[0])
    if operation == b"s":
        return sign(fields[0], fields[1].decode(), fields[2])
    if operation == b"v":
        return bytes([verify(fields[0], fields[1].decode(), fields[2], fields[3])])
    raise ValueError("unknown operation")


def _fields(body: bytes) -> list[bytes]:
    found = []
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        found.append(body[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until the other end is closed, so that this process never outlives its parent.

    A request is a 4-byte length, one letter (``h`` hash, ``s`` sign, ``v`` verify) and fields, each with
    a 4-byte length; an answer is a 4-byte length, ``+`` or ``-``, and the result or the error's name.
    """
    while len(head := requests.read(4)) == 4:
        body = requests.read(int.from_bytes(head, "big"))
        try:
            answer = b"+" + _answer(body[:1], _fields(body[1:]))
        except (KeyError, ValueError, gostsignature.GOSTSignatureError) as refused:
            answer = b"-" + type(refused).__name__.encode()
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
