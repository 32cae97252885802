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

Run as a script, this file serves the same functions over its standard input and output (see `serve`);
it therefore imports nothing but ``gostcrypto``. Nothing here is constant-time: a stand and verification
may use it, an operator signs with OpenSSL's engine or a certified tool.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import IO, Final

from gostcrypto import gostsignature
from gostcrypto.gosthash import gost_34_11_2012

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

_Point = tuple[int, int, int]


class _Curve(gostsignature.GOST34102012):  # type: ignore[misc]  # gostcrypto carries no types
    """The library's curve with a faster way to multiply a point.

    The library divides at every addition; projective coordinates divide once at the end, which makes
    a signature about ten times cheaper. Its results are the same points, so all else stays the library's.
    """

    def _mul_point(self, mul_value: int, x_op: int = -1, y_op: int = -1) -> tuple[int, int]:
        x, y = (x_op, y_op) if x_op > 0 and y_op > 0 else (self._x, self._y)
        prime: int = self._p
        total: _Point = (0, 1, 0)
        for bit in f"{mul_value % self._q:b}":
            total = _double(total, self._a, prime)
            if bit == "1":
                total = _add(total, (x, y), self._a, prime)
        if total[2] == 0:
            return 0, 0
        inverse = pow(total[2], -1, prime)
        square = inverse * inverse % prime
        return total[0] * square % prime, total[1] * square * inverse % prime

    @property
    def order(self) -> int:
        """How many points the subgroup has; a private key is below it."""
        return int(self._q)

    def holds(self, x: int, y: int) -> bool:
        """Whether the point lies on the curve and in its subgroup of prime order."""
        prime: int = self._p
        if not (0 < x < prime and 0 < y < prime):
            return False
        if (y * y - x * x * x - self._a * x - self._b) % prime:
            return False
        almost = self._mul_point(self._q - 1, x, y)
        return almost == (x, prime - y)


_CONSTANTS = gost_34_11_2012._C  # noqa: SLF001 - tables of the standard; the library has no other name for them
_ROUNDS: Final = tuple(int.from_bytes(constant, "little") for constant in _CONSTANTS)
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7 = gost_34_11_2012._T  # noqa: SLF001 - as above


class _Hash(gost_34_11_2012.GOST34112012):  # type: ignore[misc]  # gostcrypto carries no types
    """The library's hash with its rounds on whole numbers: a third of the time, the same tables."""

    def _hash_g(self, hash_h: bytes, hash_n: bytes, data: bytes) -> bytearray:
        before, count, block = (int.from_bytes(part, "little") for part in (hash_h, hash_n, data))
        key = _lps(before ^ count)
        state = key ^ block
        for constant in _ROUNDS:
            key = _lps(key ^ constant)
            state = _lps(state) ^ key
        return bytearray((state ^ before ^ block).to_bytes(64, "little"))


def _lps(value: int) -> int:
    """Substitution, transposition and the linear map of 512 bits, by the library's tables."""
    b = value.to_bytes(64, "little")
    columns = zip(b[:8], b[8:16], b[16:24], b[24:32], b[32:40], b[40:48], b[48:56], b[56:], strict=True)
    words = [
        _T0[s] ^ _T1[t] ^ _T2[u] ^ _T3[v] ^ _T4[w] ^ _T5[x] ^ _T6[y] ^ _T7[z]
        for s, t, u, v, w, x, y, z in columns
    ]
    return sum(word << (64 * place) for place, word in enumerate(words))


def _double(point: _Point, a: int, prime: int) -> _Point:
    """Twice ``point``, in Jacobian coordinates on y² = x³ + ax + b."""
    x, y, z = point
    if z == 0 or y == 0:
        return 0, 1, 0
    yy = y * y % prime
    s = 4 * x * yy % prime
    zz = z * z % prime
    m = (3 * x * x + a * zz * zz) % prime
    x3 = (m * m - 2 * s) % prime
    return x3, (m * (s - x3) - 8 * yy * yy) % prime, 2 * y * z % prime


def _add(point: _Point, other: tuple[int, int], a: int, prime: int) -> _Point:
    """``point`` plus an affine ``other``."""
    x1, y1, z1 = point
    if z1 == 0:
        return other[0], other[1], 1
    zz = z1 * z1 % prime
    h = (other[0] * zz - x1) % prime
    r = (other[1] * zz * z1 - y1) % prime
    if h == 0:
        return _double(point, a, prime) if r == 0 else (0, 1, 0)
    hh = h * h % prime
    hhh = h * hh % prime
    v = x1 * hh % prime
    x3 = (r * r - hhh - 2 * v) % prime
    return x3, (r * (v - x3) - y1 * hhh) % prime, z1 * h % prime


@lru_cache(maxsize=len(CURVES))
def _curve(oid: str) -> _Curve:
    return _Curve(gostsignature.MODE_256, gostsignature.CURVES_R_1323565_1_024_2019[CURVES[oid]])


def _halves_reversed(key: bytes) -> bytearray:
    return bytearray(key[:32][::-1] + key[32:][::-1])


def digest(data: bytes) -> bytes:
    """GOST R 34.11-2012, 256 bits, of ``data``: 32 bytes as OpenSSL prints them."""
    return bytes(_Hash("streebog256", bytearray(data)).digest())


def sign(private_key: bytes, curve: str, data: bytes) -> bytes:
    """The 64-byte signature of ``data`` by a little-endian ``private_key`` on the curve with this OID.

    Raises:
        KeyError: the curve is not known.
        ValueError: the key has another length or is not below the order of the curve.
    """
    on = _curve(curve)
    number = int.from_bytes(private_key, "little")
    if len(private_key) != PRIVATE_KEY_SIZE or not 0 < number < on.order:
        raise ValueError("not a private key of this curve")
    signature = on.sign(bytearray(private_key[::-1]), bytearray(digest(data)[::-1]))
    return bytes(signature[32:] + signature[:32])


def verify(public_key: bytes, curve: str, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``data`` under ``public_key``; False also for what is no signature."""
    if len(signature) != SIGNATURE_SIZE or not is_public_key(public_key, curve):
        return False
    ordered = bytearray(signature[32:] + signature[:32])
    return bool(_curve(curve).verify(_halves_reversed(public_key), bytearray(digest(data)[::-1]), ordered))


@lru_cache(maxsize=256)  # asked again for each signature of the same few certificates
def is_public_key(public_key: bytes, curve: str) -> bool:
    """Whether these 64 bytes are a usable point of the curve with this OID."""
    if curve not in CURVES or len(public_key) != PUBLIC_KEY_SIZE:
        return False
    x, y = (int.from_bytes(half, "little") for half in (public_key[:32], public_key[32:]))
    return _curve(curve).holds(x, y)


def public_key(private_key: bytes, curve: str) -> bytes:
    """The 64 public bytes that belong to ``private_key``."""
    generated = _curve(curve).public_key_generate(bytearray(private_key[::-1]))
    return bytes(_halves_reversed(bytes(generated)))


def new_private_key(curve: str) -> bytes:
    """A fresh private key, 32 bytes little-endian, from the system's random source."""
    order = _curve(curve).order
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
